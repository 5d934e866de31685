// Caps: how much of what in which span, each with what it is about; what is nested in one is kept and told.

import { Button, NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { Icon } from "../../../parts/Icon";
import { useZone } from "../../access/session";
import { Entry, replaced } from "../../call/flows/forms/fields";
import { said, type Cap, type CapUnit, type Period } from "../documents";
import { capUnits, capWords, periods, unitOf } from "../words";
import { Amount } from "./fields";
import { FilterEditor } from "./FilterEditor";

type CapsProps = { value: Cap[]; set: (caps: Cap[]) => void; currency: string; publisher?: boolean };

export function CapsEditor({ value, set, currency, publisher }: CapsProps) {
  const zone = useZone();
  return (
    <>
      <ul className="entries">
        {value.map((cap, i) => (
          <Entry key={cap.id ?? i} what={`cap ${i + 1}`} remove={() => set(value.filter((_, at) => at !== i))}>
            <CapFields
              at={i + 1}
              cap={cap}
              currency={currency}
              publisher={publisher}
              set={(next) => set(replaced(value, i, next))}
            />
          </Entry>
        ))}
      </ul>
      <div>
        <Button
          size="xs"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => set([...value, { counts: "billable", max: 20, window: { period: "day", zone } }])}
        >
          Add a cap
        </Button>
      </div>
    </>
  );
}

type FieldsProps = { at: number; cap: Cap; currency: string; publisher?: boolean; set: (cap: Cap) => void };

function CapFields({ at, cap, currency, publisher, set }: FieldsProps) {
  const unit = unitOf(cap.counts);
  const money = unit.value === "revenue" || unit.value === "payout";
  const daily = cap.window.period === "day" && !cap.window.rolling;
  const window = (next: Partial<Cap["window"]>) => {
    const changed = said({ ...cap.window, ...next }) as Cap["window"];
    const paced = changed.period === "day" && !changed.rolling;
    const { pacing, ...rest } = cap;
    set(paced && pacing ? { ...rest, pacing, window: changed } : { ...rest, window: changed });
  };
  return (
    <>
      <div className="cap-fields">
        {money ? (
          <Amount label="At most" value={cap.max} currency={currency} set={(max) => max !== undefined && set({ ...cap, max })} />
        ) : (
          <NumberInput
            label="At most"
            value={Number(cap.max)}
            min={0}
            allowDecimal={false}
            allowNegative={false}
            hideControls
            onChange={(max) => typeof max === "number" && set({ ...cap, max })}
          />
        )}
        <Select
          label="Of"
          data={capUnits.filter((each) => publisher || each.value !== "payout")}
          value={unit.value}
          allowDeselect={false}
          onChange={(counts) => counts && set({ ...cap, counts: counts as CapUnit })}
        />
        <Select
          label="In"
          data={periods}
          value={cap.window.period}
          allowDeselect={false}
          onChange={(period) => period && window({ period: period as Period })}
        />
      </div>
      <div className="pair-loose">
        <TextInput
          label="Name"
          placeholder={capWords(cap, currency)}
          value={cap.name ?? ""}
          maxLength={60}
          onChange={(event) => set(said({ ...cap, name: event.currentTarget.value }))}
        />
        <div className="stack close">
          {cap.window.period !== "all" && (
            <Switch
              label="Rolling, instead of by the calendar"
              checked={cap.window.rolling ?? false}
              onChange={(event) => window({ rolling: event.currentTarget.checked })}
            />
          )}
          <Switch
            label="Count each feed by itself"
            checked={cap.per_feed ?? false}
            onChange={(event) => set(said({ ...cap, per_feed: event.currentTarget.checked }))}
          />
          {daily && (
            <Switch
              label="Spread over the open hours"
              checked={cap.pacing !== undefined}
              onChange={(event) => {
                const { pacing: _, ...rest } = cap;
                set(event.currentTarget.checked ? { ...rest, pacing: { catch_up_percent: 25 } } : rest);
              }}
            />
          )}
        </div>
      </div>
      <div>
        <p className="small soft">About</p>
        <FilterEditor
          label={`what cap ${at} is about`}
          value={cap.when}
          empty="everything"
          set={(when) => set(said({ ...cap, when }))}
        />
      </div>
      {cap.caps && cap.caps.length > 0 && (
        <p className="small dim">Inside it: {cap.caps.map((inner) => capWords(inner, currency)).join(", ")}</p>
      )}
    </>
  );
}
