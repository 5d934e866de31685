import { describe, expect, it } from "vitest";
import { attestations, holdsNumbers, usesOf } from "../src/features/routing/compliance";
import { asKept } from "../src/features/routing/fillList";
import { shortReason } from "../src/features/routing/words";

describe("who must not be sold", () => {
  it("is found on lists of numbers and of hashes, and on no others", () => {
    const kinds = ["numbers", "zips", "hashes", "texts"];
    expect(kinds.filter((kind) => holdsNumbers({ kind }))).toEqual(["numbers", "hashes"]);
  });

  it("has attestations from nothing to most", () => {
    expect(attestations.map((each) => each.value)).toEqual(["", "gateway", "partial", "full"]);
  });

  it("has a reason of a few words for each code", () => {
    const words = ["DNC", "LITIGATOR", "ATTESTATION_LOW", "CONSENT_MISSING"].map(shortReason);
    expect(words).toEqual(["On a do-not-call list", "Known to sue", "Attestation too low", "No proof of consent"]);
  });
});

describe("a list", () => {
  const by = (role: string, who: string) => ({ role, by: who });

  it("says what it is used for, and how many more there are", () => {
    const used = [
      by("do_not_call", "the campaign Solar"),
      by("litigators", "the campaign Solar"),
      by("terms", "the terms of the account"),
      by("terms", "the contract Texas"),
    ];
    expect(usesOf({ kind: "numbers", used, uses: 30 })).toEqual([
      "Do not call, for the campaign Solar",
      "People who sue, for the campaign Solar",
      "In the terms of the account",
      "and 27 more",
    ]);
    expect(usesOf({ kind: "numbers", used: used.slice(3), uses: 1 })).toEqual(["In the terms of the contract Texas"]);
    expect(usesOf({ kind: "zips", used: [], uses: 0 })).toEqual([]);
  });

  it("of hashes is asked for numbers as well", () => {
    expect(asKept("hashes", "(214) 555-0187")).toBe("+12145550187");
    expect(asKept("hashes", `${"ab".repeat(32)} `)).toBe("ab".repeat(32));
    expect(asKept("hashes", "1".repeat(64))).toBe("1".repeat(64));
    expect(asKept("zips", "75201")).toBe("75201");
  });
});
