// The test caller: a made-up call walks the draft, the path is told in words and shown on the drawing. Nobody is rung.

import { ActionIcon, Button, NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { words } from "../../../api/client";
import { sentences } from "../../../base/figures";
import { exact, instantOf, localMinute, minutesSeconds } from "../../../base/time";
import { Icon } from "../../../parts/Icon";
import { StateWord, type Tone } from "../../../parts/State";
import { useZone } from "../../access/session";
import { channelChoices, sentence } from "../words";
import type { FlowDocument } from "./document";
import { tryOut, type TryInput } from "./queries";
import { e164 } from "./numbers";
import { stages, type Try } from "./walk";
import { destinationName } from "./words";

type TestCallerProps = {
  flow: string;
  document: FlowDocument;
  /** The answer is shown on the drawing too. */
  went: (answer: Try | null) => void;
  select: (name: string) => void;
  close: () => void;
};

type Made = {
  caller: string;
  /** A minute on the account's clock; null: now. */
  at: string | null;
  channel: string;
  source: string;
  medium: string;
  digits: string;
  score: number | "";
  before: number;
  behaviours: Record<string, string>;
  message: boolean;
  webhook: string;
};

const start: Made = {
  caller: "(214) 555-0187",
  at: null,
  channel: "",
  source: "",
  medium: "",
  digits: "",
  score: "",
  before: 0,
  behaviours: {},
  message: true,
  webhook: "",
};

const behaviours = [
  { value: "talks", label: "Takes the call" },
  { value: "no_answer", label: "Does not answer" },
  { value: "busy", label: "Is busy" },
  { value: "declined", label: "Declines" },
  { value: "machine", label: "Is a machine" },
  { value: "not_accepted", label: "Presses no key" },
];

export function TestCaller({ flow, document, went, select, close }: TestCallerProps) {
  const [made, setMade] = useState(start);
  const [more, setMore] = useState(false);
  const set = <K extends keyof Made>(key: K, value: Made[K]) => setMade((before) => ({ ...before, [key]: value }));
  const zone = useZone();
  const asks = asked(document);
  const number = made.caller.trim() ? e164(made.caller) : undefined;
  const wrong = Boolean(made.caller.trim()) && !number;
  const walking = useMutation({
    mutationFn: () => tryOut(flow, inputOf(made, number, document, zone)),
    onSuccess: went,
    onError: () => went(null),
  });
  const answer = walking.data;
  return (
    <section className="flow-test" aria-label="Test caller">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!wrong) walking.mutate();
        }}
      >
        <div className="row wrap test-row">
          <h2>Test caller</h2>
          <TextInput
            aria-label="Calls from"
            leftSection="From"
            leftSectionWidth={42}
            placeholder="withheld"
            value={made.caller}
            error={wrong}
            onChange={(event) => set("caller", event.currentTarget.value)}
            style={{ width: 160 }}
          />
          <Select
            aria-label="When it comes"
            data={[
              { value: "now", label: "Now" },
              { value: "then", label: "At a time" },
            ]}
            value={made.at === null ? "now" : "then"}
            allowDeselect={false}
            onChange={(value) => set("at", value === "then" ? localMinute(Date.now(), zone) : null)}
            style={{ width: 100 }}
          />
          {made.at !== null && (
            <TextInput
              type="datetime-local"
              aria-label="Calls at"
              title={`In the account's time zone: ${zone}`}
              value={made.at}
              onChange={(event) => set("at", event.currentTarget.value)}
              style={{ width: 196 }}
            />
          )}
          {asks.keys && (
            <TextInput
              aria-label="Presses"
              title="An entry for each time the caller is asked, with commas between"
              leftSection="Presses"
              leftSectionWidth={56}
              placeholder="1, 75201"
              value={made.digits}
              onChange={(event) => set("digits", event.currentTarget.value)}
              style={{ width: 140 }}
            />
          )}
          <span className="grow" />
          <Button
            type="submit"
            size="xs"
            leftSection={<Icon name="play" size={14} />}
            loading={walking.isPending}
          >
            {answer ? "Walk again" : "Walk"}
          </Button>
          <ActionIcon size={26} aria-label="Close the test caller" onClick={close}>
            <Icon name="close" />
          </ActionIcon>
        </div>
        {wrong && (
          <p className="small bad">Write the number with its country code, such as +1 214 555 0187, or leave it empty.</p>
        )}
        <div className="row wrap test-row">
          {asks.destinations.map((to) => (
            <Select
              key={to}
              aria-label={destinationName(to)}
              leftSection={destinationName(to)}
              leftSectionWidth={to.endsWith("line") ? 92 : 108}
              data={behaviours}
              value={made.behaviours[to] ?? "talks"}
              allowDeselect={false}
              onChange={(value) => value && set("behaviours", { ...made.behaviours, [to]: value })}
              style={{ width: 250 }}
            />
          ))}
          {more && <More made={made} set={set} />}
          <Button size="xs" variant="subtle" aria-expanded={more} onClick={() => setMore(!more)}>
            {more ? "Less" : "More"}
          </Button>
        </div>
      </form>
      {walking.isError && (
        <p className="bad" role="alert">
          {words(walking.error)}
        </p>
      )}
      {answer && <Path answer={answer} select={select} />}
    </section>
  );
}

