import { describe, expect, it } from "vitest";
import { RECENT_MAX, reduce, startState, type LiveEvent, type LiveState } from "../src/features/call/liveState";
import type { CallSummary } from "../src/features/call/words";

const call = (id: string, state: CallSummary["state"], started_at = 1): CallSummary =>
  ({ id, state, started_at }) as CallSummary;
const after = (...events: LiveEvent[]): LiveState => events.reduce(reduce, startState);
const ids = (calls: CallSummary[]) => calls.map((each) => each.id);

describe("the live state", () => {
  it("knows nothing before the first snapshot", () => {
    expect(after({ kind: "open" }).known).toBe(false);
    expect(after({ kind: "snapshot", calls: [] }).known).toBe(true);
  });

  it("parts calls in progress from ended ones, newest first", () => {
    const state = after({
      kind: "snapshot",
      calls: [call("a", "ended", 1), call("b", "talking", 2), call("c", "ringing", 3)],
    });
    expect(ids(state.calls)).toEqual(["c", "b"]);
    expect(ids(state.recent)).toEqual(["a"]);
  });

  it("moves a call along when it changes", () => {
    const state = after(
      { kind: "snapshot", calls: [call("a", "ringing")] },
      { kind: "call", call: call("a", "talking") },
      { kind: "call", call: call("a", "ended") },
    );
    expect(state.calls).toEqual([]);
    expect(ids(state.recent)).toEqual(["a"]);
  });

  it("never brings an ended call back to life", () => {
    const state = after({ kind: "call", call: call("a", "ended") }, { kind: "call", call: call("a", "talking") });
    expect(state.calls).toEqual([]);
  });

  it("trusts an event over a snapshot that was asked for before it", () => {
    const state = after(
      { kind: "asked" },
      { kind: "call", call: call("a", "ended") },
      { kind: "call", call: call("new", "ringing", 9) },
      { kind: "snapshot", calls: [call("a", "talking"), call("b", "talking")] },
    );
    expect(ids(state.calls)).toEqual(["new", "b"]);
    expect(ids(state.recent)).toEqual(["a"]);
  });

  it("forgets what a later snapshot no longer has", () => {
    const state = after(
      { kind: "call", call: call("gone", "ringing") },
      { kind: "asked" },
      { kind: "snapshot", calls: [call("b", "talking")] },
    );
    expect(ids(state.calls)).toEqual(["b"]);
  });

  it("keeps the last calls while the line is lost", () => {
    const state = after({ kind: "snapshot", calls: [call("a", "talking")] }, { kind: "lost" });
    expect(state.status).toBe("lost");
    expect(ids(state.calls)).toEqual(["a"]);
  });

  it("keeps a bounded number of ended calls", () => {
    const many = Array.from({ length: 4 * RECENT_MAX }, (_, i): LiveEvent => ({
      kind: "call",
      call: call(`c${i}`, "ended", i),
    }));
    expect(after(...many).recent).toHaveLength(RECENT_MAX);
  });
});
