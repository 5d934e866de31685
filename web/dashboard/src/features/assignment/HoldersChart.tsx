// Who holds what: a line per pool number over the last hour, with its holder, its calls and its state now.

import { useLocation } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { clockMinutes } from "../../base/time";
import { Card } from "../../parts/Card";
import { useZone } from "../access/session";
import { picture } from "./holders";
import { leaseState, type Lease } from "./words";

const WIDTH = 768;
const LEFT = 116;
const RIGHT = 684;
const ROW = 22;
const HEAD = 22;
const SPAN_MS = 60 * 60_000;

type HoldersChartProps = { leases: Lease[]; calls: Schema<"CallSummary">[]; now: number };

export function HoldersChart({ leases, calls, now }: HoldersChartProps) {
  const zone = useZone();
  const [, go] = useLocation();
  const plan = picture(leases, calls, { left: LEFT, right: RIGHT, now, spanMs: SPAN_MS });
  const height = HEAD + leases.length * ROW + 6;
  return (
    <Card title="Who holds what" right={<Key />} className="wide-only">
      <div className="body">
        <svg
          className="chart"
          viewBox={`0 0 ${WIDTH} ${height}`}
          role="img"
          aria-label={`Who holds each of the ${leases.length} pool numbers, over the last hour`}
        >
          <defs>
            <pattern id="unconfirmed" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="2" height="5" fill="var(--accent)" />
            </pattern>
          </defs>
          {plan.ticks.map((tick) => (
            <g key={tick.at}>
              <path className="grid" d={`M${tick.x} ${HEAD}V${height}`} />
              <text x={tick.x} y="12" textAnchor="middle">
                {clockMinutes(tick.at, zone)}
              </text>
            </g>
          ))}
          {plan.rows.map(({ lease, bar, calls: marks }, i) => {
            const y = HEAD + i * ROW;
            const state = leaseState(lease, now);
            return (
              <g key={lease.number.id}>
                <title>
                  {[lease.number.number_display, lease.visitor_label, lease.source_label, state.word]
                    .filter(Boolean)
                    .join(", ")}
                </title>
                <text x="0" y={y + 15} style={{ fill: "var(--text)" }}>
                  {lease.number.number_display}
                </text>
                <path className="grid" d={`M${LEFT} ${y + ROW - 0.5}H${RIGHT}`} />
                {bar && (
                  <rect x={bar.from} y={y + 4} width={bar.to - bar.from} height="13" rx="2" {...looks[bar.look]} />
                )}
                {marks.map((mark) => (
                  <path
                    key={mark.id}
                    onClick={() => go(`/calls/${mark.id}`)}
                    style={{ cursor: "pointer" }}
                    stroke="var(--panel)"
                    d={
                      mark.stray
                        ? `M${mark.x} ${y + 3}l7 14h-14z`
                        : `M${mark.x} ${y + 5}l5.5 5.500-5.500 5.500-5.500-5.500z`
                    }
                    fill={mark.stray ? "var(--bad)" : "var(--text)"}
                  >
                    <title>{mark.stray ? `Stray call, ${mark.title}` : `Call, ${mark.title}`}</title>
                  </path>
                ))}
                <text
                  x={RIGHT + 10}
                  y={y + 15}
                  style={{
                    fill: state.tone === "live" ? "var(--accent-text)" : "var(--text-3)",
                    fontWeight: state.tone === "live" ? 500 : 400,
                  }}
                >
                  {state.word}
                </text>
              </g>
            );
          })}
          <path className="now" d={`M${RIGHT} 18V${height}`} />
        </svg>
      </div>
    </Card>
  );
}

const looks = {
  now: { fill: "var(--accent)" },
  past: { fill: "var(--chart-past)" },
  provisional: { fill: "url(#unconfirmed)", stroke: "var(--accent)" },
};

function Key() {
  return (
    <span className="key">
      <span>
        <i style={{ background: "var(--accent)" }} />
        Held now
      </span>
      <span>
        <i style={{ background: "var(--chart-past)" }} />
        Last holder
      </span>
      <span>
        <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
          <path d="M5 0l5 5-5 5-5-5z" fill="var(--text)" />
        </svg>
        Call
      </span>
      <span>
        <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
          <path d="M5 0l5 10H0z" fill="var(--bad)" />
        </svg>
        Stray call
      </span>
    </span>
  );
}
