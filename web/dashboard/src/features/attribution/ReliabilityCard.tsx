// Whether this site's probabilities keep what they say: the curve, one plain sentence, and where the truth comes from.

import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { count } from "../../base/figures";
import { DAY } from "../../base/time";
import { Card } from "../../parts/Card";
import { useNow } from "../../parts/now";
import { Empty, Loaded } from "../../parts/Waiting";
import { At } from "../../parts/When";
import { Reweigh } from "./Reweigh";
import {
  delayWords,
  errorSentence,
  kindWords,
  modelWords,
  plainSentence,
  points,
  type Curve,
  type Reliability,
} from "./reliability";

/** How far back calls are judged. */
const DAYS = 90;
const WIDTH = 420;
const HEIGHT = 300;
const frame = { left: 46, top: 12, width: 356, height: 244 };

export function ReliabilityCard({ site, mayWrite }: { site: Schema<"Site">; mayWrite: boolean }) {
  const [asking, askingIs] = useDisclosure(false);
  // A new beginning every hour is enough for a period of months.
  const hour = Math.floor(useNow(60_000) / 3_600_000) * 3_600_000;
  const query = useQuery({
    queryKey: ["reliability", site.id, hour],
    queryFn: () =>
      take(
        api.GET("/api/v1/sites/{id}/reliability", {
          params: { path: { id: site.id }, query: { from: hour - DAYS * DAY } },
        }),
      ),
  });
  return (
    <Card
      title="Can the shares be trusted?"
      lined
      right={
        mayWrite && (
          <Button size="xs" variant="subtle" onClick={askingIs.open}>
            Weigh past calls again
          </Button>
        )
      }
    >
      <Loaded query={query} rows={4} title="The reliability did not arrive">
        {(told) => <Inside told={told} />}
      </Loaded>
      <Modal
        opened={asking}
        onClose={askingIs.close}
        title="Weigh past calls again?"
        size={560}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <Reweigh site={site} close={askingIs.close} />
      </Modal>
    </Card>
  );
}

function Inside({ told }: { told: Reliability }) {
  const labels = told.tapped.calls + told.untapped.calls;
  return (
    <>
      {labels === 0 ? (
        <Empty title="No call's truth is known yet" action={<Link href="/live">Go to Live</Link>}>
          A tap on the number seconds before a call tells by itself who called. And whoever answers can say it: open a
          call and choose under “Who is this?”. From then on you see here whether “90 %” really means nine in ten.
        </Empty>
      ) : (
        <div className="reliability">
          <Picture told={told} />
          <div className="stack close">
            <Words curve={told.untapped} name="Calls people confirmed" look="untapped" />
            <Words curve={told.tapped} name="Calls from a tap, judged without it" look="tapped" />
          </div>
        </div>
      )}
      <dl className="facts pad" style={{ borderTop: "1px solid var(--line)" }}>
        <dt>Known truths, {DAYS} days</dt>
        <dd>
          {told.labels
            .filter((label) => label.calls > 0)
            .map((label) => `${count(label.calls)} ${kindWords[label.kind] ?? label.kind}`)
            .join(", ") || "none"}
        </dd>
        <dt>How long callers wait</dt>
        <dd>{delayWords(told.model.delays)}</dd>
        <dt>Model</dt>
        <dd>
          {modelWords(told.model, labels)}
          {told.model.fitted_at != null && (
            <>
              {" "}
              In force since <At at={told.model.fitted_at} />.
            </>
          )}
        </dd>
      </dl>
    </>
  );
}

function Words({ curve, name, look }: { curve: Curve; name: string; look: string }) {
  return (
    <div>
      <p className="row small soft">
        <svg width="18" height="8" aria-hidden="true">
          <path className={`curve ${look}`} d="M0 4H18" />
        </svg>
        {name}
      </p>
      {curve.calls === 0 ? (
        <p className="soft">None so far.</p>
      ) : (
        <>
          <p className="med">{plainSentence(curve)}</p>
          <p className="small soft">
            {count(curve.right)} of {count(curve.calls)} were credited right. {errorSentence(curve)}
          </p>
        </>
      )}
    </div>
  );
}

const ticks = [0, 0.25, 0.5, 0.75, 1];

function Picture({ told }: { told: Reliability }) {
  const right = frame.left + frame.width;
  const bottom = frame.top + frame.height;
  const drawn = [
    { look: "tapped", at: points(told.tapped, frame) },
    { look: "untapped", at: points(told.untapped, frame) },
  ];
  const label = [told.untapped, told.tapped].map(plainSentence).filter(Boolean).join(" ");
  return (
    <svg
      className="chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`What was said against what was right. ${label}`}
    >
      {ticks.map((tick) => {
        const x = frame.left + tick * frame.width;
        const y = bottom - tick * frame.height;
        return (
          <g key={tick}>
            <path className="grid" d={`M${frame.left} ${y}H${right}M${x} ${frame.top}V${bottom}`} />
            <text x={x} y={bottom + 16} textAnchor="middle">
              {tick * 100} %
            </text>
            <text x={frame.left - 8} y={y + 4} textAnchor="end">
              {tick * 100} %
            </text>
          </g>
        );
      })}
      <path className="curve ideal" d={`M${frame.left} ${bottom}L${right} ${frame.top}`} />
      <text x={frame.left + frame.width / 2} y={HEIGHT - 6} textAnchor="middle">
        said
      </text>
      <text x={frame.left + 6} y={frame.top + 12}>
        right
      </text>
      {drawn.map(({ look, at }) => (
        <g key={look}>
          {at.length > 1 && <path className={`curve ${look}`} d={`M${at.map((p) => `${p.x} ${p.y}`).join("L")}`} />}
          {at.map((point, i) => (
            <circle key={i} className={`dot ${look}`} cx={point.x} cy={point.y} r={point.r}>
              <title>
                {`${count(point.bin.calls)} calls: said ${Math.round(point.bin.said * 100)} %, right ${Math.round(point.bin.right * 100)} %`}
              </title>
            </circle>
          ))}
        </g>
      ))}
    </svg>
  );
}
