// A step as a card: what it is, one line, what is wrong with it, and its ways out as cells that lines begin at.

import { Handle, Position, useUpdateNodeInternals, type Node, type NodeProps } from "@xyflow/react";
import { useEffect } from "react";
import { Shape } from "../../../parts/State";
import { ways, type FlowNode, type Way } from "./document";
import { CARD_WIDTH, cardWidth } from "./layout";
import { Icon } from "../../../parts/Icon";
import { stepIcon } from "./stepIcon";
import { findingWords, kindName, line, wayName, type Finding } from "./words";

export type StepData = {
  name: string;
  node: FlowNode;
  findings: Finding[];
  /** Its number on the way of the test caller. */
  order: number | undefined;
  /** Ids of the ways that the test caller went, with spaces between. */
  hit: string;
};
export type EntryData = { used: string; walked: boolean };

export function StepCard({ id, data, selected }: NodeProps<Node<StepData, "step">>) {
  const { name, node, findings, order } = data;
  const out = ways(node);
  const width = cardWidth(node);
  const hit = new Set(data.hit.split(" "));
  const [first] = findings;
  const tone = first?.severity === "problem" ? "bad" : "warn";
  // Lines begin at cells: where those are has to be measured anew whenever they change.
  const measure = useUpdateNodeInternals();
  const cells = out.map((way) => way.id).join(" ");
  useEffect(() => measure(id), [measure, id, cells, width]);
  return (
    <div
      className={`step-card ${order ? "on" : ""} ${selected ? "sel" : ""} ${first ? tone : ""}`}
      style={{ width }}
      title={`${kindName(node.kind)}: ${line(node)}`}
    >
      <Handle type="target" position={Position.Top} />
      <div className="step-head">
        <span className="step-icon">
          <Icon name={stepIcon(node.kind)} />
        </span>
        <span className="grow">
          <b className="med cut block">{name}</b>
          <span className="micro dim cut block">{line(node)}</span>
        </span>
        {order !== undefined && <span className="step-order">{order}</span>}
      </div>
      {first && (
        <div className={`step-finding micro ${tone}`} title={findings.map((each) => findingWords(each, node.kind)).join("\n")}>
          <Shape tone={tone} />
          <span>
            {findingWords(first, node.kind)}
            {findings.length > 1 && ` (and ${findings.length - 1} more)`}
          </span>
        </div>
      )}
      {out.length > 0 && (
        <div className="step-ports">
          {out.map((way) => (
            <span
              key={way.id}
              className={`step-port ${hit.has(way.id) ? "hit" : ""} ${way.to || way.otherwise ? "" : "open"}`}
              title={leads(node, way)}
            >
              <span className="cut">{cellName(node, way)}</span>
              <Handle type="source" position={Position.Bottom} id={way.id} />
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

/** A name that fits its cell: one of many keys is narrow, and the title says the rest. */
function cellName(node: FlowNode, way: Way): string {
  return node.kind === "menu" && way.id === "on:default" ? "Otherwise" : wayName(node, way);
}

function leads(node: FlowNode, way: Way): string {
  const name = wayName(node, way);
  if (way.to) return `${name}: ${way.to}`;
  return way.otherwise ? `${name}: ${way.otherwise}, as whatever else happens` : name;
}

export function EntryCard({ data }: NodeProps<Node<EntryData, "entry">>) {
  return (
    <div className={`step-card entry ${data.walked ? "on" : ""}`} style={{ width: CARD_WIDTH }}>
      <div className="step-head">
        <span className="step-icon">
          <Icon name={stepIcon("entry")} />
        </span>
        <span className="grow">
          <b className="med cut block">Call comes in</b>
          <span className="micro dim cut block">{data.used || "No number uses it yet"}</span>
        </span>
      </div>
      <Handle type="source" position={Position.Bottom} />
    </div>
  );
}
