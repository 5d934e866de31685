// The live stream: one connection for the whole dashboard, with resync and patient reconnects.

import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useReducer, type ReactNode } from "react";
import { api, take } from "../../api/client";
import { RECENT_MAX, reduce, startState, type LiveEvent, type LiveState } from "./liveState";
import type { CallSummary } from "./words";

const STREAM = "/api/v1/live";
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;
/** Lists and counts are asked for again at most this often, however many calls move. */
const REFRESH_MS = 2_000;

const LiveContext = createContext<LiveState>(startState);
export const useLive = () => useContext(LiveContext);

export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [state, dispatch] = useReducer(reduce, startState);

  useEffect(() => follow(dispatch, queries), [queries]);

  return <LiveContext value={state}>{children}</LiveContext>;
}

/** Follows the stream until the returned function is called. */
function follow(dispatch: (event: LiveEvent) => void, queries: QueryClient): () => void {
  let stream: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let wait = RETRY_FIRST_MS;
  let stopped = false;
  const refresh = throttled(() => void queries.invalidateQueries({ queryKey: ["calls"] }), REFRESH_MS);

  const resync = async () => {
    dispatch({ kind: "asked" });
    const [live, latest] = await Promise.all([
      take(api.GET("/api/v1/calls/live")),
      take(api.GET("/api/v1/calls", { params: { query: { limit: RECENT_MAX } } })),
    ]);
    const known = new Set(live.items.map((call) => call.id));
    const calls = [...live.items, ...latest.items.filter((call) => !known.has(call.id))];
    if (!stopped) dispatch({ kind: "snapshot", calls });
  };
  const lost = () => {
    if (stopped) return;
    stream?.close();
    dispatch({ kind: "lost" });
    clearTimeout(retry);
    retry = setTimeout(connect, wait);
    wait = Math.min(wait * 2, RETRY_MAX_MS);
  };
  // Every new connection may have missed something, so each begins with a snapshot.
  const opened = () => {
    wait = RETRY_FIRST_MS;
    dispatch({ kind: "open" });
    resync().catch(lost);
    refresh();
  };
  const connect = () => {
    stream = new EventSource(STREAM);
    stream.onopen = opened;
    stream.onerror = lost;
    stream.addEventListener("resync", () => resync().catch(lost));
    stream.addEventListener("call", (message) => {
      const call = JSON.parse(message.data) as CallSummary;
      dispatch({ kind: "call", call });
      void queries.invalidateQueries({ queryKey: ["call", call.id] });
      refresh();
    });
  };

  connect();
  return () => {
    stopped = true;
    clearTimeout(retry);
    stream?.close();
  };
}

/** Runs at once, then at most once per `ms`, and once more at the end of a burst. */
function throttled(run: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const fire = () => {
    timer = undefined;
    if (again) call();
  };
  const call = () => {
    if (timer) {
      again = true;
      return;
    }
    again = false;
    run();
    timer = setTimeout(fire, ms);
  };
  return call;
}
