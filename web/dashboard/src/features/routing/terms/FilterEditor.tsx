// A filter as a tree to edit: groups of tests that must all, or any of them, be true, and single tests; any may be turned round.

import { ActionIcon, Button, Menu, NumberInput, Select, TagsInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Icon } from "../../../parts/Icon";
import { days, minutes } from "../../call/flows/hours";
import { Clock } from "../../call/flows/forms/fields";
import type { Filter, ValueTest } from "../documents";
import { listsQuery, type NamedFilter } from "../queries";
import { fields, readTest, tests, writeTest } from "../words";
import { addTo, depthOf, DEPTH_MAX, fresh, negated, plain, removeFrom, replaceIn, type Fresh } from "./filter";

type EditorProps = {
  label: string;
  value: Filter | undefined;
  set: (filter: Filter | undefined) => void;
  empty: string;
  /** Whole filters to begin with. */
  choices?: readonly NamedFilter[];
};

const kinds: { value: Fresh; label: string }[] = [
  { value: "field", label: "Something known, such as the state" },
  { value: "tag", label: "A tag" },
  { value: "when", label: "Day and time" },
  { value: "zip_within", label: "Distance from a ZIP code" },
  { value: "any", label: "Group: one is enough" },
  { value: "all", label: "Group: all must be true" },
];

