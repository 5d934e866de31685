// Price rules: from how many seconds on a call is billable, and rules of which the first that fits fires.

import { Button, NumberInput, Select, TextInput } from "@mantine/core";
import { Icon } from "../../../parts/Icon";
import { Entry, moved, replaced } from "../../call/flows/forms/fields";
import { said, type Decimal, type PriceRule, type PriceRules, type Rate } from "../documents";
import { Amount } from "./fields";
import { FilterEditor } from "./FilterEditor";
import { ScheduleEditor } from "./ScheduleEditor";

type PriceProps = {
  value: PriceRules | undefined;
  set: (price: PriceRules | undefined) => void;
  currency: string;
  /** Whose side: what the buyer pays, or what the publisher is paid. */
  side: "buyer" | "publisher";
  empty: string;
};

const sorts = (side: "buyer" | "publisher") => [
  { value: "fixed", label: "One amount" },
  { value: "tiered", label: "By talk time" },
  { value: "per_minute", label: "By the minute" },
  { value: "base_and_bonus", label: "An amount, and more for longer calls" },
  { value: "volume", label: "By sales this month" },
  { value: "per_bid", label: "What is bid" },
  {
    value: "percent_of_other",
    label: side === "buyer" ? "Part of what the publisher is paid" : "Part of what the buyer pays",
  },
  { value: "reported", label: "What the buyer reports afterwards" },
];

function begin(sort: string): Rate {
  switch (sort) {
    case "tiered":
      return { tiered: [{ from_s: 60, amount: 30 }] };
    case "per_minute":
      return { per_minute: { amount: 1, most_s: 3600 } };
    case "base_and_bonus":
      return { base_and_bonus: { base: 20, bonus: 20, bonus_from_s: 120 } };
    case "volume":
      return { volume: [{ from: 0, amount: 30 }] };
    case "per_bid":
      return { per_bid: {} };
    case "percent_of_other":
      return { percent_of_other: 70 };
    case "reported":
      return { reported: { most: 100 } };
    default:
      return { fixed: 30 };
  }
}

export function PriceEditor({ value, set, currency, side, empty }: PriceProps) {
  if (!value) {
    return (
      <div className="row wrap">
        <span className="dim">{empty}</span>
        <Button
          size="xs"
          variant="subtle"
          onClick={() => set({ billable_from_s: 60, rules: [{ rate: { fixed: 30 } }] })}
        >
          {side === "buyer" ? "Set a price" : "Set a payout"}
        </Button>
      </div>
    );
  }
  const { rules } = value;
  const keep = (next: PriceRule[]) => set(next.length ? { ...value, rules: next } : undefined);
  return (
    <>
      <NumberInput
        label="Billable from"
        description="Shorter calls cost nothing. Leads are always billable."
        style={{ maxWidth: 240 }}
        suffix=" s of talk"
        value={value.billable_from_s ?? 0}
        min={0}
        allowDecimal={false}
        allowNegative={false}
        hideControls
        onChange={(from) => set({ ...value, billable_from_s: Number(from) || 0 })}
      />
      <ul className="entries">
        {rules.map((rule, i) => (
          <Entry
            key={i}
            what={`price rule ${i + 1}`}
            up={i > 0 ? () => keep(moved(rules, i, i - 1)) : undefined}
            down={i < rules.length - 1 ? () => keep(moved(rules, i, i + 1)) : undefined}
            remove={() => keep(rules.filter((_, at) => at !== i))}
          >
            <RuleFields
              at={i + 1}
              alone={rules.length === 1}
              rule={rule}
              currency={currency}
              side={side}
              set={(next) => keep(replaced(rules, i, next))}
            />
          </Entry>
        ))}
      </ul>
      <div className="row wrap">
        <Button
          size="xs"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => keep([...rules, { rate: { fixed: 30 } }])}
        >
          Add a rule
        </Button>
        <span className="small dim">The first rule that fits decides.</span>
      </div>
    </>
  );
}

type RuleProps = {
  at: number;
  alone: boolean;
  rule: PriceRule;
  currency: string;
  side: "buyer" | "publisher";
  set: (rule: PriceRule) => void;
};

function RuleFields({ at, alone, rule, currency, side, set }: RuleProps) {
  const sort = Object.keys(rule.rate)[0] ?? "fixed";
  return (
    <>
      <div className="pair-loose">
        <Select
          label={`Rule ${at}`}
          data={sorts(side)}
          value={sort}
          allowDeselect={false}
          onChange={(next) => next && next !== sort && set({ ...rule, rate: begin(next) })}
        />
        <RateFields at={at} rate={rule.rate} currency={currency} set={(rate) => set({ ...rule, rate })} />
      </div>
      {(!alone || rule.when || rule.schedule) && (
        <>
          <div>
            <p className="small soft">For</p>
            <FilterEditor
              label={`what price rule ${at} is for`}
              value={rule.when}
              empty="everything"
              set={(when) => set(said({ ...rule, when }))}
            />
          </div>
          <div>
            <p className="small soft">In force</p>
            <ScheduleEditor
              label={`price rule ${at}`}
              value={rule.schedule}
              empty="always"
              set={(schedule) => set(said({ ...rule, schedule }))}
            />
          </div>
        </>
      )}
    </>
  );
}

