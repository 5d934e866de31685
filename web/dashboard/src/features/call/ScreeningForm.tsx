// The rules of screening: the order in which they are asked, thresholds with what they mean, and what a refusal says.

import { Button, NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { useForm } from "../../parts/form";
import { Icon } from "../../parts/Icon";
import { StateWord } from "../../parts/State";
import { useMay } from "../access/session";
import {
  anonymousChoices,
  refusalChoices,
  screeningKey,
  signRows,
  type Screening,
  type ScreeningSettings,
} from "./screening";

type Figure = "known_talk_s" | "numbers_max" | "numbers_minutes" | "hourly_calls_max";
type Threshold = "challenge_at" | "block_at";

export function ScreeningForm({ screening }: { screening: Screening }) {
  const queries = useQueryClient();
  const may = useMay();
  const form = useForm({
    start: screening.settings,
    send: (settings: ScreeningSettings) => {
      const { block_at = null, challenge_at = null } = settings;
      return take(api.PUT("/api/v1/screening", { body: { ...settings, block_at, challenge_at } }));
    },
    done: (saved) => queries.setQueryData(screeningKey, saved),
  });
  const { values, set } = form;
  const figure = (name: Figure, max: number) => ({
    value: values[name],
    min: 1,
    max,
    hideControls: true,
    allowDecimal: false,
    error: form.message(name),
    onChange: (value: string | number) => set(name, Number(value) || 1),
  });
  const threshold = (name: Threshold) => ({
    value: values[name] ?? "",
    min: 1,
    max: 500,
    placeholder: "never",
    hideControls: true,
    allowDecimal: false,
    suffix: " points",
    error: form.message(name),
    onChange: (value: string | number) => set(name, value === "" ? null : Number(value)),
  });
  const asksForKeys = values.challenge_at != null || values.anonymous === "challenge";
  return (
    <form className="stack" onSubmit={form.submit} noValidate>
      <Card title="Who is let through" lined>
        <div className="pad form">
          <Switch
            label="Screen calls before anybody is rung"
            description="The first of these that fits decides: the list of those always let through, people you talked with before, the block list, withheld numbers, and points."
            checked={values.on}
            onChange={(event) => set("on", event.currentTarget.checked)}
          />
          <div className="pair">
            <NumberInput
              label="A caller is known after a talk of"
              description="Known callers are let through"
              suffix=" seconds"
              {...figure("known_talk_s", 3_600)}
            />
            <Select
              label="Callers who withhold their number"
              description="No list can name them"
              data={anonymousChoices}
              value={values.anonymous}
              allowDeselect={false}
              onChange={(value) => value && set("anonymous", value)}
              error={form.message("anonymous")}
            />
          </div>
        </div>
      </Card>
      <Card title="Points" lined>
        <div className="pad form">
          <div className="pair">
            <NumberInput
              label="Refuse from"
              description="Empty: never because of points"
              {...threshold("block_at")}
            />
            <NumberInput
              label="Ask to press a key from"
              description="Empty: nobody has to"
              {...threshold("challenge_at")}
            />
          </div>
          {asksForKeys && screening.challenge_trouble && (
            <div className="note warn" role="note">
              <Icon name="warn" />
              <div className="grow small soft">{screening.challenge_trouble}</div>
            </div>
          )}
          {asksForKeys && (
            <TextInput
              label="What they hear"
              description="{digit} stands for the key, which changes with each call. It is spoken when you save"
              {...form.text("challenge_text")}
            />
          )}
          <div className="pair">
            <NumberInput
              label="Different numbers of yours, at most"
              description="More of them in the time beside is a sign"
              {...figure("numbers_max", 50)}
            />
            <NumberInput label="within" description="1 to 60" suffix=" minutes" {...figure("numbers_minutes", 60)} />
          </div>
          <NumberInput
            label="Calls an hour, at most"
            description="More of them are a sign"
            {...figure("hourly_calls_max", 60)}
          />
        </div>
      </Card>
      <Card title="Signs and their points" lined>
        <Signs settings={values} />
      </Card>
      <Card title="What a refused caller's carrier is told" lined>
        <div className="pad form">
          <Select
            label="SIP status"
            description="607 Unwanted for the block list, 433 for withheld numbers, 603 for points. The call is never answered, so it costs nothing."
            data={refusalChoices}
            value={values.refusal}
            allowDeselect={false}
            onChange={(value) => value && set("refusal", value)}
            error={form.message("refusal")}
          />
        </div>
      </Card>
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="row">
        {may.write ? (
          <Button type="submit" variant="filled" loading={form.busy}>
            Save
          </Button>
        ) : (
          <span className="small dim">Only a manager or owner of the account changes these.</span>
        )}
        <span aria-live="polite">{form.saved && !form.busy && <StateWord tone="ok">Saved</StateWord>}</span>
      </div>
    </form>
  );
}

function Signs({ settings }: { settings: ScreeningSettings }) {
  return (
    <ul className="rows" aria-label="Signs and their points">
      {signRows(settings).map((sign) => (
        <li key={sign.words}>
          <div className="row between">
            <span>{sign.words}</span>
            <span className="num soft">{sign.points}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}
