// A pool in one bar: in a call solid, held hatched, free left empty; all three also in figures.

import { Shape } from "../../parts/State";
import type { Pool } from "./words";

/** From this share of use on, the meter warns. */
const TIGHT = 0.9;

export function PoolMeter({ pool }: { pool: Pick<Pool, "size" | "held" | "free" | "in_call"> }) {
  const size = Math.max(1, pool.size);
  const tight = pool.size > 0 && 1 - pool.free / size >= TIGHT;
  return (
    <div className={tight ? "meter warn" : "meter"}>
      <div className="bar" aria-hidden="true">
        <span className="used" style={{ width: `${(pool.in_call / size) * 100}%` }} />
        <span className="res" style={{ width: `${(pool.held / size) * 100}%` }} />
      </div>
      <div className="leg">
        <span>
          <b>{pool.in_call}</b> in call
        </span>
        <span>
          <b>{pool.held}</b> held
        </span>
        <span className={tight ? "warn row tight" : "row tight"}>
          {tight && <Shape tone="warn" />}
          <b style={{ color: "inherit" }}>{pool.free}</b> free of {pool.size}
        </span>
      </div>
    </div>
  );
}
