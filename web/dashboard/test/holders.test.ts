import { describe, expect, it } from "vitest";
import { picture } from "../src/features/assignment/holders";
import { leaseState, type Lease } from "../src/features/assignment/words";

const MIN = 60_000;
const now = 100 * 60 * MIN;
const frame = { left: 100, right: 700, now, spanMs: 60 * MIN };
const number = { id: "num_1", number: "+14695550161", number_display: "(469) 555-0161" };
const lease = (state: Lease["state"], since: number | null, seen: number | null): Lease => ({
  number,
  state,
  since_at: since === null ? null : now - since,
  last_visible_at: seen === null ? null : now - seen,
});
const bar = (each: Lease) => picture([each], [], frame).rows[0]?.bar;

describe("who holds what", () => {
  it("draws a visible holder up to now", () => {
    expect(bar(lease("held", 30 * MIN, 4_000))).toEqual({ from: 400, to: 700, look: "now" });
  });

  it("ends a silent holder's bar where it was last seen", () => {
    expect(bar(lease("held", 30 * MIN, 15 * MIN))).toEqual({ from: 400, to: 550, look: "now" });
  });

  it("shows the last holder of an idle number as past, and nothing from before the hour", () => {
    expect(bar(lease("idle", 30 * MIN, 15 * MIN))?.look).toBe("past");
    expect(bar(lease("idle", 200 * MIN, 90 * MIN))).toBeNull();
    expect(bar(lease("idle", null, null))).toBeNull();
  });

  it("begins at the left edge what began earlier, and keeps short bars to be seen", () => {
    expect(bar(lease("in_call", 200 * MIN, 1_000))).toEqual({ from: 100, to: 700, look: "now" });
    const short = bar(lease("provisional", 100, 100));
    expect(short!.to - short!.from).toBeGreaterThanOrEqual(3);
  });

  it("marks a call without a visit as stray once it has ended", () => {
    const call = (state: "ended" | "ringing", session: string | null) => ({
      id: "call_1",
      started_at: now - MIN,
      state,
      session,
      number: { ...number, kind: "pool" as const },
      caller_display: "x",
    });
    const strays = (...calls: ReturnType<typeof call>[]) =>
      picture([lease("idle", null, null)], calls, frame).rows[0]?.calls.map((mark) => mark.stray);
    expect(strays(call("ended", null), call("ended", "sess_1"), call("ringing", null))).toEqual([true, false, false]);
  });
});

describe("the state of a pool number", () => {
  it("is told in words", () => {
    expect(leaseState(lease("held", MIN, 4_000), now).word).toBe("visible now");
    expect(leaseState(lease("held", 9 * MIN, 150_000), now).word).toBe("not seen for 2 min");
    expect(leaseState(lease("idle", 9 * MIN, 545_000), now).word).toBe("free");
    expect(leaseState(lease("idle", null, null), now).word).toBe("free");
    expect(leaseState(lease("in_call", MIN, MIN), now).word).toBe("on call");
  });
});
