// Where the marks, labels and cuts of a timeline go. Pure: marks and a width in, positions out.

import type { Schema } from "@trunkline/api-client";
import { clock, clockMinutes, day, dayKey, span } from "../../base/time";

export type Mark = Schema<"TimelineMark">;

/** Room a mark needs so that its label, above or below by turns, can be read. */
const MARK_ROOM = 60;
/** A wait in the visit longer than this is cut by a double slash. */
const CUT_MS = 30 * 60_000;
/** What follows within this time needs no figure. */
const AT_ONCE_MS = 50;
/** A ring this soon after a tap is shown as its answer. */
const TAP_TO_RING_MS = 60_000;
const EDGE = 20;
const CHAR_NAME = 6.7;
const CHAR_NOTE = 6.0;
const LABEL_GAP = 8;

export type Label = { name: string; note: string; anchor: "start" | "middle" | "end"; x: number; above: boolean };
export type Placed = { mark: Mark; x: number; label: Label };
export type Phase = { name: string; from: number; to: number };
export type Look = "way" | "alive" | "talk";
export type Layout = {
  marks: Placed[];
  phases: Phase[];
  cuts: { x: number; words: string }[];
  /** Grey way while nobody acts, teal from tap or ring on, thick while they talk. */
  lines: { look: Look; from: number; to: number }[];
};

const beforeCall = new Set<string>(["first_touch", "touch", "page", "number_shown", "tap"]);
export const isVisit = (mark: Mark) => beforeCall.has(mark.kind);

/** Joins neighbouring page views (then other quiet marks) until the line has room. */
export function collapse(marks: Mark[], max: number): Mark[] {
  let left = [...marks];
  for (const quiet of [["page"], ["page", "number_shown", "touch"]]) {
    while (left.length > max) {
      const at = left.findIndex((mark, i) => {
        const next = left[i + 1];
        return next && quiet.includes(mark.kind) && quiet.includes(next.kind);
      });
      if (at < 0) break;
      left = [...left.slice(0, at), joined(left[at] as Mark, left[at + 1] as Mark), ...left.slice(at + 2)];
    }
  }
  return left;
}

function joined(a: Mark, b: Mark): Mark {
  const size = (mark: Mark) => Number(/^(\d+) pages$/.exec(mark.title)?.[1] ?? 1);
  return { at: a.at, kind: "page", title: `${size(a) + size(b)} pages`, detail: `until ${b.title}` };
}

type Options = { width: number; zone: string; now: number };

export function layout(all: Mark[], { width, zone, now }: Options): Layout {
  const marks = collapse(
    [...all].sort((a, b) => a.at - b.at),
    Math.floor(width / MARK_ROOM),
  );
  const looks = looksOf(marks);
  const last = looks.at(-1);
  const open = last === "talk" || last === "alive";

  const weights = marks.slice(1).map((mark, i) => weight(marks[i] as Mark, mark));
  if (open) weights.push(last === "talk" ? 3 : 0.6);
  const total = weights.reduce((sum, each) => sum + each, 0) || 1;
  const xs: number[] = [EDGE];
  for (const each of weights) xs.push((xs.at(-1) as number) + (each / total) * (width - 2 * EDGE));

  const placed = marks.map((mark, i) => ({ mark, x: xs[i] as number }));
  const lines = xs.slice(1).map((to, i) => ({ look: looks[i] ?? "way", from: xs[i] as number, to }));
  return {
    marks: labelled(placed, marks, { width, zone, now }),
    phases: phases(placed, width),
    cuts: cuts(placed),
    lines,
  };
}

/** How the line looks after each mark; after the last one it goes on only while a call does. */
function looksOf(marks: Mark[]): Look[] {
  let look: Look = "way";
  return marks.map((mark) => {
    if (mark.kind === "connected") look = "talk";
    else if (mark.kind === "ended" || mark.kind === "first_touch" || mark.kind === "touch") look = "way";
    else if (mark.kind === "confirmed") return look;
    else if (mark.kind === "tap" || !isVisit(mark)) look = look === "talk" ? "talk" : "alive";
    return look;
  });
}

function weight(from: Mark, to: Mark): number {
  if (from.kind === "connected") return 3;
  return isCut(from, to) ? 1.7 : 1;
}

function isCut(from: Mark, to: Mark): boolean {
  return isVisit(from) && to.at - from.at > CUT_MS;
}

