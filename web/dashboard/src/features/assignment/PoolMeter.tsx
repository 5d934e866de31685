// A pool in one bar: in a call solid, held hatched, free left empty; all three also in figures. It warns
// when a new visitor would get none.

import { Shape } from "../../parts/State";
import type { Pool } from "./words";

export function PoolMeter({ pool }: { pool: Pick<Pool, "size" | "held" | "free" | "in_call"> }) {
  const size = Math.max(1, pool.size);
  const tight = pool.size > 0 && pool.free === 0;
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
