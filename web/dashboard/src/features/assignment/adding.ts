// Adding numbers from a list: what stands on its lines, one request after the other, and what became of each.

import type { Schema } from "@trunkline/api-client";
import { api, Refused, take, words } from "../../api/client";
import { digits } from "../../base/figures";

type Body = Omit<Schema<"TrackingNumberInput">, "number">;
export type Outcome = { added: string[]; refused: { number: string; error: unknown }[] };

/** Numbers added in one go; more belong into an import. */
const LINES_MAX = 100;
/** Fewest digits a number can have. */
const DIGITS_MIN = 7;

export function lines(text: string): string[] {
  return text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter(Boolean)
    .slice(0, LINES_MAX);
}

/** What is wrong with the list before anything is sent. */
export function linesProblem(numbers: string[]): string | undefined {
  if (numbers.some((line) => digits(line).length < DIGITS_MIN))
    return "Write one number a line, such as (469) 555-0161";
  const seen = new Set<string>();
  const twice = numbers.find((line) => {
    const known = seen.has(digits(line));
    seen.add(digits(line));
    return known;
  });
  return twice && `${twice} is twice in your list`;
}

/** Adds one after the other; a refusal of one does not keep the others out, a server out of reach does. */
export async function addAll(numbers: string[], body: Body): Promise<Outcome> {
  const outcome: Outcome = { added: [], refused: [] };
  for (const [i, number] of numbers.entries()) {
    try {
      await take(api.POST("/api/v1/numbers", { body: { ...body, number } }));
      outcome.added.push(number);
    } catch (error) {
      const stops = !(error instanceof Refused) || error.status === 0 || error.status >= 500;
      const left = stops ? numbers.slice(i) : [number];
      outcome.refused.push(...left.map((each) => ({ number: each, error })));
      if (stops) break;
    }
  }
  return outcome;
}

/** "1 added; (469) 555-0200 was not: it is in use already": the refusals, each reason told once. */
export function refusal({ added, refused }: Outcome): unknown {
  if (added.length === 0 && refused.length === 1) return refused[0]?.error;
  const reasons = new Map<string, string[]>();
  for (const { number, error } of refused) {
    const reason = words(error);
    reasons.set(reason, [...(reasons.get(reason) ?? []), number]);
  }
  const told = [...reasons].map(
    ([reason, numbers]) => `${numbers.join(", ")} ${numbers.length === 1 ? "was" : "were"} not: ${reason}`,
  );
  return new Error([added.length ? `${added.length} added` : "None added", ...told].join("; "));
}
