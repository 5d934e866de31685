// A visit as marks of the timeline, calls included. Pure.

import type { Schema } from "@trunkline/api-client";
import { pageName, path } from "../../base/figures";
import type { Mark } from "../call/timeline";

type Session = Pick<Schema<"SessionDetail">, "touches" | "pages" | "showings" | "taps" | "calls">;

export function sessionMarks(session: Session): Mark[] {
  const touches = session.touches.map((touch, i): Mark => ({
    at: touch.at,
    kind: i === 0 ? "first_touch" : "touch",
    title: touch.source.label,
    detail: path(touch.page),
  }));
  const arrivals = new Set(session.touches.map((touch) => touch.at));
  // The page of an arrival is already told by its touch.
  const pages = session.pages
    .filter((page) => !arrivals.has(page.at))
    .map((page): Mark => ({ at: page.at, kind: "page", title: pageName(page.page), detail: "" }));
  const showings = session.showings.map((showing): Mark => ({
    at: showing.from_at,
    kind: "number_shown",
    title: "Number shown",
    detail: showing.number_display,
  }));
  const taps = session.taps.map((tap): Mark => ({
    at: tap.at,
    kind: "tap",
    title: "Tap to call",
    detail: tap.number_display,
  }));
  const calls = session.calls.flatMap((call): Mark[] => [
    { at: call.started_at, kind: "ring", title: "Ring", detail: call.number.number_display },
    ...(call.answered_at
      ? [{ at: call.answered_at, kind: "connected", title: "Connected", detail: call.destination_display ?? "" }]
      : []),
    ...(call.ended_at ? [{ at: call.ended_at, kind: "ended", title: "Ended", detail: "" }] : []),
  ]);
  return [...touches, ...pages, ...showings, ...taps, ...calls].sort((a, b) => a.at - b.at);
}
