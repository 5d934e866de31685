// Figures, percentages, phone numbers and addresses as a person reads them.

const counted = new Intl.NumberFormat("en-US");

/** "1,284" */
export function count(n: number): string {
  return counted.format(n);
}

/** "94%" for 0.94; what is not quite certain never reads 100 %, what is not nothing never 0 %. */
export function percent(share: number): string {
  if (share >= 1) return "100%";
  if (share <= 0) return "0%";
  if (share > 0.99) return ">99%";
  if (share < 0.01) return "<1%";
  return `${Math.round(share * 100)}%`;
}

/** "1 call", "3 calls" */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** "1.8 KB": bytes for people, in steps of 1,000. */
export function bytes(n: number): string {
  if (n < 1_000) return `${n} B`;
  if (n < 1_000_000) return `${(n / 1_000).toFixed(1)} KB`;
  return `${(n / 1_000_000).toFixed(1)} MB`;
}

/** The path of a page's address: "/contact". Whole addresses carry click ids nobody can read. */
export function path(page: string): string {
  try {
    const url = new URL(page, "http://page.invalid");
    return url.pathname;
  } catch {
    return page;
  }
}

/** The path of a page for people: the front page has a name. */
export function pageName(page: string): string {
  const found = path(page);
  return found === "/" ? "Home page (/)" : found;
}

/** The host of an address, or null when it has none. */
export function host(address: string): string | null {
  try {
    return new URL(address).host;
  } catch {
    return null;
  }
}

/** "(312) 555-0123" for a North American E.164 number, otherwise the number itself. */
export function national(e164: string): string {
  const found = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(e164);
  return found ? `(${found[1]}) ${found[2]}-${found[3]}` : e164;
}

/** Digits for comparing: "(214) 555-01" finds "+12145550187". */
export function digits(text: string): string {
  return text.replace(/\D/g, "");
}

/** Reasons as running text: each a sentence of its own. */
export function sentences(reasons: readonly string[]): string {
  return reasons.map((reason) => (/[.!?…][”"’)]?$/.test(reason) ? reason : `${reason}.`)).join(" ");
}

/** Up to two initials for an avatar. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? `${words[0]?.[0] ?? ""}${words[1]?.[0] ?? ""}` : name.slice(0, 2);
  return letters.toUpperCase();
}

/** How many decimals the finest of some amounts in micros has, two at least: with so many they stand under each other. */
export function decimalsOf(amounts: (number | null | undefined)[]): number {
  const places = amounts.map((micros) => /0*$/.exec(String(Math.abs(micros ?? 0) % 1_000_000).padStart(6, "0"))?.index ?? 0);
  return Math.max(2, ...places);
}

/** "$1.15" for 1,150,000 micros of USD: two decimals at least, or so many, and every one that is there. */
export function money(micros: number, currency: string, decimals = 2): string {
  return new Intl.NumberFormat("en-US", {
    style: "currency",
    currency,
    minimumFractionDigits: decimals,
    maximumFractionDigits: 6,
  }).format(micros / 1_000_000);
}
