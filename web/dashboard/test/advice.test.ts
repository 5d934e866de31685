import { expect, it } from "vitest";
import { advised, curve, formulaWords, type Advice } from "../src/features/assignment/advice";

const size = (numbers: number, right: number, overflow = 0) => ({
  numbers,
  right,
  wrong: 1 - right,
  overflow,
  monthly_cost_micros: null,
});

const advice = (more: Partial<Advice>): Advice => ({
  days: 30,
  visits: 900,
  enough: true,
  visits_min: 50,
  busiest_hour: 20,
  held_minutes: 4,
  load: 1.3,
  numbers_for_5_percent: 4,
  numbers_for_1_percent: 5,
  size: 4,
  sizes: [size(2, 0.61, 0.3), size(4, 0.72, 0.06), size(5, 0.75, 0.01), size(8, 0.84), size(16, 0.85)],
  knee: 8,
  proposal: "grow",
  by: 1,
  missing: 4,
  ...more,
});

it("the advice says what to do, what is missing in all, and what it brings", () => {
  expect(advised(advice({}))).toBe(
    "Add 1 number now, and look again: 4 numbers are missing in all. By the number alone, 4 numbers credit 72% of the calls right and leave 6% of the visitors without one; 8 would credit 84% and leave 0% of the visitors without one.",
  );
  expect(advised(advice({ by: 4 }))).toMatch(/^Add 4 numbers\. /);
  expect(advised(advice({ proposal: "shrink", size: 16, by: 8 }))).toMatch(/^8 numbers could go: for 60 days 8 would/);
  expect(advised(advice({ proposal: "keep", size: 8 }))).toMatch(/^8 numbers are enough: by the number alone 84% of the calls/);
  expect(advised(advice({ proposal: "keep", size: 16 }))).toMatch(/^16 numbers are more than enough: 8 would have done/);
});

it("a brake on growth is told as one, and not as enough", () => {
  expect(advised(advice({ proposal: "keep", by: 0, missing: 0 }))).toMatch(/^Enough numbers were added for one month.* 8 would/);
});

it("the formula is told beside what the replay found, where visits come in crowds", () => {
  expect(formulaWords(advice({}))).toBe(
    "With 4 numbers 1 visitor in 20 finds none free, with 5 1 in 100 (Erlang's formula for telephone lines).",
  );
  const crowds = advice({ sizes: [size(4, 0.5, 0.2), size(5, 0.52, 0.154), size(60, 0.6)] });
  expect(formulaWords(crowds)).toMatch(/Here they come in crowds at times: in the replay 5 left 15% without\.$/);
});

it("the curve keeps to its frame and puts each doubling at the same distance", () => {
  const frame = { left: 40, right: 340, top: 10, bottom: 110 };
  const plan = curve(advice({}), frame);
  expect(plan.points.filter((point) => point.numbers !== 5).map((point) => point.x)).toEqual([40, 140, 240, 340]);
  expect(plan.points.every((point) => point.y >= frame.top && point.y <= frame.bottom)).toBe(true);
  expect(plan.knee?.numbers).toBe(8);
  expect(plan.lines.map((line) => Math.round(line.share * 10))).toEqual([6, 7, 8, 9]);
});

it("one size alone still has a place", () => {
  const plan = curve(advice({ sizes: [size(3, 1)], knee: 3 }), { left: 0, right: 100, top: 0, bottom: 50 });
  expect(plan.points.every((point) => Number.isFinite(point.x) && Number.isFinite(point.y))).toBe(true);
});
