// The flow as a list: the same steps, ways and findings as the drawing, in the order in which a call meets them.

import { Shape } from "../../../parts/State";
import { inOrder, ways, type FlowDocument, type Kind } from "./document";
import { Icon } from "../../../parts/Icon";
import { stepIcon } from "./stepIcon";
import type { Walk } from "./walk";
import { findingsOf, findingWords, kindName, line, wayName, type Finding } from "./words";

type OutlineProps = {
  document: FlowDocument;
  findings: readonly Finding[];
  walk: Walk;
  selected: readonly string[];
  select: (name: string) => void;
};

export function Outline({ document, findings, walk, selected, select }: OutlineProps) {
  const names = inOrder(document);
  return (
    <div className="flow-outline">
      <ol aria-label="Steps of the flow">
        {names.map((name) => {
          const node = document.nodes[name];
          if (!node) return null;
          const own = findingsOf(findings, name);
          return (
            <li key={name} className={selected.includes(name) ? "chosen" : ""}>
              <button type="button" aria-pressed={selected.includes(name)} onClick={() => select(name)}>
                <span className={`step-icon ${walk.order.has(name) ? "walked" : ""}`}>
                  <Icon name={stepIcon(node.kind)} />
                </span>
                <span className="grow">
                  <span className="row">
                    <b className="med cut">{name}</b>
                    {kindName(node.kind) !== name && <span className="small dim">{kindName(node.kind)}</span>}
                    {name === document.start && <span className="badge">Calls begin here</span>}
                    {walk.order.has(name) && <span className="step-order">{walk.order.get(name)}</span>}
                  </span>
                  <span className="small soft cut block">{line(node)}</span>
                  {own.map((finding) => (
                    <Said key={finding.message} finding={finding} kind={node.kind} />
                  ))}
                </span>
              </button>
              {ways(node).length > 0 && (
                <ul aria-label={`Ways out of ${name}`}>
                  {ways(node).map((way) => (
                    <li key={way.id} className="small">
                      <span className="soft cut">{wayName(node, way)}</span>
                      {way.to || way.otherwise ? (
                        <button type="button" className="linkish" onClick={() => select(way.to || way.otherwise)}>
                          {way.to || way.otherwise}
                        </button>
                      ) : (
                        <span className="dim">the call ends</span>
                      )}
                    </li>
                  ))}
                </ul>
              )}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** A finding with its shape, its colour and its words. */
export function Said({ finding, kind }: { finding: Finding; kind: Kind | undefined }) {
  const tone = finding.severity === "problem" ? "bad" : "warn";
  return (
    <span className={`said small ${tone}`}>
      <Shape tone={tone} />
      <span>{findingWords(finding, kind)}</span>
    </span>
  );
}
