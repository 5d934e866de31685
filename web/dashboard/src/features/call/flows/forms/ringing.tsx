// Forms of the steps that ring somebody or take a message.

import { Button, Select, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { words } from "../../../../api/client";
import { national } from "../../../../base/figures";
import { Icon } from "../../../../parts/Icon";
import type { Destination, Handover } from "../document";
import { e164 } from "../numbers";
import { campaignsQuery } from "../queries";
import { Choice, Entry, keyChoices, MessageField, moved, Num, replaced, type FormProps } from "./fields";

/** Destinations of one step; the server has the last word. */
const DESTINATIONS_MAX = 10;
const RING = { min: 5, max: 120 };
const RING_USUAL = 30;

export function DialForm({ node, set }: FormProps<"dial">) {
  const strategy = node.strategy ?? "sequence";
  const without = <K extends keyof typeof node>(key: K) => {
    const { [key]: _, ...rest } = node;
    return rest as typeof node;
  };
  return (
    <>
      <Destinations destinations={node.destinations} set={(destinations, about) => set({ ...node, destinations }, about)} />
      <Choice
        label="Rings them"
        value={strategy}
        data={[
          { value: "sequence", label: "In order" },
          { value: "simultaneous", label: "Together" },
          { value: "round_robin", label: "By turns" },
        ]}
        set={(next) => set(next === "sequence" ? without("strategy") : { ...node, strategy: next })}
      />
      {strategy === "round_robin" && (
        <p className="small dim">Each call begins with the next one; a caller comes back to who answered them before.</p>
      )}
      <HandoverFields node={node} set={(next, about) => set({ ...node, ...next }, about)} clear={(key) => set(without(key))} />
    </>
  );
}

export function RouteForm({ node, set }: FormProps<"route">) {
  const campaigns = useQuery(campaignsQuery());
  const known = campaigns.data?.filter((each) => !each.archived_at || each.id === node.campaign) ?? [];
  const { campaign: _, ...bare } = node;
  return (
    <>
      <Select
        label="Campaign"
        description="Its route plan says which buyers are rung, and in which order"
        placeholder="That of the dialled number's feed"
        data={known.map((each) => ({ value: each.id, label: each.name }))}
        value={node.campaign ?? null}
        clearable
        searchable
        nothingFoundMessage="No campaign of this name"
        error={campaigns.isError ? words(campaigns.error) : undefined}
        onChange={(campaign) => set(campaign ? { ...node, campaign } : bare)}
      />
      <HandoverFields
        node={node}
        set={(next, about) => set({ ...node, ...next }, about)}
        clear={(key) => {
          const { [key]: _cleared, ...rest } = node;
          set(rest);
        }}
      />
    </>
  );
}

type HandoverProps = {
  node: Handover;
  set: (next: Handover, about?: string) => void;
  clear: (key: keyof Handover) => void;
};

/** How whoever picks up is connected, be it a line of the business or a buyer. */
function HandoverFields({ node, set, clear }: HandoverProps) {
  return (
    <>
      <Switch
        label="Say something to who picks up"
        description="Before the caller is connected"
        checked={Boolean(node.whisper)}
        onChange={(event) =>
          event.currentTarget.checked ? set({ whisper: { text: "A call from your website." } }) : clear("whisper")
        }
      />
      {node.whisper && (
        <MessageField
          label="What they hear"
          value={node.whisper}
          set={(whisper, about) => set({ whisper }, about)}
        />
      )}
      <Switch
        label="Who picks up must press a key"
        description="Keeps calls from ending in somebody's mailbox"
        checked={Boolean(node.accept)}
        onChange={(event) =>
          event.currentTarget.checked ? set({ accept: { digit: "1", tries: 2 } }) : clear("accept")
        }
      />
      {node.accept && (
        <div className="pair">
          <Select
            label="The key"
            data={keyChoices}
            value={node.accept.digit}
            allowDeselect={false}
            onChange={(digit) => digit && node.accept && set({ accept: { ...node.accept, digit } })}
          />
          <Num
            label="Asks at most"
            unit="times"
            value={node.accept.tries}
            min={1}
            max={10}
            set={(tries) => node.accept && set({ accept: { ...node.accept, tries } }, "accept tries")}
          />
        </div>
      )}
      <Switch
        label="An answering machine is no answer"
        description="Listens to who picks up before connecting. Who speaks for longer than 2.4 seconds without a pause counts as a machine: not for lines with a long greeting"
        checked={node.detect_machine ?? false}
        onChange={(event) =>
          event.currentTarget.checked ? set({ detect_machine: true }) : clear("detect_machine")
        }
      />
      <div className="pair">
        <Select
          label="Recording"
          data={[
            { value: "usual", label: "Where allowed" },
            { value: "on", label: "On" },
            { value: "off", label: "Off" },
          ]}
          value={node.recording ?? "usual"}
          allowDeselect={false}
          onChange={(next) =>
            next === "on" || next === "off" ? set({ recording: next }) : clear("recording")
          }
        />
        <Select
          label="Number shown"
          data={[
            { value: "caller", label: "The caller's" },
            { value: "tracking_number", label: "The dialled one" },
          ]}
          value={node.caller_id ?? "caller"}
          allowDeselect={false}
          onChange={(next) =>
            next === "tracking_number" ? set({ caller_id: "tracking_number" }) : clear("caller_id")
          }
        />
      </div>
    </>
  );
}

type DestinationsProps = { destinations: Destination[]; set: (destinations: Destination[], about?: string) => void };

function Destinations({ destinations, set }: DestinationsProps) {
  const unused = ["business_line", "second_line"].find((line) => !destinations.some((each) => each.to === line));
  return (
    <fieldset className="plain">
      <legend className="small soft">Who is rung</legend>
      <ul className="entries">
        {destinations.map((destination, i) => (
          <Entry
            key={i}
            labelled
            what={`destination ${i + 1}`}
            up={i > 0 ? () => set(moved(destinations, i, i - 1)) : undefined}
            down={i < destinations.length - 1 ? () => set(moved(destinations, i, i + 1)) : undefined}
            remove={destinations.length > 1 ? () => set(destinations.filter((_, at) => at !== i)) : undefined}
          >
            <DestinationFields
              at={i + 1}
              destination={destination}
              set={(next, about) => set(replaced(destinations, i, next), about && `${about} ${i}`)}
            />
          </Entry>
        ))}
      </ul>
      {destinations.length === 0 && <p className="small bad">Add somebody at least.</p>}
      {destinations.length < DESTINATIONS_MAX && (
        <div>
          <Button
            size="xs"
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => set([...destinations, { to: unused ?? "business_line", ring_timeout_s: RING_USUAL }])}
          >
            Add a destination
          </Button>
        </div>
      )}
    </fieldset>
  );
}

