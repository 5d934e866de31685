// Words about who must not be sold, apart from their pages.

type List = { kind: string; used: { role: string; by: string }[]; uses: number };

/** What a carrier must vouch for, from nothing to most. */
export const attestations = [
  { value: "", label: "Any" },
  { value: "gateway", label: "C: where the call came from" },
  { value: "partial", label: "B: the customer" },
  { value: "full", label: "A: the customer and the number" },
];

/** Whether people can be found on a list by their numbers. */
export const holdsNumbers = ({ kind }: Pick<List, "kind">) => kind === "numbers" || kind === "hashes";

const roles: Record<string, (by: string) => string> = {
  do_not_call: (by) => `Do not call, for ${by}`,
  litigators: (by) => `People who sue, for ${by}`,
  terms: (by) => `In the terms of ${by.replace(/^the terms of /, "")}`,
};

const SHOWN = 3;

/** What a list is used for, a line each; how many more there are stands last. */
export function usesOf(list: List): string[] {
  const lines = list.used.slice(0, SHOWN).map(({ role, by }) => roles[role]?.(by) ?? by);
  const more = list.uses - lines.length;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}
