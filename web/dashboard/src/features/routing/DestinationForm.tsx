// A destination: its kind, and its number, address, mailbox, or the document that says how its server is spoken to.

import { Button, JsonInput, Menu, PasswordInput, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../../api/client";
import { national } from "../../base/figures";
import { useForm } from "../../parts/form";
import { Icon } from "../../parts/Icon";
import { emptySettings, endpointProblem, isOwnMail, mailOf, mailProblems, mailRead, secretNames } from "./endpoint";
import { FormFoot } from "./parts";
import { at, presetsQuery, sent, useRefresh, type Destination } from "./queries";
import { kinds } from "./words";

type Kind = (typeof kinds)[number]["value"];
type FormProps = { buyer: string; destination?: Destination; done: () => void; cancel: () => void };

const labels: Record<Kind, { label: string; placeholder: string; wrong: string }> = {
  phone: { label: "Phone number", placeholder: "(214) 555-0123", wrong: "Write a phone number, such as (214) 555-0123" },
  sip: { label: "SIP address", placeholder: "sip:sales@pbx.example", wrong: "Write an address, such as sip:sales@pbx.example" },
  email: { label: "Mail address", placeholder: "leads@sunnyroofs.example", wrong: "Write a mail address" },
  http: { label: "", placeholder: "", wrong: "" },
  none: { label: "", placeholder: "", wrong: "" },
};

export function DestinationForm({ buyer, destination, done, cancel }: FormProps) {
  const refresh = useRefresh();
  const form = useForm({
    start: {
      name: destination?.name ?? "",
      kind: (destination?.kind ?? "phone") as Kind,
      address: destination?.kind === "phone" ? national(destination.address) : (destination?.address ?? ""),
      endpoint: destination?.kind === "http" && destination.endpoint ? JSON.stringify(destination.endpoint, null, 2) : "",
      secrets: {} as Record<string, string>,
      ...mailRead(destination?.kind === "email" ? destination.endpoint : null, destination?.address),
    },
    check: (values) => {
      const { kind } = values;
      const addressed = kind === "phone" || kind === "sip" || kind === "email";
      return {
        name: values.name.trim() ? undefined : "Write a name, such as Front desk",
        address: addressed && !values.address.trim() ? labels[kind].wrong : undefined,
        endpoint: kind === "http" ? endpointProblem(values.endpoint) : undefined,
        ...(kind === "email" ? mailProblems(values) : {}),
      };
    },
    send: async (values) => {
      const { kind } = values;
      const addressed = kind === "phone" || kind === "sip" || kind === "email";
      const body = {
        name: values.name.trim(),
        kind,
        ...(addressed ? { address: values.address.trim() } : {}),
        ...(kind === "http" ? { endpoint: sent(JSON.parse(values.endpoint) as object), ...secretsOf(values) } : {}),
        ...(kind === "email" && (destination?.endpoint || isOwnMail(values)) ? { endpoint: sent(mailOf(values)) } : {}),
      };
      if (destination) await take(api.PATCH("/api/v1/destinations/{id}", { params: at(destination.id), body }));
      else await take(api.POST("/api/v1/destinations", { body: { buyer, ...body } }));
      await refresh();
    },
    done,
  });
  const { kind } = form.values;
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" placeholder="Front desk" data-autofocus {...form.text("name")} />
      <div>
        <p className="small soft" id="destination-kind" style={{ marginBottom: 4 }}>
          Takes by
        </p>
        <SegmentedControl
          fullWidth
          aria-labelledby="destination-kind"
          value={kind}
          data={kinds.map(({ value, label }) => ({ value, label }))}
          onChange={(next) => form.set("kind", next as Kind)}
        />
        <p className="small dim" style={{ marginTop: 4 }}>
          {kinds.find((each) => each.value === kind)?.hint}
        </p>
      </div>
      {(kind === "phone" || kind === "sip" || kind === "email") && (
        <TextInput label={labels[kind].label} placeholder={labels[kind].placeholder} {...form.text("address")} />
      )}
      {kind === "email" && (
        <>
          <TextInput
            label="Copies to"
            description="Other mailboxes, with a comma between them; at most nine."
            placeholder="Nobody else"
            {...form.text("others")}
          />
          <TextInput label="Subject" placeholder="A lead from {zip}" {...form.text("subject")} />
          <Textarea
            label="What the mail says"
            description="What stands in braces is filled in: {phone}, {zip}, {state}, {price}, a lead's own fields such as {lead.first_name}, tags such as {tag.roof}."
            autosize
            minRows={6}
            maxRows={16}
            className="code-input"
            {...form.text("body")}
          />
        </>
      )}
      {kind === "http" && (
        <Endpoint
          value={form.values.endpoint}
          set={(endpoint) => form.set("endpoint", endpoint)}
          error={form.message("endpoint")}
        />
      )}
      {kind === "http" && (
        <Secrets
          names={secretNames(form.values.endpoint)}
          there={new Set(destination?.secrets.filter((each) => each.set).map((each) => each.name))}
          values={form.values.secrets}
          set={(secrets) => form.set("secrets", secrets)}
        />
      )}
      <FormFoot failure={form.failure} busy={form.busy} act={destination ? "Save" : "Add the destination"} close={cancel} />
    </form>
  );
}

