// Whether two JSON values are the same; the order of keys is no difference, nor is a key without a value.

export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  return otherKeys(a, b).length === 0;
}

/** The keys under which two values differ. */
export function otherKeys(a: object, b: object): string[] {
  const [one, two] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...new Set([...Object.keys(one), ...Object.keys(two)])].filter((key) => !sameValue(one[key], two[key]));
}
