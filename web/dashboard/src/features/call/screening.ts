// Words of screening: what decided about a call, and what a threshold means. Pure.

import type { Schema } from "@trunkline/api-client";
import type { Tone } from "../../parts/State";

export type Screening = Schema<"Screening">;
export type ScreeningEntry = Schema<"ScreeningEntry">;
export type ScreeningSettings = Schema<"ScreeningSettings">;
export type CallScreening = Schema<"CallScreening">;

export const screeningKey = ["screening"];
export const entriesKey = ["screening", "entries"];

/** What was done with a call, in words, with the shape it carries. */
export function verdictStatus(verdict: string, result: string | null | undefined): { tone: Tone; word: string } {
  if (verdict === "block") return { tone: "bad", word: "Refused" };
  if (verdict !== "challenge") return { tone: "ok", word: "Let through" };
  return result === "blocked"
    ? { tone: "bad", word: "Did not press the key" }
    : { tone: "warn", word: "Asked to press a key" };
}

/** "+40", "−20": points with their sign, a true minus. */
export function points(value: number): string {
  return value < 0 ? `−${-value}` : `+${value}`;
}

export const anonymousChoices = [
  { value: "pass", label: "Score them like others" },
  { value: "challenge", label: "Ask them to press a key" },
  { value: "block", label: "Refuse them" },
];

export const refusalChoices = [
  { value: "by_reason", label: "What fits the reason (607, 433 or 603)" },
  { value: "rejected", label: "608 Rejected" },
  { value: "decline", label: "603 Decline" },
];

/** The signs with their points, as the page explains them. */
export function signRows(settings: ScreeningSettings): { words: string; points: string }[] {
  return [
    { words: "The carrier found the caller's number forged", points: "+60" },
    {
      words: `More than ${settings.numbers_max} of your numbers dialled in ${settings.numbers_minutes} minutes`,
      points: "+40, then +10 each, up to +100",
    },
    { words: "The caller's number lies in no range from which calls come", points: "+40" },
    { words: "The same number dialled again within 2 seconds", points: "+30" },
    { words: "The caller withholds the number", points: "+25" },
    { words: "Nearly all earlier answered calls were over within 6 seconds", points: "+25" },
    { words: `More than ${settings.hourly_calls_max} calls in an hour`, points: "+20, then +2 each, up to +50" },
    { words: "The carrier knows only where the call entered (attestation C)", points: "+15" },
    { words: "No carrier vouches for the caller", points: "+5" },
    { words: "The carrier vouches for the caller (attestation A)", points: "−20" },
  ];
}
