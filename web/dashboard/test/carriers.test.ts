import { describe, expect, it } from "vitest";
import { decimalsOf, money } from "../src/base/figures";
import { purchaseState } from "../src/features/assignment/buying";
import { repeated, type TrackingNumber } from "../src/features/assignment/words";
import { carriers, carrierWords, dialects, heardOf, heldOn, heldWords } from "../src/features/call/carriers";

describe("prices", () => {
  it("keep every decimal that is there, and two at least", () => {
    expect(money(1_150_000, "USD")).toBe("$1.15");
    expect(money(1_000_000, "USD")).toBe("$1.00");
    expect(money(2_000_001, "USD")).toBe("$2.000001");
    expect(money(500_000, "EUR")).toBe("€0.50");
  });

  it("have as many decimals as the finest of those they stand with", () => {
    expect(decimalsOf([])).toBe(2);
    expect(decimalsOf([48_000_000, null, 500_000])).toBe(2);
    expect(decimalsOf([48_000_000, 4_920, -8_000])).toBe(5);
    expect(money(48_000_000, "USD", decimalsOf([4_900]))).toBe("$48.0000");
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

const number = (trunk: string, cost: { given_back_at: number | null } | null) =>
  ({ number: "+12145550701", number_display: "+1 214 555 0701", trunk: { id: trunk, name: "" }, cost }) as TrackingNumber;

describe("what disconnecting an account leaves", () => {
  it("names the numbers that are charged for, and what cannot be done with them", () => {
    const bought = number("a", { given_back_at: null });
    const all = [bought, number("a", { given_back_at: 1 }), number("a", null), number("b", { given_back_at: null })];
    expect(heldOn(all, "a")).toEqual([bought]);
    expect(heldWords([bought])).toMatch(/^1 number of this trunk was bought .* charge for it, .* given back/);
    expect(heldWords([bought, bought])).toMatch(/^2 numbers of this trunk were bought .* charge for them, /);
  });
});

describe("a number that is written again", () => {
  it("is taken whole, and otherwise it is said what is wrong", () => {
    const again = (written: string) => repeated(number("a", null), written);
    for (const fits of ["+1 214 555 0701", "(214) 555-0701", "12145550701"]) expect(again(fits), fits).toBeUndefined();
    expect(again(" ")).toMatch(/^Nothing is written/);
    expect(again("214 555 0702")).toMatch(/^This is another number: write \+1 214 555 0701/);
    expect(again("0701")).toMatch(/^This is a part of the number/);
  });
});