function More({ made, set }: { made: Made; set: <K extends keyof Made>(key: K, value: Made[K]) => void }) {
  return (
    <>
      <Select
        label="Channel"
        data={channelChoices}
        value={made.channel || null}
        clearable
        placeholder="Unknown"
        onChange={(channel) => set("channel", channel ?? "")}
        style={{ width: 140 }}
      />
      <TextInput
        label="Source"
        placeholder="google"
        value={made.source}
        onChange={(event) => set("source", event.currentTarget.value)}
        style={{ width: 96 }}
      />
      <TextInput
        label="Medium"
        placeholder="cpc"
        value={made.medium}
        onChange={(event) => set("medium", event.currentTarget.value)}
        style={{ width: 80 }}
      />
      <NumberInput
        label="Score"
        placeholder="none"
        value={made.score}
        min={0}
        max={100}
        allowDecimal={false}
        hideControls
        onChange={(score) => set("score", typeof score === "number" ? score : "")}
        style={{ width: 64 }}
      />
      <NumberInput
        label="Called before"
        value={made.before}
        min={0}
        allowDecimal={false}
        allowNegative={false}
        hideControls
        suffix=" times"
        onChange={(before) => set("before", typeof before === "number" ? before : 0)}
        style={{ width: 92 }}
      />
      <TextInput
        label="Webhooks answer"
        placeholder="fail"
        value={made.webhook}
        onChange={(event) => set("webhook", event.currentTarget.value)}
        style={{ width: 120 }}
      />
      <Switch
        label="Leaves a message"
        checked={made.message}
        onChange={(event) => set("message", event.currentTarget.checked)}
      />
    </>
  );
}

/** The server tells times in UTC; people read their own clock. */
function clockWords(text: string, zone: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, (utc) => exact(Date.parse(utc), zone));
}

function Path({ answer, select }: { answer: Try; select: (name: string) => void }) {
  const zone = useZone();
  const end = endOf(answer);
  const tags = Object.entries(answer.tags);
  return (
    <div className="test-path" role="status" aria-label="How the call went">
      <ol>
        {stages(answer).map((stage, i) => (
          <li key={i}>
            <span className="step-order" aria-hidden="true">
              {i + 1}
            </span>
            <button type="button" className="linkish med" onClick={() => select(stage.node)}>
              {stage.node || "Nowhere"}
            </button>
            <span className="soft">{sentences(stage.words.map((each) => clockWords(each, zone)))}</span>
            <span className="dim micro tel">{minutesSeconds(stage.at_ms / 1_000)}</span>
          </li>
        ))}
      </ol>
      <p className="row small wrap">
        <span className="med">
          <StateWord tone={end.tone}>{end.words}</StateWord>
        </span>
        {tags.length > 0 && <span className="soft">Tags: {tags.map(([name, value]) => `${name} = ${value}`).join(", ")}</span>}
      </p>
    </div>
  );
}

function endOf(answer: Try): { tone: Tone; words: string } {
  const said = answer.steps.map((step) => step.words).join("\n");
  if (/takes the call/.test(said)) return { tone: "ok", words: "Would connect" };
  if (/leaves a message/.test(said)) return { tone: "ok", words: "Would leave a message" };
  return { tone: "warn", words: `Reaches nobody, ended by the ${sentence(answer.ended_by).toLowerCase()}` };
}

/** What a test caller can be asked for in this flow. */
function asked(document: FlowDocument): { keys: boolean; destinations: string[] } {
  const nodes = Object.values(document.nodes);
  const listening = new Set(["menu", "gather", "collect_zip", "survey", "challenge"]);
  const destinations = nodes.flatMap((node) =>
    node.kind === "dial" ? node.destinations.map((each) => each.to) : node.kind === "route" ? ["buyer"] : [],
  );
  return { keys: nodes.some((node) => listening.has(node.kind)), destinations: [...new Set(destinations)] };
}

function inputOf(made: Made, caller: string | undefined, document: FlowDocument, zone: string): TryInput {
  const destinations = Object.fromEntries(asked(document).destinations.map((to) => [to, made.behaviours[to] ?? "talks"]));
  const digits = made.digits.trim().split(made.digits.includes(",") ? /\s*,\s*/ : /\s+/);
  const source = { channel: made.channel || undefined, source: made.source || undefined, medium: made.medium || undefined };
  return {
    document,
    caller,
    at: made.at ? instantOf(made.at, zone) : undefined,
    source: made.channel || made.source || made.medium ? source : undefined,
    score: made.score === "" ? undefined : made.score,
    calls_before: made.before,
    digits: digits.some(Boolean) ? digits : [],
    destinations,
    leaves_message: made.message,
    webhook: made.webhook.trim() || undefined,
  };
}
