// The fields of a campaign's leads, as the API has them; what this form does not know is kept as it is.

export type FieldType = string | Record<string, unknown>;
export type LeadField = {
  name: string;
  label: string;
  type: FieldType;
  required?: "never" | "post" | "ping";
  personal?: boolean;
} & Record<string, unknown>;
export type LeadTerms = { buyers_max?: number; consent?: { needs?: string } & Record<string, unknown> } & Record<string, unknown>;

/** Types that are a word; those with settings of their own are begun with none. */
export const fieldTypes: { value: string; label: string; fresh?: FieldType }[] = [
  { value: "text", label: "Text" },
  { value: "phone", label: "Phone number" },
  { value: "email", label: "E-mail address" },
  { value: "zip", label: "ZIP code" },
  { value: "state", label: "State" },
  { value: "country", label: "Country" },
  { value: "yes_no", label: "Yes or no" },
  { value: "number", label: "Number", fresh: { number: {} } },
  { value: "money", label: "Amount", fresh: { money: {} } },
  { value: "date", label: "Date", fresh: { date: {} } },
  { value: "url", label: "Web address" },
  { value: "ip", label: "Internet address" },
  { value: "sha256", label: "SHA-256 hash" },
  { value: "consent_text", label: "Words of consent" },
  { value: "certificate", label: "Certificate of consent" },
  { value: "sellers", label: "Sellers consented to" },
];

/** The word of a type: `number` for `{"number": {"min": 18}}`. */
export function typeWord(type: FieldType): string {
  return typeof type === "string" ? type : (Object.keys(type)[0] ?? "");
}

/** Another type; the settings of the same one stay. */
export function withType(field: LeadField, word: string): LeadField {
  if (word === typeWord(field.type)) return field;
  const fresh = fieldTypes.find((each) => each.value === word)?.fresh ?? word;
  // What belongs to texts alone would be refused beside another type.
  const { normaliser: _, pattern: __, max_length: ___, ...rest } = field;
  return { ...rest, name: field.name, label: field.label, type: fresh };
}

/** A name as partners send it, from what people call it. */
export function nameFrom(label: string): string {
  return label
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
}

export const usualFields: LeadField[] = [
  { name: "phone", label: "Phone", type: "phone", required: "post" },
  { name: "email", label: "E-mail", type: "email" },
  { name: "first_name", label: "First name", type: "text", personal: true },
  { name: "last_name", label: "Last name", type: "text", personal: true },
  { name: "zip", label: "ZIP code", type: "zip", required: "ping" },
  { name: "consent_text", label: "Consent", type: "consent_text" },
];

const FIELDS_MAX = 100;

/** What keeps the fields from being sent, or nothing. */
export function fieldsProblem(fields: readonly LeadField[]): string | undefined {
  const names = new Set<string>();
  for (const field of fields) {
    if (!field.label.trim()) return "Each field needs a name for people";
    if (!/^[a-z0-9_]+$/.test(field.name))
      return `${field.label}: write a name such as first_name, in small letters, digits and _`;
    if (names.has(field.name)) return `${field.name} is there twice`;
    names.add(field.name);
  }
  if (fields.length > FIELDS_MAX) return `At most ${FIELDS_MAX} fields`;
  if (fields.length && !fields.some((field) => field.type === "phone" || field.type === "email"))
    return "Add a phone number or an e-mail address: nobody could be reached otherwise";
  return undefined;
}

export const consentNeeds = [
  { value: "nothing", label: "Nothing" },
  { value: "any", label: "Any proof" },
  { value: "own_record", label: "A record of our own" },
  { value: "certificate", label: "A certificate" },
  { value: "trusted_form", label: "A TrustedForm certificate" },
  { value: "leadid", label: "A LeadiD token" },
];

export const whenWords = { never: "May be left out", post: "In the post", ping: "In ping and post" } as const;
