// The small fields of terms: an amount of money, a number that may be left out, a part of a form with its heading.

import "../../call/flows/flow.css";
import { NumberInput, TextInput } from "@mantine/core";
import { useEffect, useId, useState, type ReactNode } from "react";
import { decimal, isDecimal, type Decimal } from "../documents";

type AmountProps = {
  label: string;
  hidden?: boolean;
  value: Decimal | undefined;
  currency: string;
  set: (value: Decimal | undefined) => void;
  optional?: boolean;
  description?: string;
  placeholder?: string;
};

const symbolOf = (currency: string) =>
  new Intl.NumberFormat("en-US", { style: "currency", currency, currencyDisplay: "narrowSymbol" })
    .formatToParts(0)
    .find((part) => part.type === "currency")?.value ?? currency;

/** An amount of money. What is none stays in the field and says so; it is not kept. */
export function Amount({ label, hidden, value, currency, set, optional, description, placeholder }: AmountProps) {
  const [text, setText] = useState(value === undefined ? "" : String(value));
  useEffect(() => setText((before) => (decimal(before) === value ? before : value === undefined ? "" : String(value))), [value]);
  const empty = text.trim() === "";
  const wrong = empty ? !optional : !isDecimal(text);
  return (
    <TextInput
      {...(hidden ? { "aria-label": label } : { label })}
      description={description}
      placeholder={placeholder}
      className="amount"
      inputMode="decimal"
      leftSection={<span className="dim">{symbolOf(currency)}</span>}
      value={text}
      error={wrong ? "Write an amount, such as 45 or 2.50" : undefined}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        if (next.trim() === "") {
          if (optional) set(undefined);
        } else if (isDecimal(next)) set(decimal(next));
      }}
    />
  );
}

type MaybeProps = {
  label: string;
  value: number | undefined;
  set: (value: number | undefined) => void;
  unit?: string;
  min?: number;
  max: number;
  placeholder?: string;
  description?: string;
};

/** A whole number that may be left to the level before. */
export function Maybe({ label, value, set, unit, min = 0, max, placeholder = "As inherited", description }: MaybeProps) {
  return (
    <NumberInput
      label={label}
      description={description}
      placeholder={placeholder}
      value={value ?? ""}
      suffix={unit ? ` ${unit}` : undefined}
      allowDecimal={false}
      allowNegative={min < 0}
      clampBehavior="none"
      hideControls
      error={value !== undefined && (value < min || value > max) ? `Write ${min} to ${max}` : undefined}
      onChange={(next) => set(next === "" ? undefined : Number(next))}
    />
  );
}

/** A part of a long form: its heading, one line that explains, its fields. */
export function Part({ title, hint, children }: { title: string; hint?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section className="part" aria-labelledby={id}>
      <div className="part-head">
        <h3 id={id}>{title}</h3>
        {hint && <p className="small dim">{hint}</p>}
      </div>
      <div className="form">{children}</div>
    </section>
  );
}
