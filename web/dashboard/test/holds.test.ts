// Why a number is free for nobody, in words.

import { describe, expect, it } from "vitest";
import { holdWords } from "../src/features/assignment/words";

const held = {
  site: { id: "site_1", name: "Lone Star" },
  in_block: false,
  seen_at: Date.UTC(2026, 10, 1, 12),
  until_at: Date.UTC(2026, 11, 1, 12),
};

describe("the hold of a published number", () => {
  it("says whose block copies show it, and until when it is held", () => {
    expect(holdWords({ held }, "America/Chicago")).toBe(
      "held until Dec 1: copies of the block of Lone Star still show it",
    );
  });

  it("is silent where the block in force carries it, or nothing holds it", () => {
    expect(holdWords({ held: { ...held, in_block: true } }, "UTC")).toBeNull();
    expect(holdWords({ held: null }, "UTC")).toBeNull();
  });
});
