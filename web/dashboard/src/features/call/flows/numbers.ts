// Phone numbers as flow documents write them.

/** "+12145550142" for what a person typed, or nothing when it has no country code and is no North American number. */
export function e164(text: string): string | undefined {
  const trimmed = text.trim();
  if (/[^\d+().\s/-]/.test(trimmed)) return undefined;
  const found = trimmed.replace(/\D/g, "");
  if (trimmed.startsWith("+")) return /^[1-9]\d{6,14}$/.test(found) ? `+${found}` : undefined;
  if (/^1?[2-9]\d{2}[2-9]\d{6}$/.test(found)) return `+1${found.slice(-10)}`;
  return undefined;
}
