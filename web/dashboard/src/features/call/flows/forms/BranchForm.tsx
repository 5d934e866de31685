// The form of a branch: cases in order, each a few comparisons that must all, or any of them, be true.

import { Button, NumberInput, SegmentedControl, Select, TextInput } from "@mantine/core";
import { Icon } from "../../../../parts/Icon";
import { channelChoices } from "../../words";
import type { Case } from "../document";
import { StepSelect } from "../StepSelect";
import { caseOf, freshRow, opOf, rowsOf, subjectOf, subjects, testWords, type Row, type Rows } from "../when";
import { WAYS_MAX } from "./deciding";
import { Entry, moved, replaced, TextList, type FormProps } from "./fields";

export function BranchForm({ node, document, name, set }: FormProps<"branch">) {
  const { cases } = node;
  return (
    <fieldset className="plain">
      <legend className="small soft">Cases, the first that is true decides</legend>
      <ul className="entries">
        {cases.map((each, i) => (
          <Entry
            key={i}
            what={`case ${i + 1}`}
            up={i > 0 ? () => set({ ...node, cases: moved(cases, i, i - 1) }) : undefined}
            down={i < cases.length - 1 ? () => set({ ...node, cases: moved(cases, i, i + 1) }) : undefined}
            remove={() => set({ ...node, cases: cases.filter((_, at) => at !== i) })}
          >
            <CaseFields
              at={i + 1}
              case={each}
              set={(next, about) => set({ ...node, cases: replaced(cases, i, next) }, about && `${about} ${i}`)}
            />
            <StepSelect
              visible
              label="leads to"
              document={document}
              except={name}
              value={each.to}
              set={(to) => set({ ...node, cases: replaced(cases, i, { ...each, to }) })}
            />
          </Entry>
        ))}
      </ul>
      {cases.length === 0 && <p className="small bad">Add a case at least.</p>}
      {cases.length < WAYS_MAX && (
        <div>
          <Button
            size="xs"
            leftSection={<Icon name="plus" size={14} />}
            onClick={() =>
              set({ ...node, cases: [...cases, { when: caseOf({ join: "all", rows: [freshRow("source.medium")] }), to: "" }] })
            }
          >
            Add a case
          </Button>
        </div>
      )}
    </fieldset>
  );
}

type CaseProps = { at: number; case: Case; set: (next: Case, about?: string) => void };

function CaseFields({ at, case: each, set }: CaseProps) {
  const rows = rowsOf(each.when);
  const keep = (next: Rows, about?: string) => set({ ...each, when: caseOf(next) }, about);
  if (!rows) {
    return (
      <div className="stack close">
        <p className="small">{testWords(each.when)}</p>
        <p className="small dim">It is nested deeper than this form goes. It stays as it is, or begins anew.</p>
        <div>
          <Button size="xs" onClick={() => keep({ join: "all", rows: [freshRow("source.medium")] })}>
            Begin anew
          </Button>
        </div>
      </div>
    );
  }
  return (
    <div className="stack close">
      {rows.rows.length > 1 && (
        <SegmentedControl
          aria-label={`Case ${at} is true when`}
          value={rows.join}
          onChange={(join) => keep({ ...rows, join: join as Rows["join"] })}
          data={[
            { value: "all", label: "All are true" },
            { value: "any", label: "One is true" },
          ]}
        />
      )}
      {rows.rows.map((row, i) => (
        <RowFields
          key={i}
          label={`Case ${at}, comparison ${i + 1}`}
          row={row}
          set={(next, about) => keep({ ...rows, rows: replaced(rows.rows, i, next) }, about)}
          remove={rows.rows.length > 1 ? () => keep({ ...rows, rows: rows.rows.filter((_, n) => n !== i) }) : undefined}
        />
      ))}
      <div>
        <Button
          size="xs"
          variant="subtle"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => keep({ ...rows, rows: [...rows.rows, freshRow("geo.state")] })}
        >
          Another comparison
        </Button>
      </div>
    </div>
  );
}

type RowProps = { label: string; row: Row; set: (next: Row, about?: string) => void; remove?: () => void };

function RowFields({ label, row, set, remove }: RowProps) {
  const subject = subjectOf(row.subject);
  const op = opOf(row);
  const ways = subject.ops.flatMap((each) => [
    { value: each.id, label: each.name },
    ...(each.not || (row.not && each.id === op.id)
      ? [{ value: `!${each.id}`, label: each.not ?? `not: ${each.name}` }]
      : []),
  ]);
  const text = (value: string) => set({ ...row, value }, label);
  const hint = row.op === "prefix" ? "+1214" : subject.hint;
  return (
    <div className="when-row">
      <div className="row">
        <Select
          aria-label={`${label}: what`}
          style={{ flex: 1 }}
          data={subjects.map((each) => ({ value: each.id, label: each.name }))}
          value={row.subject}
          allowDeselect={false}
          onChange={(next) => next && next !== row.subject && set(freshRow(next))}
        />
        <Select
          aria-label={`${label}: how`}
          style={{ flex: 1 }}
          data={ways}
          value={row.not ? `!${op.id}` : op.id}
          allowDeselect={false}
          onChange={(next) => next && set({ ...row, op: next.replace("!", ""), not: next.startsWith("!") })}
        />
      </div>
      {row.subject === "tag" && (
        <TextInput
          aria-label={`${label}: tag`}
          placeholder="zip"
          value={row.tag}
          error={/^[a-z0-9_]{1,40}$/.test(row.tag) ? undefined : "Write the tag's name"}
          onChange={(event) => set({ ...row, tag: event.currentTarget.value }, `${label} tag`)}
        />
      )}
      {op.value === "text" &&
        (row.subject === "source.channel" && op.id === "is" ? (
          <Select
            aria-label={`${label}: value`}
            data={channelChoices}
            value={row.value || null}
            allowDeselect={false}
            placeholder="Choose a channel"
            error={row.value ? undefined : "Choose one"}
            onChange={(value) => value && text(value)}
          />
        ) : (
          <TextInput
            aria-label={`${label}: value`}
            placeholder={hint}
            value={row.value}
            error={row.value ? undefined : `Write one, such as ${hint}`}
            onChange={(event) => text(event.currentTarget.value)}
          />
        ))}
      {op.value === "list" && (
        <TextList label={`${label}: values`} value={row.list} placeholder={hint} set={(list) => set({ ...row, list })} />
      )}
      {op.value === "number" && (
        <NumberInput
          aria-label={`${label}: value`}
          value={Number(row.value) || 0}
          min={0}
          max={row.subject === "score" ? 100 : undefined}
          clampBehavior="strict"
          allowDecimal={false}
          allowNegative={false}
          hideControls
          onChange={(value) => typeof value === "number" && text(String(value))}
        />
      )}
      {remove && (
        <div>
          <Button size="xs" variant="subtle" aria-label={`Remove ${label}`} onClick={remove}>
            Remove
          </Button>
        </div>
      )}
    </div>
  );
}
