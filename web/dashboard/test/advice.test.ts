import { expect, it } from "vitest";
import { advised, curve, type Advice } from "../src/features/assignment/advice";

const size = (numbers: number, right: number) => ({
  numbers,
  right,
  wrong: 1 - right,
  overflow: 0,
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
  sizes: [size(2, 0.61), size(4, 0.72), size(8, 0.84), size(16, 0.85)],
  knee: 8,
  proposal: "grow",
  by: 1,
  missing: 4,
  ...more,
});

it("the advice says what to do, what is missing in all, and what it brings", () => {
  expect(advised(advice({}))).toBe(
    "Add 1 number now, and look again: 4 numbers are missing in all. By the number alone, 4 numbers credit 72% of the calls right; 8 would credit 84%.",
  );
  expect(advised(advice({ by: 4 }))).toMatch(/^Add 4 numbers\. /);
  expect(advised(advice({ proposal: "shrink", size: 16, by: 8 }))).toMatch(/^8 numbers could go: for 60 days 8 would/);
  expect(advised(advice({ proposal: "keep", size: 8 }))).toMatch(/^8 numbers are enough: by the number alone 84% of the calls/);
  expect(advised(advice({ proposal: "keep", size: 16 }))).toMatch(/^16 numbers are more than enough: 8 would have done/);
});

it("the curve keeps to its frame and puts each doubling at the same distance", () => {
  const frame = { left: 40, right: 340, top: 10, bottom: 110 };
  const plan = curve(advice({}), frame);
  expect(plan.points.map((point) => point.x)).toEqual([40, 140, 240, 340]);
  expect(plan.points.every((point) => point.y >= frame.top && point.y <= frame.bottom)).toBe(true);
  expect(plan.knee?.numbers).toBe(8);
  expect(plan.lines.map((line) => Math.round(line.share * 10))).toEqual([6, 7, 8, 9]);
});

it("one size alone still has a place", () => {
  const plan = curve(advice({ sizes: [size(3, 1)], knee: 3 }), { left: 0, right: 100, top: 0, bottom: 50 });
  expect(plan.points.every((point) => Number.isFinite(point.x) && Number.isFinite(point.y))).toBe(true);
});