export function FilterEditor({ label, value, set, empty, choices = [] }: EditorProps) {
  if (!value) {
    return (
      <div className="row wrap">
        <span className="dim">{empty}</span>
        <Add label={label} add={(kind) => set({ all: [fresh(kind)] })} />
        {choices.length > 0 && (
          <Menu position="bottom-start">
            <Menu.Target>
              <Button size="xs" variant="subtle" leftSection={<Icon name="plus" size={14} />}>
                Begin with
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {choices.map((choice) => (
                <Menu.Item key={choice.name} onClick={() => set(choice.filter)}>
                  {choice.name}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
    );
  }
  const root: Filter = "all" in value || "any" in value ? value : { all: [value] };
  const keep = (next: Filter | undefined) => {
    const parts = next && ("all" in next ? next.all : "any" in next ? next.any : undefined);
    set(parts?.length === 0 ? undefined : next);
  };
  return (
    <div role="group" aria-label={label}>
      <Node label={label} filter={root} set={keep} depth={1} />
    </div>
  );
}

function Add({ label, add, deep }: { label: string; add: (kind: Fresh) => void; deep?: boolean }) {
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button
          size="xs"
          variant="subtle"
          leftSection={<Icon name="plus" size={14} />}
          aria-label={`Add a test to ${label}`}
        >
          Add a test
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {kinds
          .filter((kind) => !deep || (kind.value !== "any" && kind.value !== "all"))
          .map((kind) => (
            <Menu.Item key={kind.value} onClick={() => add(kind.value)}>
              {kind.label}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}

type NodeProps = { label: string; filter: Filter; set: (next: Filter | undefined) => void; depth: number };

function Node({ label, filter, set, depth }: NodeProps) {
  const turned = "not" in filter;
  const inner = plain(filter);
  const keep = (next: Filter | undefined) => set(next && turned ? negated(next) : next);
  if ("all" in inner || "any" in inner) {
    const join = "all" in inner ? "all" : "any";
    const parts = "all" in inner ? inner.all : inner.any;
    return (
      <div className={depth === 1 ? "tree" : "tree inner"}>
        <div className="row between">
          <Select
            aria-label={`${label}: how its tests join`}
            className="tree-join"
            value={`${turned ? "not-" : ""}${join}`}
            allowDeselect={false}
            data={[
              { value: "all", label: "All of these" },
              { value: "any", label: "Any of these" },
              { value: "not-all", label: "Not all of these" },
              { value: "not-any", label: "None of these" },
            ]}
            onChange={(next) => {
              const group: Filter = next?.endsWith("any") ? { any: parts } : { all: parts };
              set(next?.startsWith("not-") ? { not: group } : group);
            }}
          />
          {depth > 1 && (
            <ActionIcon size={24} aria-label={`Remove ${label}`} onClick={() => set(undefined)}>
              <Icon name="trash" size={14} />
            </ActionIcon>
          )}
        </div>
        <ul>
          {parts.map((part, i) => (
            <li key={i}>
              <Node
                label={`${label}, test ${i + 1}`}
                filter={part}
                depth={depth + 1}
                set={(next) => keep(next ? replaceIn(inner, i, next) : removeFrom(inner, i))}
              />
            </li>
          ))}
        </ul>
        <Add
          label={label}
          deep={depth + 1 >= DEPTH_MAX || depthOf(inner) >= DEPTH_MAX}
          add={(kind) => keep(addTo(inner, fresh(kind)))}
        />
      </div>
    );
  }
  return (
    <div className="test">
      <Leaf label={label} filter={inner} set={keep} />
      <div className="row tight test-acts">
        <button
          type="button"
          className="chip"
          aria-pressed={turned}
          onClick={() => set(turned ? inner : negated(inner))}
          title={turned ? "It must not be true" : "Turn it round"}
        >
          not
        </button>
        <ActionIcon size={24} aria-label={`Remove ${label}`} onClick={() => set(undefined)}>
          <Icon name="trash" size={14} />
        </ActionIcon>
      </div>
    </div>
  );
}

function Leaf({ label, filter, set }: { label: string; filter: Filter; set: (next: Filter) => void }) {
  if ("field" in filter) {
    const { name, value } = filter.field;
    const field = fields.find((each) => each.value === name);
    return (
      <>
        <Select
          aria-label={`${label}: what`}
          data={fields}
          value={name}
          allowDeselect={false}
          onChange={(next) => next && set({ field: { name: next, value } })}
        />
        <Value label={label} value={value} hint={field?.hint ?? ""} set={(next) => set({ field: { name, value: next } })} />
      </>
    );
  }
  if ("tag" in filter) {
    const { name, value } = filter.tag;
    return (
      <>
        <TextInput
          aria-label={`${label}: tag`}
          placeholder="Tag, such as debt_amount"
          value={name}
          error={name.trim() ? undefined : "Write the tag's name"}
          onChange={(event) => set({ tag: { name: event.currentTarget.value, value } })}
        />
        <Value label={label} value={value} hint="5000" set={(next) => set({ tag: { name, value: next } })} />
      </>
    );
  }
  if ("when" in filter) {
    const block = filter.when;
    const toggle = (day: (typeof days)[number]["id"]) => {
      const chosen = block.days.includes(day) ? block.days.filter((each) => each !== day) : [...block.days, day];
      set({ when: { ...block, days: days.map((each) => each.id).filter((each) => chosen.includes(each)) } });
    };
    return (
      <>
        <div className="day-picks" role="group" aria-label={`${label}: days`}>
          {days.map((day) => (
            <button
              key={day.id}
              type="button"
              aria-label={day.name}
              aria-pressed={block.days.includes(day.id)}
              onClick={() => toggle(day.id)}
            >
              {day.short.slice(0, 2)}
            </button>
          ))}
        </div>
        <div className="row">
          <Clock label={`${label}: from`} value={block.from} set={(from) => set({ when: { ...block, from } })} />
          <span className="small soft">to</span>
          <Clock label={`${label}: to`} value={block.to} set={(to) => set({ when: { ...block, to } })} />
          {(minutes(block.to) ?? 0) <= (minutes(block.from) ?? 0) && <span className="small dim">over midnight</span>}
        </div>
      </>
    );
  }
  if ("zip_within" in filter) {
    const { zip, miles } = filter.zip_within;
    return (
      <>
        <NumberInput
          aria-label={`${label}: miles`}
          suffix=" miles"
          value={Number(miles)}
          min={0}
          hideControls
          onChange={(next) => set({ zip_within: { zip, miles: Number(next) || 0 } })}
        />
        <TextInput
          aria-label={`${label}: ZIP code in the middle`}
          placeholder="of 75201"
          value={zip}
          error={/^\d{5}$/.test(zip) ? undefined : "Write five digits"}
          onChange={(event) => set({ zip_within: { zip: event.currentTarget.value.trim(), miles } })}
        />
      </>
    );
  }
  return null;
}

type ValueProps = { label: string; value: ValueTest; hint: string; set: (value: ValueTest) => void };

function Value({ label, value, hint, set }: ValueProps) {
  const { test, with: found } = readTest(value);
  const sort = tests.find((each) => each.value === test)?.sort ?? "text";
  const choose = (next: string | null) => {
    if (!next || next === test) return;
    const to = tests.find((each) => each.value === next)?.sort ?? "text";
    set(writeTest(next, begin(to, found)));
  };
  const text = typeof found === "string" || typeof found === "number" ? String(found) : "";
  return (
    <>
      <Select aria-label={`${label}: how`} data={tests} value={test} allowDeselect={false} onChange={choose} />
      {sort === "text" && (
        <TextInput
          aria-label={`${label}: value`}
          placeholder={hint}
          value={text}
          error={text.trim() ? undefined : `Write one, such as ${hint}`}
          onChange={(event) => set(writeTest(test, event.currentTarget.value))}
        />
      )}
      {sort === "list" && (
        <TagsInput
          aria-label={`${label}: values`}
          placeholder={Array.isArray(found) && found.length ? "" : `${hint}, then Enter`}
          value={Array.isArray(found) ? found.map(String) : []}
          splitChars={[","]}
          acceptValueOnBlur
          onChange={(next) => set(writeTest(test, next))}
          error={Array.isArray(found) && found.length ? undefined : "Write one at least"}
        />
      )}
      {sort === "number" && (
        <NumberInput
          aria-label={`${label}: value`}
          value={Number(text) || 0}
          hideControls
          onChange={(next) => set(writeTest(test, Number(next) || 0))}
        />
      )}
      {sort === "range" && (
        <div className="row">
          {[0, 1].map((end) => (
            <NumberInput
              key={end}
              aria-label={`${label}: ${end ? "to" : "from"}`}
              value={Number((found as unknown[] | undefined)?.[end]) || 0}
              hideControls
              onChange={(next) => {
                const range = Array.isArray(found) ? [...found] : [0, 0];
                range[end] = Number(next) || 0;
                set(writeTest(test, range));
              }}
            />
          ))}
        </div>
      )}
      {sort === "itemlist" && <ListSelect label={`${label}: list`} value={text} set={(id) => set(writeTest(test, id))} />}
    </>
  );
}

/** A list of the account, by its name. */
export function ListSelect({ label, value, set }: { label: string; value: string; set: (id: string) => void }) {
  const lists = useQuery(listsQuery()).data ?? [];
  return (
    <Select
      aria-label={label}
      placeholder={lists.length ? "Choose a list" : "There is no list yet"}
      data={lists.map((list) => ({ value: list.id, label: list.name }))}
      value={value || null}
      allowDeselect={false}
      error={value ? undefined : "Choose a list"}
      onChange={(id) => id && set(id)}
    />
  );
}

function begin(sort: (typeof tests)[number]["sort"], before: unknown): unknown {
  const one = Array.isArray(before) ? before[0] : before;
  if (sort === "yes") return undefined;
  if (sort === "text") return one === undefined ? "" : String(one);
  if (sort === "list") return one === undefined || one === "" ? [] : [String(one)];
  if (sort === "number") return Number(one) || 0;
  if (sort === "range") return [Number(one) || 0, Number(one) || 0];
  return "";
}
