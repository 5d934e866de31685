// Forms of the steps that choose a way without asking anybody: clock, branch, shares, webhook, tag, go to, hang up.

import { Button, Select, Switch, TextInput } from "@mantine/core";
import { Icon } from "../../../../parts/Icon";
import { zones } from "../../../../parts/zones";
import { days, holidayWords, spansOf } from "../hours";
import type { Day, Holiday, WeeklyBlock } from "../document";
import { StepSelect } from "../StepSelect";
import { Clock, Entry, Num, replaced, type FormProps } from "./fields";

export function HoursForm({ node, set }: FormProps<"schedule">) {
  const holidays = node.holidays ?? [];
  const keep = (next: Holiday[]) => {
    const { holidays: _, ...rest } = node;
    set(next.length ? { ...rest, holidays: next } : rest);
  };
  return (
    <>
      <Select
        label="Time zone"
        data={zones}
        value={node.zone}
        searchable
        allowDeselect={false}
        onChange={(zone) => zone && set({ ...node, zone })}
      />
      <Week weekly={node.weekly} />
      <fieldset className="plain">
        <legend className="small soft">Open every week</legend>
        <ul className="entries">
          {node.weekly.map((block, i) => (
            <Entry
              key={i}
              what={`hours ${i + 1}`}
              remove={() => set({ ...node, weekly: node.weekly.filter((_, at) => at !== i) })}
            >
              <WeeklyFields
                at={i + 1}
                block={block}
                set={(next) => set({ ...node, weekly: replaced(node.weekly, i, next) })}
              />
            </Entry>
          ))}
        </ul>
        {node.weekly.length === 0 && <p className="small bad">Add hours at least once a week.</p>}
        <div className="row tight wrap">
          <Button
            size="xs"
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => set({ ...node, weekly: [...node.weekly, nextBlock(node.weekly)] })}
          >
            Add hours
          </Button>
        </div>
      </fieldset>
      <fieldset className="plain">
        <legend className="small soft">Holidays and other dates</legend>
        <ul className="entries">
          {holidays.map((holiday, i) => (
            <Entry key={i} what={`date ${i + 1}`} remove={() => keep(holidays.filter((_, at) => at !== i))}>
              <HolidayFields at={i + 1} holiday={holiday} set={(next) => keep(replaced(holidays, i, next))} />
            </Entry>
          ))}
        </ul>
        <div>
          <Button
            size="xs"
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => keep([...holidays, { date: freeDate(holidays), name: "", open: [] }])}
          >
            Add a date
          </Button>
        </div>
      </fieldset>
    </>
  );
}

/** Weekdays first, then the days that no block has yet. */
function nextBlock(weekly: readonly WeeklyBlock[]): WeeklyBlock {
  const open = new Set(weekly.flatMap((block) => block.days));
  const left = days.map((day) => day.id).filter((day) => !open.has(day));
  const chosen: Day[] = open.size === 0 ? ["mon", "tue", "wed", "thu", "fri"] : left.slice(0, 1);
  return { days: chosen.length ? chosen : ["mon"], from: "09:00", to: "17:00" };
}

/** A date that the list does not have: the first of the coming year, or a day after. */
function freeDate(holidays: readonly Holiday[]): string {
  const taken = new Set(holidays.map((each) => each.date));
  const at = new Date(Date.UTC(new Date().getUTCFullYear() + 1, 0, 1));
  while (taken.has(at.toISOString().slice(0, 10))) at.setUTCDate(at.getUTCDate() + 1);
  return at.toISOString().slice(0, 10);
}

function WeeklyFields({ at, block, set }: { at: number; block: WeeklyBlock; set: (next: WeeklyBlock) => void }) {
  const toggle = (day: Day) => {
    const chosen = block.days.includes(day) ? block.days.filter((each) => each !== day) : [...block.days, day];
    set({ ...block, days: days.map((each) => each.id).filter((each) => chosen.includes(each)) });
  };
  return (
    <div className="stack close">
      <div className="day-picks" role="group" aria-label={`Days of hours ${at}`}>
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
      {block.days.length === 0 && <p className="small bad">Choose a day at least.</p>}
      <div className="row">
        <Clock label={`Hours ${at} from`} value={block.from} set={(from) => set({ ...block, from })} />
        <span className="small soft">to</span>
        <Clock label={`Hours ${at} to`} value={block.to} set={(to) => set({ ...block, to })} />
      </div>
      {block.to <= block.from && <p className="small dim">Until {block.to} of the next day</p>}
    </div>
  );
}

function HolidayFields({ at, holiday, set }: { at: number; holiday: Holiday; set: (next: Holiday) => void }) {
  const [first] = holiday.open;
  return (
    <div className="stack close">
      <div className="pair">
        <TextInput
          type="date"
          aria-label={`Date ${at}`}
          value={holiday.date}
          onChange={(event) => event.currentTarget.value && set({ ...holiday, date: event.currentTarget.value })}
        />
        <TextInput
          aria-label={`Name of date ${at}`}
          placeholder="Christmas"
          value={holiday.name ?? ""}
          onChange={(event) => set({ ...holiday, name: event.currentTarget.value })}
        />
      </div>
      <Switch
        label="Open for some hours"
        checked={holiday.open.length > 0}
        onChange={(event) =>
          set({ ...holiday, open: event.currentTarget.checked ? [{ from: "09:00", to: "12:00" }] : [] })
        }
      />
      {first && holiday.open.length === 1 && (
        <div className="row">
          <Clock
            label={`Date ${at} from`}
            value={first.from}
            set={(from) => set({ ...holiday, open: [{ ...first, from }] })}
          />
          <span className="small soft">to</span>
          <Clock label={`Date ${at} to`} value={first.to} set={(to) => set({ ...holiday, open: [{ ...first, to }] })} />
        </div>
      )}
      {holiday.open.length > 1 && <p className="small dim">{holidayWords(holiday)}</p>}
    </div>
  );
}