type DestinationProps = { at: number; destination: Destination; set: (next: Destination, about?: string) => void };

function DestinationFields({ at, destination, set }: DestinationProps) {
  const isLine = destination.to === "business_line" || destination.to === "second_line";
  const [chosen, setChosen] = useState(isLine ? destination.to : "number");
  const [text, setText] = useState(isLine ? "" : national(destination.to));
  useEffect(() => {
    setChosen(isLine ? destination.to : "number");
    if (!isLine) setText((before) => (e164(before) === destination.to ? before : national(destination.to)));
  }, [destination.to, isLine]);
  return (
    <div className="destination">
      <Select
        label={`Destination ${at}`}
        className="who-rings"
        data={[
          { value: "business_line", label: "Business line" },
          { value: "second_line", label: "Second line" },
          { value: "number", label: "A number" },
        ]}
        value={chosen}
        allowDeselect={false}
        onChange={(next) => {
          if (!next) return;
          setChosen(next);
          const number = e164(text);
          if (next !== "number") set({ ...destination, to: next });
          else if (number) set({ ...destination, to: number });
        }}
      />
      <div className="how-long">
        <Num
          label="Rings"
          unit="s"
          value={destination.ring_timeout_s}
          {...RING}
          set={(ring_timeout_s) => set({ ...destination, ring_timeout_s }, "ring")}
        />
      </div>
      {chosen === "number" && (
        <TextInput
          className="which-number"
          aria-label={`Number of destination ${at}`}
          placeholder="+1 214 555 0142"
          inputMode="tel"
          value={text}
          error={e164(text) ? undefined : "Write the number with its country code, such as +1 214 555 0142"}
          onChange={(event) => {
            setText(event.currentTarget.value);
            const number = e164(event.currentTarget.value);
            if (number) set({ ...destination, to: number }, "number");
          }}
        />
      )}
    </div>
  );
}

export function VoicemailForm({ node, set }: FormProps<"voicemail">) {
  const silent = !node.greeting && !node.beep;
  return (
    <>
      <Switch
        label="Greet the caller first"
        checked={Boolean(node.greeting)}
        onChange={(event) => {
          const { greeting: _, ...rest } = node;
          set(event.currentTarget.checked ? { ...rest, greeting: { text: "Please leave a message after the tone." } } : rest);
        }}
      />
      {node.greeting && (
        <MessageField
          label="The greeting"
          value={node.greeting}
          set={(greeting, about) => set({ ...node, greeting }, about)}
        />
      )}
      <Switch
        label="A tone says when to speak"
        checked={node.beep}
        onChange={(event) => set({ ...node, beep: event.currentTarget.checked })}
      />
      {silent && <p className="small bad">Write a greeting or let the tone sound: otherwise nobody knows to speak.</p>}
      <div className="pair">
        <Num
          label="Message at most"
          unit="s"
          value={node.max_s}
          min={5}
          max={600}
          set={(max_s) => set({ ...node, max_s }, "max_s")}
        />
        <Num
          label="Silence that ends it"
          unit="s"
          value={node.silence_s}
          min={2}
          max={30}
          set={(silence_s) => set({ ...node, silence_s }, "silence_s")}
        />
      </div>
    </>
  );
}
