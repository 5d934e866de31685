// Opening hours in words and as bars of a week.

import type { Block, Day, Holiday, WeeklyBlock } from "./document";

export const days: { id: Day; short: string; name: string }[] = [
  { id: "mon", short: "Mon", name: "Monday" },
  { id: "tue", short: "Tue", name: "Tuesday" },
  { id: "wed", short: "Wed", name: "Wednesday" },
  { id: "thu", short: "Thu", name: "Thursday" },
  { id: "fri", short: "Fri", name: "Friday" },
  { id: "sat", short: "Sat", name: "Saturday" },
  { id: "sun", short: "Sun", name: "Sunday" },
];

const DAY_MINUTES = 24 * 60;

/** Minutes since midnight, or nothing when it is no time of day. "9" and "9:30" are read too. */
export function minutes(text: string): number | undefined {
  const found = /^(\d{1,2})(?::?(\d{2}))?$/.exec(text.trim());
  const total = found ? Number(found[1]) * 60 + Number(found[2] ?? 0) : NaN;
  return total <= DAY_MINUTES && Number(found?.[2] ?? 0) < 60 ? total : undefined;
}

/** "09:00" as documents write it, or nothing when it is no time of day. */
export function timeOfDay(text: string): string | undefined {
  const total = minutes(text);
  if (total === undefined) return undefined;
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(Math.floor(total / 60))}:${two(total % 60)}`;
}

/** "Mon to Fri" for days in a row, "Mon, Wed" otherwise. */
export function dayWords(chosen: readonly Day[]): string {
  const at = days.map((day) => chosen.includes(day.id));
  const runs: string[] = [];
  for (let from = 0; from < at.length; from++) {
    if (!at[from]) continue;
    let to = from;
    while (at[to + 1]) to++;
    const [first, last] = [days[from]?.short ?? "", days[to]?.short ?? ""];
    runs.push(to === from ? first : to === from + 1 ? `${first}, ${last}` : `${first} to ${last}`);
    from = to;
  }
  return runs.join(", ") || "no day";
}

/** "Mon to Fri 08:00 to 18:00, Sat 09:00 to 13:00" */
export function weekWords(weekly: readonly WeeklyBlock[]): string {
  if (weekly.length === 0) return "never";
  return weekly.map((block) => `${dayWords(block.days)} ${blockWords(block)}`).join(", ");
}

export function blockWords({ from, to }: Block): string {
  if (from === "00:00" && to === "24:00") return "all day";
  return `${from} to ${to}`;
}

export function holidayWords(holiday: Holiday): string {
  return holiday.open.length ? holiday.open.map(blockWords).join(", ") : "closed";
}

/** The open spans of one day, each as shares of the day; a block over midnight reaches into the next one. */
export function spansOf(weekly: readonly WeeklyBlock[], day: Day): { from: number; to: number }[] {
  const at = days.findIndex((each) => each.id === day);
  const before = days[(at + 6) % 7]?.id;
  return weekly.flatMap((block) => {
    const from = (minutes(block.from) ?? 0) / DAY_MINUTES;
    const to = (minutes(block.to) ?? 0) / DAY_MINUTES;
    const over = to <= from;
    const own = block.days.includes(day) ? [{ from, to: over ? 1 : to }] : [];
    const rest = over && before && block.days.includes(before) && to > 0 ? [{ from: 0, to }] : [];
    return [...own, ...rest];
  });
}
