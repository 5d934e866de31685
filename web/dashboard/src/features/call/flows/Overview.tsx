// The side panel while no step is chosen: the flow itself, what is wrong with it, and which numbers and sites use it.

import { Button, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { national, plural } from "../../../base/figures";
import { Badge } from "../../../parts/State";
import { Said } from "./Outline";
import type { FlowDocument } from "./document";
import type { Flow } from "./queries";
import { StepSelect } from "./StepSelect";
import { findingsOf, type Finding } from "./words";

type OverviewProps = {
  flow: Flow;
  name: string;
  document: FlowDocument;
  findings: readonly Finding[];
  editable: boolean;
  rename: (name: string) => void;
  begin: (name: string) => void;
  select: (name: string) => void;
  /** Takes the draft back to what is published. */
  discard?: () => void;
};

export function Overview(props: OverviewProps) {
  const { flow, document, findings, editable, begin, select, discard } = props;
  const problems = findings.filter((finding) => finding.severity === "problem");
  const warnings = findings.filter((finding) => finding.severity !== "problem");
  return (
    <section className="flow-side" aria-label="The flow">
      <header>
        <h2>The flow</h2>
        <span className="grow" />
        <span className="small dim">{plural(Object.keys(document.nodes).length, "step")}</span>
      </header>
      <fieldset disabled={!editable} className="bare-fields">
        <div className="part form">
          <Name key={props.name} {...props} />
          <StepSelect visible label="Calls begin at" document={document} value={document.start} set={(to) => to && begin(to)} />
        </div>
      </fieldset>
      <div className="part">
        <div className="row">
          <h3>Findings</h3>
          {problems.length > 0 && <Badge tone="bad">{plural(problems.length, "problem")}</Badge>}
          {warnings.length > 0 && <Badge tone="warn">{plural(warnings.length, "warning")}</Badge>}
        </div>
        {findings.length === 0 && <p className="small dim">Nothing stands in the way of publishing.</p>}
        <ul className="findings">
          {[...new Set([...problems, ...warnings].map((finding) => finding.node))].map((node) => (
            <li key={node}>
              {node ? (
                <button type="button" className="linkish small med" onClick={() => select(node)}>
                  {node}
                </button>
              ) : (
                <span className="small med">The flow</span>
              )}
              {findingsOf(findings, node).map((finding) => (
                <Said key={finding.message} finding={finding} kind={document.nodes[node]?.kind} />
              ))}
            </li>
          ))}
        </ul>
        {problems.length > 0 && (
          <p className="small dim">
            Publishing waits until no problem is left.{flow.published ? " The published version keeps answering." : ""}
          </p>
        )}
      </div>
      <div className="part">
        <h3>Used by</h3>
        <Users flow={flow} />
      </div>
      {discard && editable && (
        <div className="part">
          <div>
            <Button size="xs" onClick={discard}>
              Discard the draft
            </Button>
          </div>
        </div>
      )}
    </section>
  );
}

function Name({ name, rename }: OverviewProps) {
  const [text, setText] = useState(name);
  useEffect(() => setText(name), [name]);
  const keep = () => (text.trim() ? rename(text.trim()) : setText(name));
  return (
    <TextInput
      label="Name of the flow"
      value={text}
      error={text.trim() ? undefined : "Write a name, such as Roofing Dallas"}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => event.key === "Enter" && keep()}
    />
  );
}

function Users({ flow }: { flow: Flow }) {
  if (flow.numbers.length + flow.sites.length === 0)
    return (
      <p className="small dim">
        {flow.published ? "Nothing yet." : "Nothing yet; publish it first."} Choose it at a{" "}
        <Link href="/numbers">number</Link> or a <Link href="/sites">site</Link>: calls run it from then on.
      </p>
    );
  return (
    <ul className="small users">
      {flow.sites.map((site) => (
        <li key={site.id}>
          <Link href={`/sites/${site.id}`}>{site.name}</Link> <span className="dim">its numbers without a flow</span>
        </li>
      ))}
      {flow.numbers.map((number) => (
        <li key={number.id}>
          <Link className="tel" href={`/calls?number=${number.id}`}>
            {national(number.name)}
          </Link>
        </li>
      ))}
    </ul>
  );
}
