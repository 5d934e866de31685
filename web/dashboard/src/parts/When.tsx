// A time in the account's zone: relative in the text, exact on hover.

import { useZone } from "../features/access/session";
import { ago, clockOrDay, exact, minutesSeconds } from "../base/time";
import { useNow } from "./now";

/** "3 min ago", with the exact time on hover. */
export function Ago({ at }: { at: number }) {
  const zone = useZone();
  const now = Math.max(useNow(), at);
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at, zone)}>
      {ago(at, now, zone)}
    </time>
  );
}

/** "14:03:08" today, "Oct 9, 14:03" before, with the exact time on hover. */
export function At({ at }: { at: number }) {
  const zone = useZone();
  const now = useNow(60_000);
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at, zone)}>
      {clockOrDay(at, now, zone)}
    </time>
  );
}

/** A running "0:42" since `from`. */
export function Elapsed({ from }: { from: number }) {
  const now = useNow();
  return <>{minutesSeconds((now - from) / 1_000)}</>;
}
