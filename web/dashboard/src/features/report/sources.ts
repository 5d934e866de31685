// The report of sources in words and widths. Pure.

import type { Schema } from "@trunkline/api-client";
import { count } from "../../base/figures";

export type SourceReport = Schema<"SourceReportItem">;
export type SourceRow = Schema<"SourceReportRow">;

export type Period = { value: string; label: string; days: number };

/** The longest is as far as the server adds up at once. */
export const periods: Period[] = [
  { value: "7", label: "7 days", days: 7 },
  { value: "30", label: "30 days", days: 30 },
  { value: "90", label: "90 days", days: 90 },
];

export const models = [
  { value: "last", label: "Last arrival" },
  { value: "first", label: "First arrival" },
  { value: "fifty_fifty", label: "Half first, half last" },
  { value: "w", label: "W: first, lead, qualified" },
  { value: "linear", label: "All arrivals alike" },
  { value: "time_decay", label: "Later arrivals more" },
];

/** What a model counts besides the first and the last arrival. */
export function remark(model: string): string | undefined {
  return model === "w"
    ? "W: the first arrival counts 30%, the last one before the visitor's first call 30%, the last one before the call that was qualified 30%; the others share 10%. Until a call is qualified, that part goes to the last arrival."
    : undefined;
}

/** What "qualified" means here. */
export function qualified(seconds: number): string {
  return `A call is qualified when it was connected for ${count(seconds)} second${seconds === 1 ? "" : "s"} or longer.`;
}

/** "12.4", "1,284": tenths as long as they can matter. */
export function calls(n: number): string {
  if (n >= 100) return count(Math.round(n));
  return n.toFixed(1);
}

/** "10–15", or nothing where the number is certain. */
export function interval(low: number, high: number): string {
  const [from, to] = [Math.floor(low), Math.ceil(high)];
  return high - low < 0.05 ? "" : `${count(from)}–${count(to)}`;
}

export type Bar = { width: number; low: number; high: number };

/** Widths of the bars, in percent of the longest reach. */
export function bars(rows: readonly Pick<SourceRow, "expected" | "low" | "high">[]): Bar[] {
  const most = Math.max(1e-9, ...rows.map((row) => row.high));
  const share = (n: number) => (n / most) * 100;
  return rows.map((row) => ({ width: share(row.expected), low: share(row.low), high: share(row.high) }));
}

/** "4.2": minutes with a tenth. */
export function minutes(seconds: number): string {
  const whole = seconds / 60;
  return whole >= 100 ? count(Math.round(whole)) : whole.toFixed(1);
}
