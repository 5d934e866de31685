// Words and choices about how long recordings of a campaign's calls are kept, apart from their page.

import { plural } from "../../base/figures";
import type { Keep } from "./documents";

/** Longest time of a rule, in days. */
export const KEEP_DAYS_MAX = 3650;

export type KeepChoice = "as_account" | "days" | "for_ever";

export const choiceOf = (keep: Keep): KeepChoice => (typeof keep === "string" ? keep : "days");
export const daysOf = (keep: Keep): number | null => (typeof keep === "string" ? null : keep.days);
export const keepOf = (choice: KeepChoice, days: number | null): Keep => (choice === "days" ? { days: days ?? 0 } : choice);

/** What to write instead of days that cannot be kept to. */
export function keepProblem(choice: KeepChoice, days: number | null): string | undefined {
  if (choice !== "days") return undefined;
  const fine = days !== null && Number.isInteger(days) && days >= 1 && days <= KEEP_DAYS_MAX;
  return fine ? undefined : "Write 1 to 3,650 days, or keep them until somebody deletes them";
}

const FOR_EVER = "until somebody deletes them";

/** How long recordings are kept and who says so; `accountDays` is what the account says, 0 for ever. */
export function keepWords(keep: Keep, accountDays: number | undefined): string {
  if (keep === "for_ever") return `${FOR_EVER}, as this campaign says`;
  if (keep !== "as_account") return `${plural(keep.days, "day")}, as this campaign says`;
  if (accountDays === undefined) return "as the account says";
  return `${accountDays ? plural(accountDays, "day") : FOR_EVER}, as the account says`;
}

type Says = { id: string; name: string; recordings: { keep: Keep } };

/** The campaigns that say something else than the account, by name, with how long each keeps recordings of its calls. */
export function ownWords(campaigns: Says[]): { id: string; name: string; kept: string }[] {
  const own = campaigns.flatMap(({ id, name, recordings: { keep } }) => {
    if (keep === "as_account") return [];
    return [{ id, name, kept: keep === "for_ever" ? FOR_EVER : plural(keep.days, "day") }];
  });
  return own.sort((one, other) => one.name.localeCompare(other.name));
}

/** Whether a change lets recordings be deleted that were kept before. */
export function deletesSooner(before: Keep, after: Keep, accountDays: number | undefined): boolean {
  const days = (keep: Keep) => {
    if (keep === "for_ever") return Infinity;
    if (keep !== "as_account") return keep.days || Infinity;
    return accountDays || Infinity;
  };
  return days(after) < days(before);
}
