// What the live stream has told so far: calls in progress and those that just ended.

import type { CallSummary } from "./words";

/** Ended calls kept for the "just ended" list. */
export const RECENT_MAX = 25;

export type LiveState = {
  status: "connecting" | "open" | "lost";
  /** True once a first snapshot has arrived. */
  known: boolean;
  /** In progress, newest first. */
  calls: CallSummary[];
  /** Ended, newest first. */
  recent: CallSummary[];
  /** Calls the stream spoke of since the present snapshot was asked for: newer than the snapshot. */
  fresh: ReadonlySet<string>;
};

export type LiveEvent =
  | { kind: "open" }
  | { kind: "lost" }
  | { kind: "asked" }
  | { kind: "snapshot"; calls: CallSummary[] }
  | { kind: "call"; call: CallSummary };

export const startState: LiveState = { status: "connecting", known: false, calls: [], recent: [], fresh: new Set() };

export function reduce(state: LiveState, event: LiveEvent): LiveState {
  switch (event.kind) {
    case "open":
      return { ...state, status: "open" };
    case "lost":
      return { ...state, status: "lost" };
    case "asked":
      return { ...state, fresh: new Set() };
    case "snapshot":
      return snapshot(state, event.calls);
    case "call":
      return place(state, event.call);
  }
}

function snapshot(state: LiveState, calls: CallSummary[]): LiveState {
  const told = [...state.calls, ...state.recent].filter((call) => state.fresh.has(call.id));
  const rest = calls.filter((call) => !state.fresh.has(call.id));
  return { ...state, known: true, fresh: new Set(), ...sorted([...told, ...rest]) };
}

function place(state: LiveState, call: CallSummary): LiveState {
  // Events of one call may overtake each other; an ended call never comes back to life.
  const ended = state.recent.some((known) => known.id === call.id);
  if (ended && call.state !== "ended") return state;
  const others = [...state.calls, ...state.recent].filter((known) => known.id !== call.id);
  return { ...state, fresh: new Set(state.fresh).add(call.id), ...sorted([call, ...others]) };
}

function sorted(calls: CallSummary[]): Pick<LiveState, "calls" | "recent"> {
  const newest = [...calls].sort((a, b) => b.started_at - a.started_at);
  return {
    calls: newest.filter((call) => call.state !== "ended"),
    recent: newest.filter((call) => call.state === "ended").slice(0, RECENT_MAX),
  };
}
