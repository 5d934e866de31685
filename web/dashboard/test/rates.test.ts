import { describe, expect, it } from "vitest";
import { cardOf, decimalOf, emptyRow, microsOf, rateProblem, ratesOf, ratesProblems, rateWords, rowProblem, stepsOf } from "../src/features/call/rates";

const card = {
  currency: "USD",
  inbound: { per_minute_micros: 5_500, first_s: 6, next_s: 6 },
  outbound: null,
  prefixes: [{ prefix: "+1", per_minute_micros: 12_000, first_s: 60, next_s: 60 }],
};

describe("the rate card of a trunk", () => {
  it("is sent as it came", () => {
    expect(cardOf(ratesOf(card), "USD")).toEqual(card);
    expect(cardOf(ratesOf(null), "USD")).toEqual({ currency: "USD", inbound: null, outbound: null, prefixes: [] });
  });

  it("reads and writes prices without losing a millionth", () => {
    for (const [micros, text] of [
      [6_000, "0.006"],
      [1, "0.000001"],
      [0, "0"],
      [1_250_000, "1.25"],
      [10_000_000, "10"],
    ] as const) {
      expect(decimalOf(micros)).toBe(text);
      expect(microsOf(text)).toBe(micros);
    }
    for (const wrong of ["", "-1", "1,5", ".5", "0.0000001", "1e3", "1000.000001"]) {
      expect(microsOf(wrong), wrong).toBeUndefined();
    }
  });

  it("reads steps", () => {
    expect(stepsOf("60/6")).toEqual({ first_s: 60, next_s: 6 });
    expect(stepsOf(" 1 / 1 ")).toEqual({ first_s: 1, next_s: 1 });
    for (const wrong of ["", "60", "0/1", "1/0", "3601/1", "a/b"]) expect(stepsOf(wrong), wrong).toBeUndefined();
  });

  it("says what to write instead", () => {
    expect(rateProblem({ perMinute: "", steps: "x" })).toBeUndefined();
    expect(rateProblem({ perMinute: "cheap", steps: "1/1" })).toMatch(/0\.006/);
    expect(rateProblem({ perMinute: "1", steps: "1" })).toMatch(/60\/60/);
    const row = { prefix: "+1", perMinute: "0.01", steps: "60/60" };
    expect(rowProblem(row)).toBeUndefined();
    expect(rowProblem(emptyRow())).toBeUndefined();
    expect(rowProblem({ ...row, prefix: "011" })).toMatch(/country code/);
    expect(rowProblem({ ...row, prefix: "" })).toMatch(/country code/);
    expect(rowProblem({ ...row, perMinute: "" })).toMatch(/0\.006/);
    const values = { ...ratesOf(card), prefixes: [row, { ...row, prefix: "0" }] };
    expect(ratesProblems(values).prefixes).toMatch(/^Row 2: /);
    expect(ratesProblems(ratesOf(card)).prefixes).toBeUndefined();
  });

  it("leaves empty rows out and reads as words", () => {
    const values = { ...ratesOf(card), prefixes: [emptyRow()] };
    expect(cardOf(values, "USD").prefixes).toEqual([]);
    expect(rateWords(card.inbound, "USD")).toBe("$0.0055 a minute, 6/6");
    expect(rateWords(null, "USD")).toBe("not known");
  });
});
