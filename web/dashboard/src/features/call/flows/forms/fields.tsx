// The small fields of step forms: a number with its unit, a time of day, what is said, a list of texts.

import { ActionIcon, NumberInput, SegmentedControl, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useEffect, useId, useState, type ReactNode } from "react";
import { Icon } from "../../../../parts/Icon";
import { SoundSelect } from "../../prompts/SoundSelect";
import { timeOfDay } from "../hours";
import type { FlowDocument, FlowNode, Kind, Message, NodeOf } from "../document";

/** What a form of a kind gets: the node, and how to change it. Changes `about` the same in a row are one to undo. */
export type FormProps<K extends Kind = Kind> = {
  name: string;
  node: NodeOf<K>;
  document: FlowDocument;
  set: (node: FlowNode, about?: string) => void;
};

type NumProps = {
  label: string;
  unit?: string;
  value: number;
  min: number;
  max: number;
  set: (value: number) => void;
  description?: string;
};

/** A whole number with its unit. What is no number stays in the field and says so; it is not kept. */
export function Num({ label, unit, value, min, max, set, description }: NumProps) {
  const [text, setText] = useState<string | number>(value);
  useEffect(() => setText(value), [value]);
  const number = typeof text === "number" ? text : NaN;
  const wrong = !Number.isInteger(number) || number < min || number > max;
  return (
    <NumberInput
      label={label}
      description={description}
      value={text}
      min={0}
      allowDecimal={false}
      allowNegative={false}
      clampBehavior="none"
      hideControls
      suffix={unit ? ` ${unit}` : undefined}
      error={wrong ? `Write ${min} to ${max}` : undefined}
      onChange={(next) => {
        setText(next);
        if (typeof next === "number" && Number.isInteger(next) && next >= 0 && next !== value) set(next);
      }}
    />
  );
}

/** A time on the clock, "9" and "9:30" included. */
export function Clock({ label, value, set }: { label: string; value: string; set: (value: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const read = timeOfDay(text);
  return (
    <TextInput
      aria-label={label}
      className="clock-field"
      value={text}
      inputMode="numeric"
      placeholder="09:00"
      error={read === undefined ? "Write 09:00, up to 24:00" : undefined}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        const time = timeOfDay(next);
        if (time && next.length >= 4) set(time);
      }}
      onBlur={() => {
        if (!read) return;
        setText(read);
        if (read !== value) set(read);
      }}
    />
  );
}

type MessageProps = {
  label: string;
  value: Message;
  set: (message: Message, about?: string) => void;
  placeholder?: string;
  description?: string;
};

/** The longest text that is spoken, in characters. */
const TEXT_MAX = 2_000;

/** What is heard: a text that is spoken, or a stored sound. */
export function MessageField({ label, value, set, placeholder, description }: MessageProps) {
  const [sound, setSound] = useState(Boolean(value.prompt));
  useEffect(() => setSound(Boolean(value.prompt)), [value.prompt]);
  return (
    <div className="stack close message-field">
      <Choice
        label={label}
        value={sound ? "sound" : "text"}
        data={[
          { value: "text", label: "Speak a text" },
          { value: "sound", label: "Play a sound" },
        ]}
        set={(next) => {
          setSound(next === "sound");
          if (next === "text" && value.prompt) set({ text: "" });
        }}
      />
      {sound ? (
        <SoundSelect label={`${label}, the sound`} value={value.prompt} set={(prompt) => set({ prompt })} />
      ) : (
        <Spoken label={label} value={value} set={set} placeholder={placeholder} description={description} />
      )}
    </div>
  );
}

/** A text that is spoken. */
export function Spoken({ label, value, set, placeholder, description }: MessageProps) {
  const text = value.text ?? "";
  return (
    <Textarea
      aria-label={label}
      description={description}
      placeholder={placeholder}
      autosize
      minRows={2}
      maxRows={8}
      value={text}
      error={
        text.length > TEXT_MAX
          ? `Write at most ${TEXT_MAX.toLocaleString("en-US")} characters`
          : text.trim()
            ? undefined
            : "Write what is said"
      }
      onChange={(event) => set({ text: event.currentTarget.value }, label)}
    />
  );
}

/** A node with another message; a message is a text or a sound, never both. */
export function withMessage<N extends Message>(node: N, message: Message): N {
  const { text: _text, prompt: _prompt, ...rest } = node;
  return { ...rest, ...message } as N;
}

type TagProps = { label?: string; value: string; set: (value: string) => void; description?: string };

/** The name of a tag. */
export function TagName({ label = "Kept as the tag", value, set, description }: TagProps) {
  const wrong = !/^[a-z0-9_]{1,40}$/.test(value);
  return (
    <TextInput
      label={label}
      description={description}
      placeholder="order_number"
      value={value}
      error={wrong ? "Write small letters, digits or _, at most 40" : undefined}
      onChange={(event) => set(event.currentTarget.value)}
    />
  );
}

/** Several texts, each ended by a comma or Enter. */
export function TextList({
  label,
  value,
  set,
  placeholder,
}: {
  label: string;
  value: string[];
  set: (value: string[]) => void;
  placeholder?: string;
}) {
  return (
    <TagsInput
      aria-label={label}
      placeholder={value.length ? "" : placeholder}
      value={value}
      onChange={set}
      splitChars={[","]}
      acceptValueOnBlur
      error={value.length ? undefined : "Write one at least"}
    />
  );
}

/** A choice of few, with its label above. */
export function Choice<T extends string>({
  label,
  value,
  data,
  set,
}: {
  label: string;
  value: T;
  data: { value: T; label: string }[];
  set: (value: T) => void;
}) {
  const id = useId();
  return (
    <div>
      <p className="small soft" id={id} style={{ marginBottom: 4 }}>
        {label}
      </p>
      <SegmentedControl
        fullWidth
        aria-labelledby={id}
        value={value}
        data={data}
        onChange={(next) => set(next as T)}
      />
    </div>
  );
}

/** One entry of a list in a form, with what moves and removes it: beside the label of its first field, where it has one. */
export function Entry({
  what,
  labelled = false,
  up,
  down,
  remove,
  children,
}: {
  what: string;
  labelled?: boolean;
  up?: () => void;
  down?: () => void;
  remove?: () => void;
  children: ReactNode;
}) {
  return (
    <li className={labelled ? "entry-row labelled" : "entry-row"}>
      <div className="grow">{children}</div>
      <span className="entry-acts">
        {(up || down) && (
          <>
            <ActionIcon size={24} aria-label={`Move ${what} up`} disabled={!up} onClick={up}>
              <Icon name="up" size={14} />
            </ActionIcon>
            <ActionIcon size={24} aria-label={`Move ${what} down`} disabled={!down} onClick={down}>
              <Icon name="down" size={14} />
            </ActionIcon>
          </>
        )}
        <ActionIcon size={24} aria-label={`Remove ${what}`} disabled={!remove} onClick={remove}>
          <Icon name="trash" size={14} />
        </ActionIcon>
      </span>
    </li>
  );
}

/** A list with the entry at `from` moved to `to`. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  const [entry] = next.splice(from, 1);
  if (entry !== undefined) next.splice(to, 0, entry);
  return next;
}

/** A list with one entry replaced. */
export function replaced<T>(list: readonly T[], at: number, entry: T): T[] {
  return list.map((each, i) => (i === at ? entry : each));
}

export const keyChoices = [..."1234567890*#"].map((key) => ({ value: key, label: key }));
