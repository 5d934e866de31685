// Which candidates of a call are shown at once. Pure.

import type { Schema } from "@trunkline/api-client";

type Candidate = Schema<"CallDetail">["candidates"][number];

/** Below this share a visit is folded away. */
const SHOWN_MIN = 0.01;

/** The candidates that are worth a line; the first, the credited and "none of these" always are. */
export function parted<T extends Pick<Candidate, "session" | "probability" | "credited">>(
  candidates: T[],
): { shown: T[]; folded: number } {
  const shown = candidates.filter(
    (each, i) => i === 0 || each.credited || !each.session || each.probability >= SHOWN_MIN,
  );
  return { shown, folded: candidates.length - shown.length };
}
