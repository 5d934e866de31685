/** What happened on the page, on its way to the server: bounded, in order, kept over a failed request. */
import { FORMAT, type Happening, type Shared } from "../contract.ts";

/** Events held at most, which is also what one request may carry. */
const EVENTS_MAX = 32;

/** How long a request may take. */
const SEND_MS_MAX = 4e3;

/** How long an address may be; the server takes 16 KiB in all. */
const PAGE_LENGTH_MAX = 2e3;

export interface Outbox {
  /** Puts an event in line; the oldest gives way when the line is full. */
  put(event: Happening): void;
  /** Sends what waits; `last` when the page may be gone before an answer comes. */
  send(last?: boolean): void;
}

/**
 * `done` hears which events went out for the token in force, and whether the server said that it took them; `refused`
 * that its numbers are not the visitor's any more. With lost numbers nothing is sent: what happens waits for new ones.
 */
export const outbox = (shared: Shared, done: (events: Happening[], taken?: boolean) => void, refused: () => void): Outbox => {
  let waiting: { event: Happening; at: number }[] = [];
  const put = (event: Happening, at = Date.now()) => {
    if ("page" in event) event.page = event.page.slice(0, PAGE_LENGTH_MAX);
    waiting.push({ event, at });
    waiting.splice(0, waiting.length - EVENTS_MAX);
  };
  return {
    put: (event) => put(event),
    send(last) {
      const token = shared.M.token;
      if (!token || !shared.M.x || !waiting[0]) return;
      const sent = waiting;
      waiting = [];
      const events = sent.map(({ event, at }) => (event.k == "tap" ? { ...event, ago: Date.now() - at } : event));
      const address = shared.C.u + "/event";
      // A string travels as text/plain: no preflight.
      const body = JSON.stringify({ v: FORMAT, c: shared.C.c, token, events });
      if (last && navigator.sendBeacon?.(address, body)) return done(events);
      // What says only "now" is not worth sending later.
      const again = () => sent.forEach(({ event, at }) => event.k != "beat" && put(event, at));
      fetch(address, { method: "POST", keepalive: true, body, signal: AbortSignal.timeout?.(SEND_MS_MAX) as AbortSignal }).then((response) => {
        if (response.status > 428) again();
        // An answer to an earlier token says nothing of this one.
        else if (token == shared.M.token) response.ok ? done(events, true) : response.status == 401 && refused();
      }, again);
    },
  };
};
