// The account: its name and zone, and the limits that keep a stolen login from costing money.

import { Button, NumberInput, Radio, Select, TagsInput, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import { plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { useForm } from "../../parts/form";
import { Icon } from "../../parts/Icon";
import { StateWord } from "../../parts/State";
import { Loaded } from "../../parts/Waiting";
import { zones } from "../../parts/zones";
import { campaignsQuery } from "../routing/queries";
import { ownWords } from "../routing/recordings";
import { meKey, useMay } from "./session";

type Settings = Schema<"AccountSettings">;
const key = ["settings", "account"];

/** The limit of money as it is written; nothing for none. */
const spendText = (settings: Settings) =>
  settings.daily_spend_max_micros == null ? "" : String(settings.daily_spend_max_micros / 1_000_000);

/** What is sent for it: 0 for no limit; nothing for what is no amount. */
function spendMicros(text: string): number | undefined {
  if (!text.trim()) return 0;
  if (!/^\d{1,6}(\.\d{1,6})?$/.test(text.trim())) return undefined;
  return Math.round(Number(text) * 1_000_000) || undefined;
}

/** Lines that are named; more are counted. */
const LINES_NAMED = 3;
/** Campaigns that are named; more are counted. */
const CAMPAIGNS_NAMED = 5;

// What an account can choose about the recording of its talks.
const consents = [
  {
    value: "notice",
    label: "Once the caller heard a recording notice",
    description: "Put a recording notice into the call flow. Numbers without one are not recorded.",
  },
  {
    value: "by_law",
    label: "Without a notice where the law of both ends is known to allow it",
    description:
      "By the states of the two numbers: both where one party's consent is enough. Withheld numbers and other countries need a notice. No legal advice.",
  },
  {
    value: "waiver",
    label: "Always",
    description:
      "I have made sure that callers know they are recorded, or that no notice is needed where they are.",
  },
];

export function AccountForm() {
  const settings = useQuery({
    queryKey: key,
    queryFn: () => take(api.GET("/api/v1/settings/account")),
    refetchOnWindowFocus: false,
  });
  return (
    <Loaded query={settings} title="The settings did not arrive">
      {(data) => <Form settings={data} />}
    </Loaded>
  );
}

function Form({ settings }: { settings: Settings }) {
  const queries = useQueryClient();
  const may = useMay();
  const form = useForm({
    start: { ...settings, daily_spend_max: spendText(settings) },
    check: (values) => ({
      name: values.name.trim() ? undefined : "Write a name, such as Northgate Leads",
      countries_allowed: values.countries_allowed.every((country) => /^[A-Za-z]{2}$/.test(country))
        ? undefined
        : "Write countries by their two letters, such as US",
      daily_spend_max: spendMicros(values.daily_spend_max) === undefined ? "Write an amount, such as 50 or 2.50" : undefined,
    }),
    send: ({
      name,
      zone,
      countries_allowed,
      max_calls,
      recording_consent,
      recording_keep_days,
      qualified_seconds,
      daily_minutes_max,
      daily_spend_max,
    }) =>
      take(
        api.PATCH("/api/v1/settings/account", {
          body: {
            name: name.trim(),
            zone,
            max_calls,
            recording_consent,
            recording_keep_days,
            qualified_seconds,
            daily_minutes_max,
            daily_spend_max_micros: spendMicros(daily_spend_max),
            countries_allowed: countries_allowed.map((country) => country.toUpperCase()),
          },
        }),
      ),
    done: (saved) => {
      queries.setQueryData(key, saved);
      void queries.invalidateQueries({ queryKey: meKey });
    },
  });
  const { values, set } = form;
  const figure = (name: "max_calls" | "daily_minutes_max" | "recording_keep_days" | "qualified_seconds") => ({
    value: values[name],
    min: 0,
    hideControls: true,
    thousandSeparator: ",",
    allowDecimal: false,
    error: form.message(name),
    onChange: (value: string | number) => set(name, Number(value) || 0),
  });
  return (
    <form className="stack" onSubmit={form.submit} noValidate>
      <Card title="The account" lined>
        <div className="pad form">
          <TextInput label="Name" {...form.text("name")} />
          <div className="pair">
            <Select
              label="Time zone"
              description="Times are shown in it, days begin in it"
              data={zones}
              value={values.zone}
              searchable
              allowDeselect={false}
              onChange={(zone) => zone && set("zone", zone)}
              error={form.message("zone")}
            />
            <TextInput
              label="Currency and country"
              description="Set when the account was made"
              value={`${values.currency}, ${values.country}`}
              readOnly
            />
          </div>
        </div>
      </Card>
      <Card title="Limits on calls" lined>
        <div className="pad form">
          <TagsInput
            label="Countries that may be called"
            description="By their two letters. Premium numbers are always refused."
            value={values.countries_allowed}
            onChange={(countries) => set("countries_allowed", countries)}
            splitChars={[",", " "]}
            acceptValueOnBlur
            error={form.message("countries_allowed")}
          />
          <RefusedLines lines={settings.lines_refused} />
          <div className="pair">
            <NumberInput label="Calls at the same time, at most" {...figure("max_calls")} />
            <NumberInput label="Minutes a day, at most" {...figure("daily_minutes_max")} />
          </div>
          <TextInput
            label={`${values.currency} a day for outgoing calls, at most`}
            description="By the rate cards of the trunks; what no rate is for is not counted. Empty: no limit."
            placeholder="no limit"
            inputMode="decimal"
            {...form.text("daily_spend_max")}
            error={form.message("daily_spend_max") ?? form.message("daily_spend_max_micros")}
          />
        </div>
      </Card>
      <Card title="Reports" lined>
        <div className="pad form">
          <NumberInput
            label="Seconds until a call is qualified"
            description="A call that was connected for at least so long counts as qualified in the report of sources. It applies to past calls too."
            {...figure("qualified_seconds")}
            min={1}
            max={7200}
          />
        </div>
      </Card>
      <Card title="Recording" lined>
        <div className="pad form">
          <Radio.Group
            label="When talks are recorded"
            value={values.recording_consent}
            onChange={(consent) => set("recording_consent", consent)}
            error={form.message("recording_consent")}
          >
            <div className="stack" style={{ gap: 10, marginTop: 8 }}>
              {consents.map((consent) => (
                <Radio key={consent.value} {...consent} />
              ))}
            </div>
          </Radio.Group>
          <NumberInput
            label="Days that recordings are kept"
            description="Older ones are deleted once a day; the calls stay. 0 keeps them until somebody deletes them. A campaign may say something else of its own calls."
            {...figure("recording_keep_days")}
            max={3650}
          />
          <CampaignsThatDiffer />
        </div>
      </Card>
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="row">
        {may.own ? (
          <Button type="submit" variant="filled" loading={form.busy}>
            Save
          </Button>
        ) : (
          <span className="small dim">Only an owner of the account changes these.</span>
        )}
        <span aria-live="polite">{form.saved && !form.busy && <StateWord tone="ok">Saved</StateWord>}</span>
      </div>
    </form>
  );
}

/** The campaigns whose word goes before that of the account. */
function CampaignsThatDiffer() {
  const campaigns = [...(useQuery(campaignsQuery()).data ?? []), ...(useQuery(campaignsQuery({ archived: true })).data ?? [])];
  const own = ownWords(campaigns);
  if (!own.length) return null;
  const more = own.length - CAMPAIGNS_NAMED;
  return (
    <div className="small soft">
      Of their own calls these campaigns say something else:
      <ul>
        {own.slice(0, CAMPAIGNS_NAMED).map((each) => (
          <li key={each.id}>
            <Link href={`/campaigns/${each.id}/terms`}>{each.name}</Link>: {each.kept}
          </li>
        ))}
        {more > 0 && <li>and {more} more</li>}
      </ul>
    </div>
  );
}

/** What the saved limits do to calls of numbers that there are already. */
function RefusedLines({ lines }: { lines: Settings["lines_refused"] }) {
  const [first] = lines;
  if (!first) return null;
  const more = lines.length - LINES_NAMED;
  const named = lines.slice(0, LINES_NAMED).map((line) => line.line_display);
  return (
    <div className="note warn" role="alert">
      <Icon name="warn" />
      <div className="grow">
        <div className="med">
          Calls to {plural(lines.length, "line")} of your numbers are refused
        </div>
        <div className="small soft">
          {named.join(", ")}
          {more > 0 ? ` and ${more} more` : ""}: {first.reason}. Add the country again, or give these numbers other
          lines.
        </div>
      </div>
    </div>
  );
}
