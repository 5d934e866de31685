// Pages of a list that is read by cursors: the way back is remembered, and given up when the filters change.

import { Button } from "@mantine/core";
import { useState } from "react";

export type Way = { n: number; cursor: string | undefined; back: () => void; on: (next: string) => void };

/** Where one is in a list; `of` says which list it is. */
export function useWay(of: string): Way {
  // The cursors of the pages before this one.
  const [way, setWay] = useState<{ of: string; cursors: string[] }>({ of, cursors: [] });
  const cursors = way.of === of ? way.cursors : [];
  return {
    n: cursors.length + 1,
    cursor: cursors.at(-1),
    back: () => setWay({ of, cursors: cursors.slice(0, -1) }),
    on: (next) => setWay({ of, cursors: [...cursors, next] }),
  };
}

/** Nothing when everything is on one page. */
export function PagesFoot({ way, next }: { way: Way; next: string | null | undefined }) {
  if (way.n === 1 && !next) return null;
  return (
    <div className="foot row between">
      <span className="small dim">Page {way.n}, the newest first</span>
      <span className="row tight">
        <Button size="xs" disabled={way.n === 1} onClick={way.back}>
          Newer
        </Button>
        <Button size="xs" disabled={!next} onClick={() => next && way.on(next)}>
          Older
        </Button>
      </span>
    </div>
  );
}
