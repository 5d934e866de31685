// How large the pool should be: a replay of the site's own visits at several sizes, as accuracy against cost.

import { NumberInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../../api/client";
import { count, money, percent, plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Scroll } from "../../parts/Scroll";
import { Loaded } from "../../parts/Waiting";
import { useMe } from "../access/session";
import { advised, curve, formulaWords, type Advice as Advised } from "./advice";
import type { Pool } from "./words";

/** What a number costs in a month where nothing else is said; carriers ask for about as much. */
const PRICE_USUAL = 1;
const MICROS = 1_000_000;
const FRESH_MS = 10 * 60_000;

export function Advice({ pool }: { pool: Pool }) {
  const [price, setPrice] = useState(PRICE_USUAL);
  const query = useQuery({
    queryKey: ["advice", pool.id, pool.size, price],
    queryFn: () =>
      take(
        api.GET("/api/v1/pools/{id}/advice", {
          params: { path: { id: pool.id }, query: { price_micros: Math.round(price * MICROS) } },
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: FRESH_MS,
  });
  return (
    <Card title="How many numbers" right={<span className="wide-only">the last 30 days, replayed</span>}>
      <Loaded query={query} title="The advice did not arrive">
        {(advice) =>
          advice.enough ? (
            <Told advice={advice} price={price} setPrice={setPrice} />
          ) : (
            <p className="pad soft">
              {advice.visits === 0
                ? "Nobody was shown a number of this pool yet."
                : `${plural(advice.visits, "visitor")} saw its numbers so far.`}{" "}
              From {advice.visits_min} on, their visits are replayed here over pools of several sizes.
            </p>
          )
        }
      </Loaded>
    </Card>
  );
}

type ToldProps = { advice: Advised; price: number; setPrice: (price: number) => void };

function Told({ advice, price, setPrice }: ToldProps) {
  const { currency } = useMe().account;
  return (
    <div className="body stack">
      <p className="med">{advised(advice)}</p>
      <Curve advice={advice} />
      <Scroll label="The sizes that were tried">
        <table className="t">
          <thead>
            <tr>
              <th scope="col" className="num">
                Numbers
              </th>
              <th scope="col" className="num">
                Right
              </th>
              <th scope="col" className="num">
                Wrong visit
              </th>
              <th scope="col" className="num">
                None free
              </th>
              <th scope="col" className="num">
                A month
              </th>
              <th scope="col">
                <span className="sr">Remark</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {advice.sizes.map((size) => (
              <tr key={size.numbers}>
                <td className="num">{count(size.numbers)}</td>
                <td className="num">{percent(size.right)}</td>
                <td className="num soft">{percent(size.wrong)}</td>
                <td className="num soft">{percent(size.overflow)}</td>
                <td className="num soft">{money(size.monthly_cost_micros ?? 0, currency)}</td>
                <td className="dim">
                  {[size.numbers === advice.size && "now", size.numbers === advice.knee && "enough"]
                    .filter(Boolean)
                    .join(", ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <NumberInput
        label={`A number costs, ${currency} per month`}
        size="xs"
        min={0}
        max={1_000}
        decimalScale={2}
        fixedDecimalScale
        value={price}
        onChange={(value) => setPrice(typeof value === "number" ? value : PRICE_USUAL)}
        style={{ maxWidth: 180 }}
      />
      <p className="small soft">
        <b>Right</b> is the share of calls that the number alone credits to the visit they came from, in a replay of{" "}
        {count(advice.visits)} visits. Taps, returning callers and what people confirm come on top, so that more of the
        real calls are right: how many, the site's page shows.
      </p>
      <p className="small soft">
        In the busiest hour {plural(Math.round(advice.busiest_hour), "visit")} hold a number for{" "}
        {advice.held_minutes.toFixed(1)} min each, so that {advice.load.toFixed(1)} are taken at a time.{" "}
        {formulaWords(advice)}
      </p>
    </div>
  );
}

/** On a phone the drawing is made narrower, not smaller: its words stay as large as others. */
const WIDTH = { wide: 560, narrow: 320 };
const HEIGHT = 168;

function Curve({ advice }: { advice: Advised }) {
  const width = useMediaQuery("(max-width: 760px)") ? WIDTH.narrow : WIDTH.wide;
  const frame = { left: 40, right: width - 16, top: 24, bottom: HEIGHT - 26 };
  const plan = curve(advice, frame);
  return (
    <svg className="chart" viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label="Calls credited right, by size">
      {plan.lines.map((line) => (
        <g key={line.share}>
          <path className="grid" d={`M${frame.left} ${line.y}H${frame.right}`} />
          <text x={frame.left - 8} y={line.y + 4} textAnchor="end">
            {percent(line.share)}
          </text>
        </g>
      ))}
      <polyline
        points={plan.points.map((p) => `${p.x},${p.y}`).join(" ")}
        fill="none"
        stroke="var(--accent)"
        strokeWidth="2"
      />
      {plan.points.map((p) => (
        <g key={p.numbers}>
          <title>
            {plural(p.numbers, "number")}: {percent(p.right)} right
          </title>
          <circle
            cx={p.x}
            cy={p.y}
            r={p.numbers === advice.knee ? 5 : 3}
            fill={p.numbers === advice.size ? "var(--text)" : "var(--accent)"}
          />
          {p.named && (
            <text x={p.x} y={HEIGHT - 8} textAnchor="middle">
              {p.numbers}
            </text>
          )}
        </g>
      ))}
      {plan.knee && (
        <text x={plan.knee.x} y={plan.knee.y - 10} textAnchor="middle" style={{ fill: "var(--text)" }}>
          enough
        </text>
      )}
    </svg>
  );
}
