import { describe, expect, it } from "vitest";
import { money } from "../src/base/figures";
import { purchaseState } from "../src/features/assignment/buying";
import { carriers, carrierWords, dialects, heardOf } from "../src/features/call/carriers";

describe("prices", () => {
  it("keep every decimal that is there, and two at least", () => {
    expect(money(1_150_000, "USD")).toBe("$1.15");
    expect(money(1_000_000, "USD")).toBe("$1.00");
    expect(money(2_000_001, "USD")).toBe("$2.000001");
    expect(money(500_000, "EUR")).toBe("€0.50");
  });
});

describe("what was heard of a carrier", () => {
  const heard = (believed: number | null, refused: number | null) =>
    heardOf({ last_believed_at: believed, last_refused_at: refused });

  it("is the newer of what was believed and what was not", () => {
    expect(heard(null, null)).toMatchObject({ tone: "off", at: null });
    expect(heard(5, null)).toMatchObject({ tone: "ok", at: 5 });
    expect(heard(null, 5)).toMatchObject({ tone: "bad", at: 5 });
    expect(heard(5, 9)).toMatchObject({ tone: "bad", at: 9 });
    expect(heard(9, 5)).toMatchObject({ tone: "ok", at: 9 });
  });
});

describe("the words of carriers", () => {
  it("say for each where both addresses are entered", () => {
    for (const dialect of dialects) {
      const words = carriers[dialect];
      expect(words.callField, dialect).toMatch(/POST$/);
      expect(words.statusField, dialect).toMatch(/POST$/);
      expect(words.where, dialect).toMatch(/\.$/);
    }
  });

  it("exist for one that this build does not know yet", () => {
    expect(carrierWords("plivo").name).toBe("plivo");
    expect(purchaseState("ported")).toEqual({ tone: "off", word: "ported" });
  });
});
