import { describe, expect, it } from "vitest";
import { capTitle, taken, type CapStanding } from "../src/features/routing/CapMeters";
import { becameOf, type Opportunity } from "../src/features/routing/OpportunityTable";
import { lineState, type Line } from "../src/features/routing/Trace";
import { firstWords } from "../src/features/routing/WhatIf";
import type { Schema } from "@trunkline/api-client";

const line = (some: Partial<Line>) => lineState({ became: "stopped", compared: [], ...some } as Line);

describe("a line of the trace", () => {
  it("says what became of a contract in few words", () => {
    expect(line({ became: "sold" })).toEqual({ tone: "ok", word: "Took it" });
    expect(line({ became: "tried", outcome: "no_answer" })).toEqual({ tone: "bad", word: "No answer" });
    expect(line({ became: "tried", outcome: null }).word).toBe("Being asked");
    expect(line({ became: "planned", attempt: 2 }).word).toBe("Was next, number 2");
    expect(line({ reason: { code: "CAP_REACHED", sentence: "" } }).word).toBe("Over its cap");
  });
});

describe("an opportunity", () => {
  it("is open, sold, or not sold for its reason", () => {
    const one = (some: object) => becameOf(some as Opportunity).word;
    expect(one({ state: "open" })).toBe("Open");
    expect(one({ state: "sold" })).toBe("Sold");
    expect(one({ state: "unsold", reason: { code: "NO_CANDIDATE" } })).toBe("Nobody could take it");
    expect(one({ state: "unsold", reason: null })).toBe("Not sold");
  });
});

describe("a cap", () => {
  it("is full by what is used and reserved, and never beyond", () => {
    expect(taken({ max: 40, used: 34, reserved: 2 })).toBe(0.9);
    expect(taken({ max: 10, used: 12, reserved: 0 })).toBe(1);
    expect(taken({ max: 0, used: 0, reserved: 0 })).toBe(1);
  });
  it("is called by its name, else by what it counts", () => {
    const cap = { name: "", counts: "billable", period: "day", rolling: false } as CapStanding;
    expect(capTitle(cap)).toBe("Sales today");
    expect(capTitle({ ...cap, rolling: true })).toBe("Sales in the last day");
    expect(capTitle({ ...cap, name: "Texas" })).toBe("Texas");
  });
});

describe("what if", () => {
  const side = (some: object) => firstWords({ planned: [], told: "", reason: null, ...some } as unknown as Schema<"WhatIfSide">);
  it("says who would be asked first, or why nobody", () => {
    expect(side({ planned: [{ how: "one", contracts: [{ name: "Texas" }] }] })).toBe("Texas");
    expect(side({ planned: [{ how: "auction", contracts: [{ name: "A" }, { name: "B" }] }] })).toBe("an auction: A, B");
    expect(side({ told: "The feed is paused." })).toBe("The feed is paused.");
    expect(side({})).toBe("nobody");
  });
});