function cuts(placed: { mark: Mark; x: number }[]): Layout["cuts"] {
  return placed.flatMap(({ mark, x }, i) => {
    const next = placed[i + 1];
    if (!next || !isCut(mark, next.mark)) return [];
    return [{ x: (x + next.x) / 2, words: span(next.mark.at - mark.at) }];
  });
}

function phases(placed: { mark: Mark; x: number }[], width: number): Phase[] {
  const quiet = new Set<string>(["ended", "confirmed"]);
  const phaseOf = (mark: Mark) => (isVisit(mark) ? "Visit" : mark.kind === "connected" ? "Conversation" : "Call");
  const found: Phase[] = [];
  for (const { mark, x } of placed) {
    const name = quiet.has(mark.kind) ? found.at(-1)?.name : phaseOf(mark);
    const last = found.at(-1);
    if (!name || last?.name === name) continue;
    if (last) last.to = x - 22;
    found.push({ name, from: x - 10, to: width });
  }
  return found;
}

/** Two-line labels, by turns above and below, cut where neighbours on one side would touch. */
function labelled(placed: { mark: Mark; x: number }[], marks: Mark[], options: Options): Placed[] {
  const labels = placed.map(({ mark, x }, i) => {
    const name = mark.title;
    const note = noteOf(mark, marks, options.zone, options.now);
    const wide = Math.max(name.length * CHAR_NAME, note.length * CHAR_NOTE);
    const anchor: Label["anchor"] = x - wide / 2 < 0 ? "start" : x + wide / 2 > options.width ? "end" : "middle";
    const at = anchor === "start" ? Math.max(0, x - 8) : anchor === "end" ? Math.min(options.width, x + 8) : x;
    const left = anchor === "start" ? 0 : anchor === "end" ? wide : wide / 2;
    return { name, note, anchor, x: at, above: i % 2 === 0, left, right: wide - left };
  });
  for (const above of [true, false]) {
    const side = labels.filter((label) => label.above === above);
    side.slice(1).forEach((label, i) => part(side[i] as (typeof side)[number], label));
  }
  return placed.map(({ mark, x }, i) => {
    const label = labels[i] as (typeof labels)[number];
    const room =
      label.anchor === "start"
        ? label.right
        : label.anchor === "end"
          ? label.left
          : 2 * Math.min(label.left, label.right);
    return {
      mark,
      x,
      label: {
        name: shorten(label.name, room, CHAR_NAME),
        note: shorten(label.note, room, CHAR_NOTE),
        anchor: label.anchor,
        x: label.x,
        above: label.above,
      },
    };
  });
}

type Extent = { x: number; left: number; right: number };

/** Shrinks two neighbours so that they keep their distance; the longer one gives more. */
function part(a: Extent, b: Extent): void {
  const room = b.x - a.x - LABEL_GAP;
  const wanted = a.right + b.left;
  if (wanted <= room) return;
  const half = room / 2;
  if (a.right <= half) b.left = room - a.right;
  else if (b.left <= half) a.right = room - b.left;
  else a.right = b.left = half;
}

function shorten(text: string, room: number, char: number): string {
  const fits = Math.floor((room + 0.01) / char);
  if (text.length <= fits) return text;
  return fits < 3 ? "" : `${text.slice(0, fits - 1).trimEnd()}…`;
}

/** The second line of a mark: when it was, or how long after what it answers. */
export function noteOf(mark: Mark, marks: Mark[], zone: string, now: number): string {
  const before = (kind: Mark["kind"]) => marks.findLast((each) => each.kind === kind && each.at <= mark.at);
  const end = marks.at(-1)?.at ?? now;
  const sameDay = dayKey(mark.at, zone) === dayKey(end, zone);
  const time = sameDay ? clock(mark.at, zone) : `${day(mark.at, zone)}, ${clockMinutes(mark.at, zone)}`;
  const after = (earlier: Mark | undefined, within: number) => {
    const passed = earlier ? mark.at - earlier.at : Infinity;
    if (passed >= within) return time;
    return passed < AT_ONCE_MS ? "at once" : `+${span(passed)}`;
  };
  switch (mark.kind) {
    case "ring":
      return after(before("tap"), TAP_TO_RING_MS);
    case "flow":
    case "attempt":
      return after(before("ring"), Infinity);
    case "refused":
    case "attempt_failed":
      return mark.detail || time;
    case "ended": {
      const connected = before("connected");
      const talked = connected && connected.at >= (before("ring")?.at ?? 0);
      return talked ? span(mark.at - connected.at) : time;
    }
    default:
      return time;
  }
}
