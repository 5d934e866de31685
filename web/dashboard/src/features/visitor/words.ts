// Words for what a visitor allowed, and for the rules that name sources.

import type { Schema } from "@trunkline/api-client";

const levels: Record<string, string> = {
  none: "nothing stored",
  memory: "this visit only",
  storage: "remembered",
};

/** The consent of a session in words. */
export function consentWords(level: string): string {
  return levels[level] ?? level;
}

/** "Dallas, TX": where a visitor's network is. */
export function placeWords(state: string, place?: string | null): string {
  return place ? `${place}, ${state}` : state;
}

/** "address has qr = van", "came from partner.example": what one of the owner's rules looks for. */
export function ruleTest(rule: Schema<"SourceRule">): string {
  if (rule.referrer) return `came from ${rule.referrer}`;
  return rule.value ? `address has ${rule.parameter} = ${rule.value}` : `address has ${rule.parameter}`;
}
