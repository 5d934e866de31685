// The timeline: one line from first touch to hang-up; upright on a phone.

import { useElementSize } from "@mantine/hooks";
import { exact } from "../../base/time";
import { useNow } from "../../parts/now";
import { useZone } from "../access/session";
import { Glyph } from "./Marks";
import { isVisit, layout, noteOf, type Mark } from "./timeline";

/** The widths until the place is measured: that of the drawer, and that of a live call. */
const WIDTH = 798;
const LIVE_WIDTH = 200;
const LINE = 84;
const HEIGHT = 146;

export function Timeline({ marks, label }: { marks: Mark[]; label: string }) {
  return (
    <>
      <div className="wide-only" style={{ padding: "12px 20px 4px" }}>
        <Lying marks={marks} label={label} />
      </div>
      <div className="narrow-only" style={{ padding: "8px 16px" }}>
        <Upright marks={marks} />
      </div>
    </>
  );
}

function Lying({ marks, label }: { marks: Mark[]; label: string }) {
  const zone = useZone();
  const now = useNow(60_000);
  const { ref, width: measured } = useElementSize<HTMLDivElement>();
  const width = Math.round(measured) || WIDTH;
  const plan = layout(marks, { width, zone, now });
  return (
    <div ref={ref}>
      <svg className="tl" width="100%" height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={label}>
        {plan.phases.map((phase) => (
          <g key={phase.from}>
            <text className="ph" x={phase.from} y="11">
              {phase.name}
            </text>
            <path className="phase" d={`M${phase.from} 18.5H${phase.to}`} />
          </g>
        ))}
        {plan.lines.map((line) =>
          line.look === "talk" ? (
            <rect key={line.from} className="talk" x={line.from} y={LINE - 4} width={line.to - line.from} height="8" />
          ) : (
            <path key={line.from} className={line.look} d={`M${line.from} ${LINE}H${line.to}`} />
          ),
        )}
        {plan.cuts.map((cut) => (
          <g key={cut.x}>
            <rect className="gap" x={cut.x - 4} y={LINE - 5} width="8" height="10" />
            <path className="gapline" d={`M${cut.x - 6} ${LINE + 5}l4-10M${cut.x + 2} ${LINE + 5}l4-10`} />
            <text x={cut.x} y={LINE + 20} textAnchor="middle">
              {cut.words}
            </text>
          </g>
        ))}
        {plan.marks.map(({ mark, x, label: words }, i) => (
          <g key={i}>
            <title>{[mark.title, mark.detail, exact(mark.at, zone)].filter(Boolean).join(", ")}</title>
            <path
              className="lead"
              d={words.above ? `M${x} ${LINE - 12}V${LINE - 23}` : `M${x} ${LINE + 12}V${LINE + 23}`}
            />
            <Glyph kind={mark.kind} x={x} y={LINE} />
            <text className="n" x={words.x} y={words.above ? 41 : 121} textAnchor={words.anchor}>
              {words.name}
            </text>
            <text x={words.x} y={words.above ? 55 : 135} textAnchor={words.anchor}>
              {words.note}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

function Upright({ marks }: { marks: Mark[] }) {
  const zone = useZone();
  const now = useNow(60_000);
  const sorted = [...marks].sort((a, b) => a.at - b.at);
  const alive = sorted.findIndex((mark) => mark.kind === "tap" || !isVisit(mark));
  return (
    <ol className="tlv">
      {sorted.map((mark, i) => (
        <li key={i} className={mark.kind === "connected" ? "k" : alive >= 0 && i >= alive ? "a" : ""}>
          <svg className="tl" viewBox="0 0 20 20" aria-hidden="true">
            <Glyph kind={mark.kind} x={10} y={10} />
          </svg>
          <span className="med cut">{mark.title}</span>
          <span className="small dim" title={exact(mark.at, zone)}>
            {noteOf(mark, sorted, zone, now)}
          </span>
        </li>
      ))}
    </ol>
  );
}

/** The short line of a live call: ring, dialling, connected, and the talk so far. */
export function LiveLine({ state, rings, talked }: { state: string; rings: boolean; talked: number }) {
  const talking = state === "talking";
  const { ref, width: measured } = useElementSize<HTMLDivElement>();
  const width = Math.round(measured) || LIVE_WIDTH;
  const end = width - 6;
  const dialled = Math.round(width * 0.35);
  const connected = Math.round(width * 0.65);
  // The bar grows fast at first and never reaches the edge: a call has no known length.
  const grown = (end - connected) * (1 - Math.exp(-talked / 240));
  return (
    <div ref={ref}>
      <svg className="tl" viewBox={`0 0 ${width} 16`} width="100%" height="16" aria-hidden="true">
        <path className="way" d={`M8 8H${end}`} />
        <path className="alive" d={`M8 8H${talking ? connected : rings ? dialled : Math.round(dialled / 2)}`} />
        {talking && <rect className="talk" x={connected} y="4" width={grown} height="8" />}
        <path className="mk full" d="M8 2.500 13.500 8 8 13.500 2.500 8z" />
        <path className={talking ? "mk full" : rings ? "mk" : "mk idle"} d={`M${dialled - 4} 3.500 ${dialled + 4} 8l-8 4.500z`} />
        <circle className={talking ? "mk full" : "mk idle"} cx={connected} cy="8" r="5" />
      </svg>
    </div>
  );
}