/** The week as bars, hour by hour. The hours themselves stand in words beside it. */
function Week({ weekly }: { weekly: readonly WeeklyBlock[] }) {
  return (
    <div className="week" aria-hidden="true">
      {days.map((day) => (
        <div key={day.id} className="week-day">
          <span className="micro dim">{day.short}</span>
          <span className="week-bar">
            {spansOf(weekly, day.id).map((span, i) => (
              <i key={i} style={{ left: `${span.from * 100}%`, width: `${(span.to - span.from) * 100}%` }} />
            ))}
          </span>
        </div>
      ))}
      <div className="week-day micro dim">
        <span />
        <span className="row between">
          <span>0</span>
          <span>6</span>
          <span>12</span>
          <span>18</span>
          <span>24</span>
        </span>
      </div>
    </div>
  );
}

/** Arms and cases of one step; the server has the last word. */
export const WAYS_MAX = 30;

export function SplitterForm({ node, document, name, set }: FormProps<"splitter">) {
  const { arms } = node;
  const sum = arms.reduce((total, arm) => total + arm.percent, 0);
  const left = 100 - sum;
  return (
    <fieldset className="plain">
      <legend className="small soft">Shares of the calls</legend>
      <ul className="entries">
        {arms.map((arm, i) => (
          <Entry
            key={i}
            what={`share ${i + 1}`}
            remove={() => set({ ...node, arms: arms.filter((_, at) => at !== i) })}
          >
            <div className="row top">
              <div style={{ width: 84 }}>
                <Num
                  label={`Share ${i + 1}`}
                  unit="%"
                  value={arm.percent}
                  min={0}
                  max={100}
                  set={(percent) => set({ ...node, arms: replaced(arms, i, { ...arm, percent }) }, `percent ${i}`)}
                />
              </div>
              <div className="grow">
                <StepSelect
                  visible
                  label="leads to"
                  document={document}
                  except={name}
                  value={arm.to}
                  set={(to) => set({ ...node, arms: replaced(arms, i, { ...arm, to }) })}
                />
              </div>
            </div>
          </Entry>
        ))}
      </ul>
      <p className={`small ${left === 0 ? "dim" : "bad"}`}>
        {left === 0
          ? "Together 100% of the calls."
          : left > 0
            ? `Together ${sum}%: ${left}% are left to share.`
            : `Together ${sum}%: ${-left}% too much.`}
      </p>
      <div className="row tight wrap">
        {arms.length < WAYS_MAX && (
          <Button
            size="xs"
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => set({ ...node, arms: [...arms, { percent: Math.max(0, left), to: "" }] })}
          >
            Add a share
          </Button>
        )}
        {arms.length > 1 && (
          <Button size="xs" variant="subtle" onClick={() => set({ ...node, arms: evenly(arms) })}>
            Share evenly
          </Button>
        )}
      </div>
    </fieldset>
  );
}

/** Equal shares in whole per cent that make 100: the first ones get the rest. */
export function evenly<A extends { percent: number }>(arms: readonly A[]): A[] {
  const each = Math.floor(100 / arms.length);
  const more = 100 - each * arms.length;
  return arms.map((arm, i) => ({ ...arm, percent: each + (i < more ? 1 : 0) }));
}

export function WebhookForm({ node, set }: FormProps<"webhook">) {
  const wrong = !/^https?:\/\/[^/\s]+\S*$/.test(node.url);
  return (
    <>
      <TextInput
        label="Address"
        placeholder="https://crm.example.com/calls"
        type="url"
        value={node.url}
        error={wrong ? "Write an address such as https://crm.example.com/calls" : undefined}
        onChange={(event) => set({ ...node, url: event.currentTarget.value.trim() }, "url")}
      />
      <Num
        label="Waits at most"
        unit="ms"
        value={node.timeout_ms}
        min={100}
        max={5_000}
        set={(timeout_ms) => set({ ...node, timeout_ms }, "timeout_ms")}
      />
      <p className="small dim">
        The server gets the call as JSON. It may answer with tags and with the name of a way out; link such a way below.
      </p>
    </>
  );
}

export function TagForm({ node, set }: FormProps<"set_tag">) {
  return (
    <>
      <TextInput
        label="Tag"
        placeholder="campaign_group"
        value={node.name}
        error={/^[a-z0-9_]{1,40}$/.test(node.name) ? undefined : "Write small letters, digits or _, at most 40"}
        onChange={(event) => set({ ...node, name: event.currentTarget.value }, "name")}
      />
      <TextInput
        label="Value"
        value={node.value}
        error={node.value.length > 200 ? "Write at most 200 characters" : undefined}
        onChange={(event) => set({ ...node, value: event.currentTarget.value }, "value")}
      />
    </>
  );
}

export function HangUpForm({ node, set }: FormProps<"hang_up">) {
  return (
    <Select
      label="A caller who was never answered hears"
      data={[
        { value: "normal", label: "How the last attempt ended" },
        { value: "busy", label: "A busy tone" },
        { value: "rejected", label: "That the call is not wanted" },
      ]}
      value={node.reason ?? "normal"}
      allowDeselect={false}
      onChange={(reason) => reason && set({ ...node, reason: reason as "normal" | "busy" | "rejected" })}
    />
  );
}
