import { describe, expect, it } from "vitest";
import type { Group, RoutePlan } from "../src/features/routing/documents";
import {
  addContract,
  addGroup,
  contractsIn,
  depthOf,
  emptyPlan,
  mayMove,
  move,
  planProblem,
  remove,
  rename,
  setGroup,
  sharesOf,
  shareWords,
  type Share,
} from "../src/features/routing/plan/plan";

const withThree = ["a", "b", "c"].reduce((plan, id) => addContract(plan, "main", id), emptyPlan());
const order = (plan: RoutePlan, name = "main") =>
  plan.groups[name]?.members.map((member) => ("contract" in member.to ? member.to.contract : `(${member.to.group})`));

describe("a route plan", () => {
  it("is moved within a group to before the one it is dropped on", () => {
    expect(order(move(withThree, { group: "main", at: 2 }, { group: "main", at: 0 }))).toEqual(["c", "a", "b"]);
    expect(order(move(withThree, { group: "main", at: 0 }, { group: "main", at: 2 }))).toEqual(["b", "a", "c"]);
    expect(order(move(withThree, { group: "main", at: 0 }, { group: "main", at: 3 }))).toEqual(["b", "c", "a"]);
    expect(move(withThree, { group: "main", at: 9 }, { group: "main", at: 0 })).toBe(withThree);
  });

  it("is moved between groups, and nothing is lost or doubled", () => {
    const grown = addGroup(withThree, "main", "weighted");
    const moved = move(grown, { group: "main", at: 0 }, { group: "tier", at: 0 });
    expect(order(moved)).toEqual(["b", "c", "(tier)"]);
    expect(order(moved, "tier")).toEqual(["a"]);
    expect(contractsIn(moved).sort()).toEqual(["a", "b", "c"]);
  });

  it("never lets a group stand in itself, nor deeper than plans go", () => {
    let plan = emptyPlan();
    for (const within of ["main", "tier", "tier 2", "tier 3"]) plan = addGroup(plan, within, "waterfall");
    expect(depthOf(plan, "tier 4")).toBe(5);
    expect(mayMove(plan, { group: "main", at: 0 }, "tier 4")).toBe(false);
    const beside = addGroup(plan, "main", "waterfall");
    // The chain of four would end at the sixth level.
    expect(mayMove(beside, { group: "main", at: 0 }, "tier 5")).toBe(false);
    expect(mayMove(beside, { group: "main", at: 1 }, "tier 3")).toBe(true);
    expect(mayMove(beside, { group: "main", at: 1 }, "tier 4")).toBe(false);
  });

  it("loses a group with everything in it", () => {
    const grown = addContract(addGroup(addGroup(withThree, "main", "weighted"), "tier", "weighted"), "tier 2", "d");
    const shrunk = remove(grown, { group: "main", at: 3 });
    expect(Object.keys(shrunk.groups)).toEqual(["main"]);
    expect(contractsIn(shrunk)).toEqual(["a", "b", "c"]);
  });

  it("has its groups renamed everywhere, and no name twice", () => {
    const grown = addGroup(withThree, "main", "weighted");
    const renamed = rename(rename(grown, "tier", " Overflow "), "main", "first");
    expect(renamed.start).toBe("first");
    expect(order(renamed, "first")).toEqual(["a", "b", "c", "(Overflow)"]);
    expect(rename(grown, "tier", "main")).toBe(grown);
    expect(rename(grown, "tier", "  ")).toBe(grown);
  });

  it("says what keeps it from being saved", () => {
    expect(planProblem(emptyPlan())).toBe("The plan is empty: add a contract");
    expect(planProblem(addGroup(withThree, "main", "weighted"))).toContain("The group tier is empty");
    expect(planProblem(withThree)).toBeUndefined();
  });
});

describe("shares", () => {
  const group = (method: Group["method"], ...own: Partial<Group["members"][number]>[]): Group => ({
    method,
    members: own.map((each, i) => ({ to: { contract: "abcd"[i] ?? "" }, ...each })),
  });
  const none = new Map();
  const told = (of: Group, standing: ReadonlyMap<string, { priority: number; weight: number }> = none) => {
    const shares = sharesOf(of, standing);
    const tiers = new Set(shares.map((share: Share) => (share.sort === "share" ? share.tier : 1))).size;
    return shares.map((share) => shareWords(share, tiers));
  };

  it("of a waterfall are its turns, by priority and then as it stands", () => {
    expect(told(group("waterfall", {}, { priority: -1 }, {}))).toEqual(["second", "first", "third"]);
  });
  it("by weight are parts of a tier", () => {
    expect(told(group("weighted", { weight: 3 }, { weight: 1 }))).toEqual(["75%", "25%"]);
    expect(told(group("weighted", { weight: 1 }, { weight: 2 }, { priority: 5 }))).toEqual([
      "33.3% of tier 1",
      "66.7% of tier 1",
      "100% of tier 2",
    ]);
  });
  it("follow the contract's own terms where the plan says nothing", () => {
    const standing = new Map([["a", { priority: 0, weight: 4 }]]);
    expect(told(group("weighted", {}, {}), standing)).toEqual(["80%", "20%"]);
    expect(told(group("round_robin", {}, {}), standing)).toEqual(["50%", "50%"]);
  });
  it("of nobody's weight are nothing, unless one stands alone", () => {
    expect(told(group("weighted", { weight: 0 }, { weight: 0 }))).toEqual(["0%", "0%"]);
    expect(told(group("weighted", { weight: 0 }))).toEqual(["100%"]);
  });
  it("of those who are asked together are none", () => {
    expect(told(group("auction", {}, {}))).toEqual(["together", "together"]);
  });
});

it("a group that is set keeps its members where they are", () => {
  const changed = setGroup(withThree, "main", { ...(withThree.groups.main as Group), method: "auction" });
  expect(changed.groups.main?.method).toBe("auction");
  expect(order(changed)).toEqual(["a", "b", "c"]);
});
