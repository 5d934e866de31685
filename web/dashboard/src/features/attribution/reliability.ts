// Reliability in words and positions: what was said of calls against what was right. Pure.

import type { Schema } from "@trunkline/api-client";
import { count, percent, plural } from "../../base/figures";

export type Curve = Schema<"ReliabilityCurve">;
export type Reliability = Schema<"Reliability">;
type Bin = Schema<"ReliabilityBin">;

/** "93 %" here always with a number: of a share of calls, "<1%" would say less. */
const rounded = (share: number) => `${Math.round(share * 100)} %`;

/** The bin that most people ask about: of what was said to be nearly certain, how much was right. */
export function topBin(curve: Curve): Bin | undefined {
  return curve.bins.at(-1);
}

/** "Of 40 calls we rated about 93 %, 95 % were right." */
export function plainSentence(curve: Curve): string {
  const top = topBin(curve);
  if (!top) return "";
  if (top.calls === 1) return `The one call so far we rated about ${rounded(top.said)}, and were ${top.right > 0 ? "right" : "wrong"}.`;
  return `Of ${count(top.calls)} calls we rated about ${rounded(top.said)}, ${rounded(top.right)} were right.`;
}

/** "On average what we say is 2 percentage points off." */
export function errorSentence(curve: Curve): string {
  if (curve.error == null) return "";
  const points = curve.error * 100;
  const told = points < 1 ? "less than one percentage point" : plural(Math.round(points), "percentage point");
  return `On average what we say is ${told} off.`;
}

export type Frame = { left: number; top: number; width: number; height: number };
export type Point = { x: number; y: number; r: number; bin: Bin };

/** Where the bins of a curve go; a dot is larger the more calls it holds. */
export function points(curve: Curve, frame: Frame): Point[] {
  const most = Math.max(1, ...curve.bins.map((bin) => bin.calls));
  return curve.bins.map((bin) => ({
    x: frame.left + bin.said * frame.width,
    y: frame.top + (1 - bin.right) * frame.height,
    r: 2.5 + 2.5 * Math.sqrt(bin.calls / most),
    bin,
  }));
}

/** What the model in force is, in a sentence. */
export function modelWords(model: Reliability["model"], labels: number): string {
  if (model.id) return `Learned from ${plural(model.labels, "call")} of this site whose truth became known.`;
  const left = Math.max(0, model.labels_needed - labels);
  if (left === 0) return "There are enough labelled calls for a model of this site. It is made within minutes.";
  return `The model for new sites. ${plural(left, "more call")} with a known truth, and this site gets one of its own.`;
}

/** The moment of the delay curve that is told in words. */
const TOLD_AFTER_MS = 300_000;

/** What the delay curves say five minutes after the number left the screen, for phones and for all else. */
export function delayWords(delays: Reliability["model"]["delays"]): string {
  const at = (device: string) => {
    const curve = delays.find((each) => each.device === device)?.points ?? [];
    return curve.findLast((point) => point.from_ms <= TOLD_AFTER_MS)?.ratio;
  };
  const [phone, desk] = [at("phone"), at("desktop")];
  if (phone === undefined || desk === undefined) return "";
  const times = (ratio: number) => (ratio > 1 ? `${ratio.toFixed(1)} times as likely` : `${percent(ratio)} as likely`);
  return `Five minutes after the number left the screen, a visitor on a phone is ${times(phone)} to call as one who still sees it; on another device ${times(desk)}.`;
}

export const kindWords: Record<string, string> = {
  tap: "from a tap seconds before the call",
  confirmed: "said by a person",
  synthetic: "test calls",
};
