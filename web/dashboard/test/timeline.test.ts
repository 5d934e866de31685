import { describe, expect, it } from "vitest";
import { collapse, layout, noteOf, type Mark } from "../src/features/call/timeline";

const zone = "America/Chicago";
const ring = Date.UTC(2026, 9, 13, 19, 3, 8);
const now = ring + 600_000;
const at = (kind: Mark["kind"], ms: number, title: string = kind, detail = ""): Mark => ({
  at: ring + ms,
  kind,
  title,
  detail,
});

const answered: Mark[] = [
  at("first_touch", -(3 * 24 + 19) * 3_600_000, "First touch"),
  at("page", -116_000, "/storm-damage"),
  at("number_shown", -115_600, "Number shown"),
  at("page", -28_000, "/contact"),
  at("tap", -2_700, "Tap to call"),
  at("ring", 0, "Ring"),
  at("attempt", 1_200, "Prairie Star"),
  at("attempt_failed", 21_200, "Prairie Star", "no answer 20 s"),
  at("connected", 36_000, "Tallgrass"),
  at("ended", 294_000, "Caller ended"),
];
const plan = (marks: Mark[], width = 798) => layout(marks, { width, zone, now });
const ink = (text: string, char: number) => text.length * char;

describe("a timeline", () => {
  it("keeps the order of time from edge to edge", () => {
    const xs = plan([...answered].reverse()).marks.map((placed) => placed.x);
    expect(xs).toEqual([...xs].sort((a, b) => a - b));
    expect(xs[0]).toBe(20);
    expect(xs.at(-1)).toBeCloseTo(778);
  });

  it("is grey before the person acts, teal from the tap on, thick while they talk", () => {
    const { lines, marks } = plan(answered);
    const x = (kind: string) => marks.find((placed) => placed.mark.kind === kind)?.x;
    expect(lines.map((line) => line.look)).toEqual([
      "way",
      "way",
      "way",
      "way",
      "alive",
      "alive",
      "alive",
      "alive",
      "talk",
    ]);
    expect(lines.find((line) => line.look === "alive")?.from).toBe(x("tap"));
    expect(lines.find((line) => line.look === "talk")?.to).toBe(x("ended"));
  });

  it("stays as it was when a person says who called, while it goes on and after it", () => {
    const told = at("confirmed", 3_600_000, "Caller confirmed");
    expect(plan([...answered, told]).lines.map((line) => line.look).at(-1)).toBe("way");
    expect(plan([...answered, told]).phases.map((phase) => phase.name)).toEqual(["Visit", "Call", "Conversation"]);
    const early = at("confirmed", 100_000, "Caller confirmed");
    expect(plan([...answered, early]).lines.map((line) => line.look).at(-1)).toBe("talk");
  });

  it("cuts long waits of the visit and says how long they were", () => {
    expect(plan(answered).cuts.map((cut) => cut.words)).toEqual(["3 d 18 h"]);
  });

  it("names its phases once each", () => {
    expect(plan(answered).phases.map((phase) => phase.name)).toEqual(["Visit", "Call", "Conversation"]);
  });

  it("goes on past the last mark while the call does, and not after", () => {
    const talking = plan(answered.slice(0, -1));
    expect(talking.lines.at(-1)).toMatchObject({ look: "talk", to: 778 });
    expect(talking.marks.at(-1)?.x).toBeLessThan(700);
    expect(plan(answered.slice(0, 6)).lines.at(-1)?.look).toBe("alive");
    expect(plan(answered.slice(0, 4)).lines).toHaveLength(3);
  });

  it("gives each call of a visit its own conversation", () => {
    const second = answered.slice(5).map((mark) => ({ ...mark, at: mark.at + 3_600_000 }));
    const { lines } = plan([...answered, ...second], 1_100);
    expect(lines.filter((line) => line.look === "talk")).toHaveLength(2);
    expect(lines[answered.length - 1]?.look).toBe("way");
  });

  it("never lets labels of one side touch, at any width", () => {
    for (const width of [520, 798, 1_100]) {
      for (const above of [true, false]) {
        const side = plan(answered, width)
          .marks.map((placed) => placed.label)
          .filter((label) => label.above === above);
        const reach = side.map((label) => {
          const wide = Math.max(ink(label.name, 6.7), ink(label.note, 6));
          const left = label.anchor === "start" ? 0 : label.anchor === "end" ? wide : wide / 2;
          return { from: label.x - left, to: label.x - left + wide };
        });
        reach.slice(1).forEach((next, i) => expect(next.from).toBeGreaterThanOrEqual(reach[i]!.to));
        expect(reach[0]!.from).toBeGreaterThanOrEqual(0);
        expect(reach.at(-1)!.to).toBeLessThanOrEqual(width + 0.01);
      }
    }
  });

  it("of nothing is empty", () => {
    expect(plan([])).toEqual({ marks: [], phases: [], cuts: [], lines: [] });
  });
});

describe("a crowded timeline", () => {
  const pages = Array.from({ length: 30 }, (_, i) => at("page", -60_000 + i * 1_000, `/p${i}`));

  it("joins neighbouring pages and counts them", () => {
    const joined = collapse([at("first_touch", -90_000), ...pages, at("ring", 0)], 5);
    expect(joined).toHaveLength(5);
    expect(joined[0]?.kind).toBe("first_touch");
    expect(joined.at(-1)?.kind).toBe("ring");
    expect(joined[1]?.title).toMatch(/^\d+ pages$/);
  });

  it("never joins what happened in the call", () => {
    const attempts = Array.from({ length: 12 }, (_, i) => at("attempt_failed", i * 1_000));
    expect(collapse(attempts, 5)).toHaveLength(12);
  });
});

describe("the second line of a mark", () => {
  const note = (mark: Mark) => noteOf(mark, answered, zone, now);
  it("is a clock, with the day when it was another one", () => {
    expect(note(answered[0]!)).toBe("Oct 9, 19:03");
    expect(note(answered[3]!)).toBe("14:02:40");
  });
  it("counts a ring from the tap and the rest from the ring", () => {
    expect(note(answered[5]!)).toBe("+2.7 s");
    expect(note(answered[6]!)).toBe("+1.2 s");
  });
  it("says why an attempt failed and how long they talked", () => {
    expect(note(answered[7]!)).toBe("no answer 20 s");
    expect(note(answered[9]!)).toBe("4 min 18 s");
  });
  it("shows the time of an end without a conversation", () => {
    const missed = [at("ring", 0), at("ended", 30_000)];
    expect(noteOf(missed[1]!, missed, zone, now)).toBe("14:03:38");
  });
});
