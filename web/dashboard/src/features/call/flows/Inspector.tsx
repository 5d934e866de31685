// The side panel of one step: its name, its findings, its settings and where its ways out lead.

import { ActionIcon, Menu, Select, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { Icon } from "../../../parts/Icon";
import {
  type FlowDocument,
  type FlowNode,
  nameProblem,
  type Outcomes,
  otherOutcomes,
  ways,
  type Way,
} from "./document";
import { StepForm } from "./forms/StepForm";
import { Said } from "./Outline";
import { stepIcon } from "./stepIcon";
import { StepSelect } from "./StepSelect";
import { missingWords } from "./Steps";
import { findingsOf, kindName, kinds as kindWords, outcomeName, wayName, type Finding, type NodeKind } from "./words";

type InspectorProps = {
  name: string;
  document: FlowDocument;
  findings: readonly Finding[];
  outcomes: Outcomes;
  kinds: readonly NodeKind[];
  editable: boolean;
  set: (node: FlowNode, about?: string) => void;
  link: (way: string, to: string) => void;
  rename: (wanted: string) => void;
  begin: () => void;
  duplicate: () => void;
  remove: () => void;
  close: () => void;
};

export function Inspector(props: InspectorProps) {
  const { name, document, findings, kinds, editable, set, close } = props;
  const node = document.nodes[name];
  if (!node) return null;
  const own = findingsOf(findings, name);
  const missing = missingWords(kinds.find((each) => each.kind === node.kind)?.missing ?? []);
  return (
    <section className="flow-side" aria-label={`Step ${name}`}>
      <header>
        <span className="accent-ink">
          <Icon name={stepIcon(node.kind)} />
        </span>
        <h2 className="cut">{kindName(node.kind)}</h2>
        <span className="grow" />
        {editable && <Acts {...props} />}
        <ActionIcon size={26} aria-label="Close the step" onClick={close}>
          <Icon name="close" />
        </ActionIcon>
      </header>
      <div className="part">
        <p className="small dim">{kindWords[node.kind]?.means}.</p>
        {own.length > 0 && (
          <div className="findings" role="group" aria-label="Findings">
            {own.map((finding) => (
              <Said key={finding.message} finding={finding} kind={node.kind} />
            ))}
          </div>
        )}
        {own.length === 0 && missing && <p className="small dim">{missing}</p>}
      </div>
      <fieldset disabled={!editable} className="bare-fields">
        <div className="part form">
          <Name key={name} {...props} />
          <StepForm key={`${name} form`} name={name} node={node} document={document} set={set} />
        </div>
        <WaysOut {...props} node={node} />
      </fieldset>
    </section>
  );
}

function Acts({ name, document, begin, duplicate, remove }: InspectorProps) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon size={26} aria-label={`Actions for ${name}`}>
          <Icon name="dots" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon name="calls" />} disabled={document.start === name} onClick={begin}>
          Let calls begin here
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="copy" />} onClick={duplicate} rightSection={<kbd>Ctrl D</kbd>}>
          Duplicate
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="trash" />} onClick={remove} rightSection={<kbd>Del</kbd>}>
          Remove
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The name is kept when the field is left: every way that leads here is told then. */
function Name({ name, document, rename }: InspectorProps) {
  const [text, setText] = useState(name);
  useEffect(() => setText(name), [name]);
  const problem = nameProblem(document, name, text);
  const keep = () => (problem ? setText(name) : rename(text));
  return (
    <TextInput
      label="Name"
      value={text}
      error={problem}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => event.key === "Enter" && keep()}
    />
  );
}

function unlinked(way: Way): string {
  if (way.sort === "target") return "Choose a step";
  return way.otherwise ? `As otherwise: ${way.otherwise}` : "The call ends";
}

function WaysOut({ name, document, node, outcomes, link }: InspectorProps & { node: FlowNode }) {
  // Keys, cases and shares have their steps beside them in the form above.
  const own = ways(node).filter((way) => way.sort === "outcome" || way.sort === "target");
  const others = otherOutcomes(node, outcomes);
  const [added, setAdded] = useState<string | null>(null);
  const shown = added && others.includes(added) ? added : null;
  if (own.length === 0 && others.length === 0) return null;
  return (
    <div className="part form">
      <h3>{node.kind === "menu" || node.kind === "branch" || node.kind === "splitter" ? "Other ways out" : "Ways out"}</h3>
      {own.map((way) => (
        <StepSelect
          key={way.id}
          visible
          label={wayName(node, way)}
          document={document}
          except={name}
          value={way.to}
          none={unlinked(way)}
          set={(to) => link(way.id, to)}
        />
      ))}
      {shown && (
        <StepSelect
          visible
          label={outcomeName(node.kind, shown)}
          document={document}
          except={name}
          value=""
          set={(to) => {
            link(`on:${shown}`, to);
            setAdded(null);
          }}
        />
      )}
      {others.length > 0 && !shown && (
        <Select
          aria-label="Another way out"
          placeholder="Another way out"
          data={others.map((word) => ({ value: word, label: outcomeName(node.kind, word) }))}
          value={null}
          onChange={setAdded}
        />
      )}
      {node.kind === "webhook" && <OwnOutcome link={link} document={document} name={name} />}
    </div>
  );
}

/** A webhook may name ways that only its author knows. */
function OwnOutcome({ name, document, link }: Pick<InspectorProps, "name" | "document" | "link">) {
  const [word, setWord] = useState("");
  const fits = /^[a-z0-9_]{1,40}$/.test(word);
  return (
    <div className="stack close">
      <TextInput
        label="A way that its answer names"
        placeholder="vip"
        value={word}
        error={word && !fits ? "Write small letters, digits or _, at most 40" : undefined}
        onChange={(event) => setWord(event.currentTarget.value)}
      />
      {fits && (
        <StepSelect
          label={`${word} leads to`}
          document={document}
          except={name}
          value=""
          set={(to) => {
            link(`on:${word}`, to);
            setWord("");
          }}
        />
      )}
    </div>
  );
}
