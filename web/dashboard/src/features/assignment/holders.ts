// Where the bars and marks of "Who holds what" go. Pure: leases and calls in, positions out.

import type { Schema } from "@trunkline/api-client";
import { VISIBLE_MS, type Lease } from "./words";

type Call = Pick<Schema<"CallSummary">, "id" | "started_at" | "state" | "session" | "caller_display"> & {
  number: { id: string };
};

export type Bar = { from: number; to: number; look: "now" | "past" | "provisional" };
export type CallMark = { id: string; x: number; stray: boolean; title: string };
export type Row = { lease: Lease; bar: Bar | null; calls: CallMark[] };
export type Picture = { rows: Row[]; ticks: { x: number; at: number }[] };

const TICK_MS = 15 * 60_000;
/** A bar shorter than this could not be seen. */
const BAR_MIN = 3;

type Frame = { left: number; right: number; now: number; spanMs: number };

export function picture(leases: Lease[], calls: Call[], frame: Frame): Picture {
  const start = frame.now - frame.spanMs;
  const x = (at: number) => frame.left + (Math.max(0, at - start) / frame.spanMs) * (frame.right - frame.left);
  const firstTick = Math.ceil(start / TICK_MS) * TICK_MS;
  const ticks = Array.from(
    { length: Math.floor((frame.now - firstTick) / TICK_MS) + 1 },
    (_, i) => firstTick + i * TICK_MS,
  );
  return {
    rows: leases.map((lease) => ({
      lease,
      bar: bar(lease, frame.now, start, x),
      calls: calls
        .filter((call) => call.number.id === lease.number.id && call.started_at >= start)
        .map((call) => ({
          id: call.id,
          x: Math.min(frame.right, x(call.started_at)),
          // A pool number called by somebody it was never shown to: it was copied or published.
          stray: call.state === "ended" && !call.session,
          title: call.caller_display,
        })),
    })),
    ticks: ticks.map((at) => ({ at, x: x(at) })),
  };
}

function bar(lease: Lease, now: number, start: number, x: (at: number) => number): Bar | null {
  if (lease.since_at == null) return null;
  const held = lease.state === "held" || lease.state === "in_call" || lease.state === "provisional";
  const seen = lease.last_visible_at ?? lease.since_at;
  const until = held && (lease.state !== "held" || now - seen <= VISIBLE_MS) ? now : seen;
  if (until < start) return null;
  const from = x(lease.since_at);
  return {
    from,
    to: Math.max(x(until), from + BAR_MIN),
    look: lease.state === "provisional" ? "provisional" : held ? "now" : "past",
  };
}
