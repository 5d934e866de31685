// The advice on a pool in one sentence, and where its curve runs.

import type { Schema } from "@trunkline/api-client";
import { percent, plural } from "../../base/figures";

export type Advice = Schema<"Advice">;

/** What to do, and what it brings. */
export function advised(advice: Advice): string {
  const of = (numbers: number | null | undefined) => advice.sizes.find((size) => size.numbers === numbers);
  const now = of(advice.size);
  const knee = of(advice.knee);
  const right = (size: { right: number } | undefined) => (size ? percent(size.right) : "a part");
  const without = (size: { overflow: number } | undefined) =>
    size ? ` and leave ${percent(size.overflow)} of the visitors without one` : "";
  switch (advice.proposal) {
    case "grow": {
      const then =
        advice.missing > advice.by
          ? ` now, and look again: ${plural(advice.missing, "number")} are missing in all`
          : "";
      return `Add ${plural(advice.by, "number")}${then}. By the number alone, ${plural(advice.size, "number")} credit ${right(now)} of the calls right${without(now)}; ${advice.knee ?? "more"} would credit ${right(knee)}${without(knee)}.`;
    }
    case "shrink":
      return `${plural(advice.by, "number")} could go: for 60 days ${advice.size - advice.by} would have been enough. Put those into quarantine that were not called.`;
    default:
      if (advice.knee && advice.knee > advice.size)
        return `Enough numbers were added for one month: look again when visitors are shown them. ${advice.knee} would be enough in all.`;
      if (advice.knee && advice.knee < advice.size)
        return `${plural(advice.size, "number")} are more than enough: ${advice.knee} would have done for the last ${advice.days} days. After 60 such days fewer are proposed.`;
      return `${plural(advice.size, "number")} are enough: by the number alone ${right(now)} of the calls are credited right, and twice as many would hardly change that.`;
  }
}

/** What Erlang's formula says, and where the replay says otherwise: the formula knows no crowds. */
export function formulaWords(advice: Advice): string {
  const { numbers_for_5_percent: five, numbers_for_1_percent: one } = advice;
  const formula = "Erlang's formula for telephone lines";
  const replayed = advice.sizes.find((size) => size.numbers === one);
  if (replayed && replayed.overflow > CROWDS_FROM)
    return `If they came one by one, ${plural(one, "number")} would leave 1 visitor in 100 without one (${formula}). Here they come in crowds at times: in the replay ${one} left ${percent(replayed.overflow)} without.`;
  return `With ${plural(five, "number")} 1 visitor in 20 finds none free, with ${one} 1 in 100 (${formula}).`;
}

/** From this share without a number on, where the formula says one in a hundred, the visits come in crowds. */
const CROWDS_FROM = 0.025;

type Frame = { left: number; right: number; top: number; bottom: number };

/** The curve in a frame: sizes on a logarithmic scale, because each doubling is one step of cost. */
export function curve(advice: Advice, frame: Frame) {
  const { sizes } = advice;
  const low = Math.floor(Math.min(...sizes.map((size) => size.right)) * 10) / 10;
  const high = Math.min(1, Math.ceil(Math.max(...sizes.map((size) => size.right), low + 0.1) * 10) / 10);
  const first = Math.log(sizes[0]?.numbers ?? 1);
  const last = Math.log(sizes.at(-1)?.numbers ?? 1);
  const x = (numbers: number) =>
    Math.round(frame.left + ((Math.log(numbers) - first) / (last - first || 1)) * (frame.right - frame.left));
  const y = (right: number) =>
    Math.round(frame.bottom - ((right - low) / (high - low || 1)) * (frame.bottom - frame.top));
  let free = -Infinity;
  const points = sizes.map((size) => {
    const at = x(size.numbers);
    const named = at - free > NAME_WIDTH;
    if (named) free = at;
    return { numbers: size.numbers, right: size.right, x: at, y: y(size.right), named };
  });
  const steps = Math.max(1, Math.round((high - low) * 10));
  const every = Math.ceil(steps / LINES_MAX);
  const lines = [];
  for (let step = 0; step <= steps; step += every) {
    const share = low + step / 10;
    lines.push({ share, y: y(share) });
  }
  return { points, lines, knee: points.find((point) => point.numbers === advice.knee) };
}

/** Room that the name of a size takes. */
const NAME_WIDTH = 28;
const LINES_MAX = 5;
