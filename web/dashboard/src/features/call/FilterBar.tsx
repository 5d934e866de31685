// The chips above the call log: each active filter with its value and a way to drop it, and one to add more.

import { Button, Menu, Popover, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { numbersQuery, sitesQuery } from "../../api/lists";
import { Icon } from "../../parts/Icon";
import { timeChoices, type CallFilters } from "./filters";
import { channelChoices, resultChoices } from "./words";

type Name = keyof CallFilters;
type Choice = { value: string; label: string };
type FilterBarProps = { filters: CallFilters; change: (filters: CallFilters) => void };

const labels: Record<Name, string> = {
  time: "Time",
  result: "Status",
  channel: "Channel",
  source: "Source",
  medium: "Medium",
  site: "Site",
  number: "Number dialled",
  caller: "Caller",
  missed: "Missed",
  ambiguous: "Ambiguous",
  recorded: "Recorded",
  live: "In progress",
  synthetic: "Test calls",
};
const order: Name[] = [
  "time",
  "result",
  "channel",
  "source",
  "medium",
  "site",
  "number",
  "caller",
  "missed",
  "ambiguous",
  "recorded",
  "live",
  "synthetic",
];
/** Choices shown as a list; more are searched. */
const LISTED_MAX = 12;
const flags = new Set<Name>(["missed", "ambiguous", "recorded", "live", "synthetic"]);

export function FilterBar({ filters, change }: FilterBarProps) {
  const [adding, setAdding] = useState<Name | null>(null);
  const choices = useChoices();
  const active = order.filter((name) => filters[name] || name === adding);
  const set = (name: Name, value: string | boolean) => change({ ...filters, [name]: value });
  const drop = (name: Name) => {
    setAdding(null);
    set(name, flags.has(name) ? false : "");
  };
  const add = (name: Name) => (flags.has(name) ? set(name, true) : setAdding(name));

  return (
    <div className="row wrap">
      {active.map((name) => (
        <Chip
          key={name}
          name={name}
          value={filters[name]}
          choices={choices[name]}
          open={name === adding}
          close={() => setAdding(null)}
          set={(value) => {
            setAdding(null);
            set(name, value);
          }}
          drop={() => drop(name)}
        />
      ))}
      <Menu position="bottom-start">
        <Menu.Target>
          <button type="button" className="chip add">
            <Icon name="plus" />
            Add filter
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {order
            .filter((name) => !active.includes(name))
            .map((name) => (
              <Menu.Item key={name} onClick={() => add(name)}>
                {labels[name]}
              </Menu.Item>
            ))}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

type ChipProps = {
  name: Name;
  value: string | boolean;
  choices: Choice[] | undefined;
  open: boolean;
  close: () => void;
  set: (value: string) => void;
  drop: () => void;
};

function Chip({ name, value, choices, open, close, set, drop }: ChipProps) {
  const [opened, setOpened] = useState(open);
  const shown = value === true ? "yes" : (choices?.find((choice) => choice.value === value)?.label ?? (value || "any"));
  const leave = () => {
    setOpened(false);
    close();
  };
  return (
    <Popover
      opened={opened}
      onChange={(next) => (next ? setOpened(true) : leave())}
      position="bottom-start"
      width={248}
      trapFocus
    >
      <span className="chip-pair">
        <Popover.Target>
          <button type="button" className="chip" disabled={value === true} onClick={() => setOpened(true)}>
            {labels[name]} <b>{shown}</b>
          </button>
        </Popover.Target>
        <button type="button" className="chip" aria-label={`Remove the filter ${labels[name]}`} onClick={drop}>
          <Icon name="close" />
        </button>
      </span>
      <Popover.Dropdown aria-label={labels[name]}>
        {choices ? (
          <Options
            name={name}
            choices={choices}
            value={String(value)}
            choose={(chosen) => {
              set(chosen);
              leave();
            }}
          />
        ) : (
          <TextFilter
            name={name}
            value={String(value)}
            set={(text) => {
              set(text);
              leave();
            }}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

/** All choices at once while they fit; a searchable box when there are many. */
function Options({
  name,
  choices,
  value,
  choose,
}: {
  name: Name;
  choices: Choice[];
  value: string;
  choose: (value: string) => void;
}) {
  if (choices.length === 0) return <p className="small dim">There is none yet.</p>;
  if (choices.length > LISTED_MAX) {
    return (
      <Select
        label={labels[name]}
        data={choices}
        value={value || null}
        searchable
        data-autofocus
        comboboxProps={{ withinPortal: false }}
        onChange={(chosen) => chosen && choose(chosen)}
      />
    );
  }
  return (
    <ul aria-label={labels[name]} className="options">
      {choices.map((choice, i) => (
        <li key={choice.value}>
          <button
            type="button"
            aria-pressed={choice.value === value}
            data-autofocus={i === 0 || undefined}
            onClick={() => choose(choice.value)}
          >
            {choice.label}
          </button>
        </li>
      ))}
    </ul>
  );
}

function TextFilter({ name, value, set }: { name: Name; value: string; set: (value: string) => void }) {
  const [text, setText] = useState(value);
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        set(text.trim());
      }}
    >
      <TextInput
        label={labels[name]}
        value={text}
        data-autofocus
        placeholder={name === "caller" ? "(214) 555-0187" : ""}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" size="xs">
        Apply
      </Button>
    </form>
  );
}

function useChoices(): Partial<Record<Name, Choice[]>> {
  const sites = useQuery(sitesQuery());
  const numbers = useQuery(numbersQuery());
  return {
    time: timeChoices,
    result: resultChoices,
    channel: channelChoices,
    site: sites.data?.map((site) => ({ value: site.id, label: site.name })) ?? [],
    number: numbers.data?.map((number) => ({ value: number.id, label: number.number_display })) ?? [],
  };
}
