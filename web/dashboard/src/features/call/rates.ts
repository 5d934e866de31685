// The rate card of a trunk as a form and as words. Pure: what the API says in, what people write or read out.

import type { Schema } from "@trunkline/api-client";
import { money } from "../../base/figures";

export type RateCard = Schema<"TrunkRateCard">;
type Rate = Schema<"TrunkRate">;

/** A rate as it is written: nothing in `perMinute` says that nobody knows. */
export type RateText = { perMinute: string; steps: string };
export type PrefixText = RateText & { prefix: string };
export type RateValues = { inbound: RateText; outbound: RateText; prefixes: PrefixText[] };

/** Most prefixes of one card. */
export const PREFIXES_MAX = 1_000;
const STEP_MAX = 3_600;
const PER_MINUTE_MAX = 1_000_000_000;

/** "0.006" for 6,000: every decimal that is there. */
export function decimalOf(micros: number): string {
  const text = (micros / 1_000_000).toFixed(6);
  return text.replace(/\.?0+$/, "");
}

/** 6,000 for "0.006"; nothing for what is no price of a minute. */
export function microsOf(text: string): number | undefined {
  const found = /^(\d{1,4})(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (!found) return undefined;
  const micros = Number(found[1]) * 1_000_000 + Number((found[2] ?? "").padEnd(6, "0"));
  return micros <= PER_MINUTE_MAX ? micros : undefined;
}

/** The two steps of "60/6"; nothing for what is none. */
export function stepsOf(text: string): { first_s: number; next_s: number } | undefined {
  const found = /^(\d{1,4})\s*\/\s*(\d{1,4})$/.exec(text.trim());
  const [first_s, next_s] = [Number(found?.[1]), Number(found?.[2])];
  const fits = (s: number) => s >= 1 && s <= STEP_MAX;
  return fits(first_s) && fits(next_s) ? { first_s, next_s } : undefined;
}

const textOf = (rate: Rate | null | undefined): RateText => ({
  perMinute: rate ? decimalOf(rate.per_minute_micros) : "",
  steps: rate ? `${rate.first_s}/${rate.next_s}` : "60/60",
});

export const emptyRow = (): PrefixText => ({ prefix: "", ...textOf(null) });

/** What the form begins with. */
export function ratesOf(card: RateCard | null | undefined): RateValues {
  return {
    inbound: textOf(card?.inbound),
    outbound: textOf(card?.outbound),
    prefixes: (card?.prefixes ?? []).map((each) => ({ prefix: each.prefix, ...textOf(each) })),
  };
}

const priceWords = "Write a price such as 0.006";
const stepWords = "Write two steps in seconds, such as 60/60, 30/6 or 1/1";

/** What is wrong with a rate that may be left out. */
export function rateProblem({ perMinute, steps }: RateText): string | undefined {
  if (!perMinute.trim()) return undefined;
  if (microsOf(perMinute) === undefined) return priceWords;
  return stepsOf(steps) ? undefined : stepWords;
}

/** What is wrong with the row of a prefix; an empty row is left out. */
export function rowProblem(row: PrefixText): string | undefined {
  if (!row.prefix.trim() && !row.perMinute.trim()) return undefined;
  if (!/^\+?[1-9]\d{0,14}$/.test(row.prefix.replace(/\s/g, ""))) {
    return "Write first digits with the country code, such as +1 or +4477";
  }
  if (microsOf(row.perMinute) === undefined) return priceWords;
  return stepsOf(row.steps) ? undefined : stepWords;
}

/** What cannot be sent as it is. */
export function ratesProblems(values: RateValues): Partial<Record<keyof RateValues, string>> {
  const wrong = values.prefixes.findIndex((row) => rowProblem(row));
  const row = values.prefixes[wrong];
  return {
    inbound: rateProblem(values.inbound),
    outbound: rateProblem(values.outbound),
    prefixes: row && `Row ${wrong + 1}: ${rowProblem(row)}`,
  };
}

function rateOf(text: RateText): Rate | null {
  const per_minute_micros = microsOf(text.perMinute);
  const steps = stepsOf(text.steps);
  return per_minute_micros === undefined || !steps ? null : { per_minute_micros, ...steps };
}

/** What is sent; a card without a rate removes the stored one. */
export function cardOf(values: RateValues, currency: string): RateCard {
  const prefixes = values.prefixes.flatMap((row) => {
    const rate = rateOf(row);
    return rate && row.prefix.trim() ? [{ prefix: row.prefix.replace(/\s/g, ""), ...rate }] : [];
  });
  return { currency, inbound: rateOf(values.inbound), outbound: rateOf(values.outbound), prefixes };
}

/** "$0.006 a minute, 60/60": what a rate is in words. */
export function rateWords(rate: Rate | null | undefined, currency: string, decimals?: number): string {
  if (!rate) return "not known";
  return `${money(rate.per_minute_micros, currency, decimals)} a minute, ${rate.first_s}/${rate.next_s}`;
}
