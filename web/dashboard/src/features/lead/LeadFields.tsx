// What a campaign says of its leads: their fields, which consent they need, and how many buyers may have one.

import { ActionIcon, Button, Checkbox, NumberInput, Select, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, take, words } from "../../api/client";
import { count, plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { Empty } from "../../parts/Waiting";
import { useMay } from "../access/session";
import { FormDialog } from "../routing/parts";
import { at, sent, useRefresh, type Campaign } from "../routing/queries";
import {
  consentNeeds,
  fieldsProblem,
  fieldTypes,
  nameFrom,
  typeWord,
  usualFields,
  whenWords,
  withType,
  type LeadField,
  type LeadTerms,
} from "./fields";

export const fieldsOf = (campaign: Campaign) => campaign.fields as unknown as LeadField[];
const termsOf = (campaign: Campaign) => campaign.leads as unknown as LeadTerms;
const typeLabel = (field: LeadField) =>
  fieldTypes.find((each) => each.value === typeWord(field.type))?.label ?? typeWord(field.type).replaceAll("_", " ");

export function LeadFields({ campaign }: { campaign: Campaign }) {
  const [editing, setEditing] = useState(false);
  const may = useMay();
  const fields = fieldsOf(campaign);
  const terms = termsOf(campaign);
  const needs = consentNeeds.find((each) => each.value === (terms.consent?.needs ?? "nothing"))?.label ?? "Nothing";
  const change = may.write && !campaign.archived_at;
  return (
    <Card
      title="Leads"
      lined
      right={
        change &&
        fields.length > 0 && (
          <Button size="xs" onClick={() => setEditing(true)}>
            Change
          </Button>
        )
      }
    >
      {fields.length === 0 ? (
        <Empty
          title="No fields yet"
          action={
            change && (
              <Button variant="filled" onClick={() => setEditing(true)}>
                Add the fields of its leads
              </Button>
            )
          }
        >
          Without fields nothing can be a lead of this campaign; it sells calls alone.
        </Empty>
      ) : (
        <>
          <ul className="rows">
            {fields.map((field) => (
              <li key={field.name}>
                <div className="row between">
                  <span className="two">
                    <span className="med cut">{field.label}</span>
                    <span className="sub cut">
                      <code>{field.name}</code>
                    </span>
                  </span>
                  <span className="small soft num">
                    {typeLabel(field)}
                    {field.required && field.required !== "never" ? `, ${whenWords[field.required].toLowerCase()}` : ""}
                  </span>
                </div>
              </li>
            ))}
          </ul>
          <dl className="facts pad card-line">
            <dt>Consent that is needed</dt>
            <dd>{needs}</dd>
            <dt>Buyers of one lead</dt>
            <dd>at most {count(terms.buyers_max ?? 1)}</dd>
          </dl>
        </>
      )}
      <FormDialog opened={editing} close={() => setEditing(false)} title="Leads of this campaign" size={820}>
        <Editor campaign={campaign} close={() => setEditing(false)} />
      </FormDialog>
    </Card>
  );
}

/** A row keeps its key while its name is written. */
type Row = { key: number; field: LeadField };
let lastKey = 0;
const row = (field: LeadField): Row => ({ key: ++lastKey, field });

function Editor({ campaign, close }: { campaign: Campaign; close: () => void }) {
  const refresh = useRefresh();
  const there = fieldsOf(campaign);
  const [rows, setRows] = useState(() => (there.length ? there : usualFields).map(row));
  const [terms, setTerms] = useState(termsOf(campaign));
  const fields = rows.map((each) => each.field);
  const problem = fieldsProblem(fields);
  const saving = useMutation({
    mutationFn: () =>
      take(
        api.PATCH("/api/v1/campaigns/{id}", {
          params: at(campaign.id),
          body: { fields: fields as unknown as Record<string, never>[], leads: sent(terms) },
        }),
      ),
    onSuccess: async () => {
      await refresh();
      close();
    },
  });
  const put = (key: number, field: LeadField) => setRows(rows.map((each) => (each.key === key ? { key, field } : each)));
  return (
    <div className="form">
      <ol className="lead-fields">
        {rows.map(({ key, field }) => (
          <FieldRow
            key={key}
            field={field}
            fresh={!there.some((each) => each.name === field.name)}
            set={(next) => put(key, next)}
            drop={() => setRows(rows.filter((each) => each.key !== key))}
          />
        ))}
      </ol>
      <div>
        <Button
          size="xs"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => setRows([...rows, row({ name: "", label: "", type: "text" })])}
        >
          Add a field
        </Button>
      </div>
      <div className="pair">
        <Select
          label="Consent that is needed"
          description="A lead without it is refused."
          data={consentNeeds}
          value={terms.consent?.needs ?? "nothing"}
          allowDeselect={false}
          onChange={(needs) => needs && setTerms({ ...terms, consent: { ...terms.consent, needs } })}
        />
        <NumberInput
          label="Buyers of one lead"
          description="So many may have the same lead."
          min={1}
          max={10}
          allowDecimal={false}
          value={terms.buyers_max ?? 1}
          onChange={(most) => setTerms({ ...terms, buyers_max: Number(most) || 1 })}
        />
      </div>
      {(problem || saving.isError) && (
        <p className="bad" role="alert">
          {problem ?? words(saving.error)}
        </p>
      )}
      <div className="actions">
        <Button variant="filled" disabled={problem !== undefined} loading={saving.isPending} onClick={() => saving.mutate()}>
          Save {plural(fields.length, "field")}
        </Button>
        <Button variant="subtle" onClick={close}>
          Cancel
        </Button>
      </div>
    </div>
  );
}

type RowProps = { field: LeadField; fresh: boolean; set: (field: LeadField) => void; drop: () => void };

function FieldRow({ field, fresh, set, drop }: RowProps) {
  const about = field.label || "the new field";
  const word = typeWord(field.type);
  const known = fieldTypes.some((each) => each.value === word);
  // Whom partners know a field by follows what people call it, until somebody writes it.
  const relabel = (label: string) =>
    set({ ...field, label, name: fresh && field.name === nameFrom(field.label) ? nameFrom(label) : field.name });
  return (
    <li>
      <TextInput
        aria-label={`Name for people of ${about}`}
        placeholder="First name"
        value={field.label}
        onChange={(event) => relabel(event.currentTarget.value)}
      />
      <TextInput
        aria-label={`Name for partners of ${about}`}
        placeholder="first_name"
        className="code-name"
        value={field.name}
        onChange={(event) => set({ ...field, name: event.currentTarget.value })}
      />
      <Select
        aria-label={`Type of ${about}`}
        data={known ? fieldTypes : [...fieldTypes, { value: word, label: typeLabel(field) }]}
        value={word}
        allowDeselect={false}
        onChange={(next) => next && set(withType(field, next))}
      />
      <Select
        aria-label={`When ${about} must be there`}
        data={Object.entries(whenWords).map(([value, label]) => ({ value, label }))}
        value={field.required ?? "never"}
        allowDeselect={false}
        onChange={(required) => required && set({ ...field, required: required as LeadField["required"] })}
      />
      <Checkbox
        label="Personal"
        title="Tells who somebody is: no ping carries it"
        checked={word === "phone" || word === "email" || Boolean(field.personal)}
        disabled={word === "phone" || word === "email"}
        onChange={(event) => set({ ...field, personal: event.currentTarget.checked })}
      />
      <ActionIcon aria-label={`Take ${about} away`} onClick={drop}>
        <Icon name="trash" />
      </ActionIcon>
    </li>
  );
}
