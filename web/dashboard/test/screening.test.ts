import { expect, it } from "vitest";
import { points, signRows, verdictStatus, type ScreeningSettings } from "../src/features/call/screening";

it.each([
  ["block", "blocked", "Refused"],
  ["challenge", "blocked", "Did not press the key"],
  ["challenge", "answered", "Asked to press a key"],
  ["challenge", null, "Asked to press a key"],
  ["pass", "answered", "Let through"],
])("a %s of a call that is %s reads: %s", (verdict, result, word) => {
  expect(verdictStatus(verdict, result).word).toBe(word);
});

it("points have a sign, and a true minus", () => {
  expect([points(40), points(0), points(-20)]).toEqual(["+40", "+0", "−20"]);
});

it("the signs are explained with the account's own limits", () => {
  const settings = { numbers_max: 7, numbers_minutes: 15, hourly_calls_max: 20 } as ScreeningSettings;
  const words = signRows(settings).map((row) => row.words);
  expect(words).toContain("More than 7 of your numbers dialled in 15 minutes");
  expect(words).toContain("More than 20 calls in an hour");
});