/** The secrets that somebody wrote and the document names; the others stay as they are. */
function secretsOf({ endpoint, secrets }: { endpoint: string; secrets: Record<string, string> }) {
  const named = secretNames(endpoint).filter((name) => secrets[name]);
  return named.length ? { secrets: Object.fromEntries(named.map((name) => [name, secrets[name] ?? ""])) } : {};
}

type SecretsProps = {
  names: string[];
  there: ReadonlySet<string>;
  values: Record<string, string>;
  set: (values: Record<string, string>) => void;
};

/** Keys and passwords that the document names. They are kept sealed and never shown again. */
function Secrets({ names, there, values, set }: SecretsProps) {
  if (names.length === 0) return null;
  return (
    <fieldset className="plain">
      <legend className="small soft">Secrets it names; they are kept sealed and never shown again</legend>
      <div className="pair">
        {names.map((name) => (
          <PasswordInput
            key={name}
            label={name}
            placeholder={there.has(name) ? "Set; write another to replace it" : "Not set: nothing is sent without it"}
            autoComplete="off"
            value={values[name] ?? ""}
            onChange={(event) => set({ ...values, [name]: event.currentTarget.value })}
          />
        ))}
      </div>
    </fieldset>
  );
}

type EndpointProps = { value: string; set: (value: string) => void; error: string | undefined };

/** How a server is spoken to: begun from the shape of a known system, then filled in. */
function Endpoint({ value, set, error }: EndpointProps) {
  const presets = useQuery(presetsQuery());
  const [from, setFrom] = useState<string | null>(null);
  const open = emptySettings(value);
  return (
    <>
      <div className="row wrap">
        <Menu position="bottom-start">
          <Menu.Target>
            <Button size="xs" leftSection={<Icon name="copy" size={14} />}>
              Begin from a known shape
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {(presets.data ?? []).map((preset) => (
              <Menu.Item
                key={preset.word}
                onClick={() => {
                  setFrom(preset.name);
                  set(JSON.stringify(preset.document, null, 2));
                }}
              >
                {preset.name}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <span className="small dim">
          {from
            ? `Begun from ${from}. Fill in what is empty, and look at the buyer's own description.`
            : "Each is a whole document; only addresses, keys and settings are to be filled in."}
        </span>
      </div>
      <JsonInput
        label="How its server is spoken to"
        description="Requests, and how answers are read; a JSON object."
        placeholder='{ "schema": 1, "post": { "request": { "method": "POST", "url": "https://buyer.example/leads" } } }'
        className="code-input"
        autosize
        minRows={8}
        maxRows={20}
        spellCheck={false}
        value={value}
        onChange={set}
        error={error}
      />
      {open.length > 0 && (
        <p className="small warn" role="note">
          Still empty: {open.join(", ")}.
        </p>
      )}
    </>
  );
}
