// The words for what is delivered outside.

import type { Schema } from "@trunkline/api-client";

export type OutboxEvent = Schema<"OutboxEvent">;
export type DeliveryState = "dead" | "unknown" | "waiting" | "sending" | "done";

/** Each state: its name, what it means, and what to say when there is none. */
export const deliveryStates: Record<DeliveryState, { label: string; means: string; none: string }> = {
  dead: {
    label: "Not delivered",
    means: "Tried seven times within a good day, or refused for good. Nothing sends them again but you.",
    none: "Everything was delivered",
  },
  unknown: {
    label: "Perhaps delivered",
    means: "Sent, and nobody knows whether they arrived: no answer came, or the server ended meanwhile. They are never sent twice by themselves.",
    none: "Nothing is unclear",
  },
  waiting: {
    label: "Waiting",
    means: "Sent when their time has come: at once, and after a failure in 10 seconds, 1 minute, 10 minutes, 1, 6 and 24 hours.",
    none: "Nothing waits",
  },
  sending: { label: "On their way", means: "Being sent right now.", none: "Nothing is on its way" },
  done: { label: "Delivered", means: "The other side has them.", none: "Nothing was delivered yet" },
};

const kinds: Record<string, string> = { lead_post: "Lead to a buyer", call_post: "Call to a buyer" };

/** A kind in words; one that is not known as it is stored. */
export function kindWords(kind: string): string {
  return kinds[kind] ?? kind;
}