type RateProps = { at: number; rate: Rate; currency: string; set: (rate: Rate) => void };

function RateFields({ at, rate, currency, set }: RateProps) {
  const some = (value: Decimal | undefined, take: (value: Decimal) => Rate) => {
    if (value !== undefined) set(take(value));
  };
  if ("fixed" in rate)
    return (
      <Amount label="Amount" value={rate.fixed} currency={currency} set={(to) => some(to, (fixed) => ({ fixed }))} />
    );
  if ("tiered" in rate)
    return (
      <Tiers
        label={`Tiers of rule ${at}`}
        unit="s"
        head="From"
        tiers={rate.tiered.map((tier) => ({ from: tier.from_s, amount: tier.amount }))}
        currency={currency}
        set={(tiers) => set({ tiered: tiers.map((tier) => ({ from_s: tier.from, amount: tier.amount })) })}
      />
    );
  if ("volume" in rate)
    return (
      <Tiers
        label={`Tiers of rule ${at}`}
        unit="sales"
        head="After"
        tiers={rate.volume}
        currency={currency}
        set={(volume) => set({ volume })}
      />
    );
  if ("percent_of_other" in rate)
    return (
      <TextInput
        label="Per cent"
        rightSection={<span className="dim">%</span>}
        value={String(rate.percent_of_other)}
        inputMode="decimal"
        onChange={(event) => {
          const text = event.currentTarget.value.trim();
          set({ percent_of_other: /^\d+$/.test(text) ? Number(text) : text });
        }}
      />
    );
  if ("per_minute" in rate) {
    const { per_minute } = rate;
    return (
      <div className="stack close">
        <Amount
          label="A minute"
          value={per_minute.amount}
          currency={currency}
          set={(to) => some(to, (amount) => ({ per_minute: { ...per_minute, amount } }))}
        />
        <NumberInput
          label="Paid for at most"
          suffix=" s"
          value={per_minute.most_s}
          min={1}
          hideControls
          allowDecimal={false}
          onChange={(most) => set({ per_minute: { ...per_minute, most_s: Number(most) || 1 } })}
        />
      </div>
    );
  }
  if ("base_and_bonus" in rate) {
    const { base_and_bonus } = rate;
    return (
      <div className="stack close">
        <Amount
          label="Always"
          value={base_and_bonus.base}
          currency={currency}
          set={(to) => some(to, (base) => ({ base_and_bonus: { ...base_and_bonus, base } }))}
        />
        <Amount
          label="On top"
          value={base_and_bonus.bonus}
          currency={currency}
          set={(to) => some(to, (bonus) => ({ base_and_bonus: { ...base_and_bonus, bonus } }))}
        />
        <NumberInput
          label="From"
          suffix=" s of talk"
          value={base_and_bonus.bonus_from_s}
          min={0}
          hideControls
          allowDecimal={false}
          onChange={(from) => set({ base_and_bonus: { ...base_and_bonus, bonus_from_s: Number(from) || 0 } })}
        />
      </div>
    );
  }
  if ("reported" in rate)
    return (
      <Amount
        label="At most"
        value={rate.reported.most}
        currency={currency}
        set={(to) => some(to, (most) => ({ reported: { most } }))}
      />
    );
  return <p className="small dim rate-told">The bid of the auction is the price.</p>;
}

type Tier = { from: number; amount: Decimal };
type TiersProps = {
  label: string;
  head: string;
  unit: string;
  tiers: Tier[];
  currency: string;
  set: (tiers: Tier[]) => void;
};

function Tiers({ label, head, unit, tiers, currency, set }: TiersProps) {
  return (
    <div className="stack close" role="group" aria-label={label}>
      {tiers.map((tier, i) => (
        <div className="row top" key={i}>
          <NumberInput
            {...(i === 0 ? { label: head } : { "aria-label": `${head}, tier ${i + 1}` })}
            suffix={` ${unit}`}
            value={tier.from}
            min={0}
            hideControls
            allowDecimal={false}
            style={{ width: 104 }}
            onChange={(from) => set(replaced(tiers, i, { ...tier, from: Number(from) || 0 }))}
          />
          <Amount
            label={i === 0 ? "Amount" : `Amount, tier ${i + 1}`}
            hidden={i > 0}
            value={tier.amount}
            currency={currency}
            set={(amount) => amount !== undefined && set(replaced(tiers, i, { ...tier, amount }))}
          />
        </div>
      ))}
      <div className="row tight">
        <Button
          size="xs"
          variant="subtle"
          onClick={() => set([...tiers, { from: (tiers.at(-1)?.from ?? 0) + 60, amount: tiers.at(-1)?.amount ?? 30 }])}
        >
          Add a tier
        </Button>
        {tiers.length > 1 && (
          <Button size="xs" variant="subtle" onClick={() => set(tiers.slice(0, -1))}>
            Remove the last
          </Button>
        )}
      </div>
    </div>
  );
}
