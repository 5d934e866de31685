// What can be said of an endpoint document before the server looks at it.

/** What keeps an endpoint document from being sent, or nothing. */
export function endpointProblem(text: string): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return text.trim()
      ? `This is not JSON: ${error instanceof Error ? error.message : "it cannot be read"}`
      : "Write how its server is spoken to, or begin from a known shape";
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) return "Write a JSON object, in { and }";
  return undefined;
}

/** Settings of a document that are still empty, by their names. */
export function emptySettings(text: string): string[] {
  try {
    const { settings } = JSON.parse(text) as { settings?: Record<string, unknown> };
    return Object.entries(settings ?? {})
      .filter(([, value]) => value === "")
      .map(([name]) => name);
  } catch {
    return [];
  }
}

export type MailText = { others: string; subject: string; body: string };

/** What a mail says until somebody writes other words: those of the server. */
export const usualMail: MailText = {
  others: "",
  subject: "New lead {lead_id}",
  body: [
    "A new lead came at {created_at}.",
    "",
    "Name: {lead.first_name} {lead.last_name}",
    "Phone: {phone}",
    "E-mail: {lead.email}",
    "ZIP code: {zip}",
    "State: {state}",
    "",
  ].join("\n"),
};

/** Whether a mail says something of its own. */
export function isOwnMail({ others, subject, body }: MailText): boolean {
  return others.trim() !== "" || subject !== usualMail.subject || body !== usualMail.body;
}

/** The stored words of a mail, for the form; the address of the destination itself stands apart. */
export function mailRead(endpoint: Record<string, unknown> | null | undefined, address = ""): MailText {
  if (!endpoint) return usualMail;
  const to = Array.isArray(endpoint.to) ? endpoint.to.map(String) : [];
  return { others: to.filter((each) => each !== address).join(", "), subject: String(endpoint.subject ?? ""), body: String(endpoint.body ?? "") };
}

const SUBJECT_MAX = 200;
const OTHERS_MAX = 9;

const mailboxes = (text: string) => text.split(/[,;\s]+/).filter(Boolean);

export function mailProblems(mail: MailText): Partial<Record<keyof MailText, string>> {
  const others = mailboxes(mail.others);
  const wrong = others.find((each) => !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(each));
  return {
    others: wrong
      ? `${wrong} is no mail address; write one such as leads@example.com`
      : others.length > OTHERS_MAX
        ? `Write at most ${OTHERS_MAX} other mailboxes`
        : undefined,
    subject: !mail.subject.trim()
      ? "Write a subject, such as A lead from {zip}"
      : [...mail.subject].length > SUBJECT_MAX
        ? `Write at most ${SUBJECT_MAX} characters`
        : undefined,
    body: mail.body.trim() ? undefined : "Write what the mail says",
  };
}

/** The document of a mail as it is sent. */
export function mailOf({ address, others, subject, body }: MailText & { address: string }) {
  return { to: [address.trim(), ...mailboxes(others)], subject: subject.trim(), body };
}

/** Names of the secrets that a document needs: in braces anywhere, or as what signs its requests. */
export function secretNames(text: string): string[] {
  const found = new Set<string>();
  const look = (value: unknown, name?: string): void => {
    if (typeof value === "string") {
      if (name === "secret") found.add(value);
      // Of alternatives, `{setting.key|secret.key}`, each may be one.
      for (const [, inside = ""] of value.matchAll(/\{([^{}]*)\}/g))
        for (const [, secret = ""] of inside.matchAll(/(?:^|\|)\s*secret\.([\w-]+)/g)) found.add(secret);
    } else if (Array.isArray(value)) value.forEach((each) => look(each));
    else if (value && typeof value === "object") for (const [key, each] of Object.entries(value)) look(each, key);
  };
  try {
    look(JSON.parse(text));
  } catch {
    // What is being written is no document yet.
  }
  return [...found].sort();
}
