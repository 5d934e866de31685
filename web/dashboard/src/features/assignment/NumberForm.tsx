// Adding numbers, many at a time, or changing one: what it is for, where it rings, which trunk it comes in on.

import { Button, SegmentedControl, Select, TextInput, Textarea } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { flowsQuery, poolsQuery, sitesQuery, trunksQuery } from "../../api/lists";
import { digits, plural } from "../../base/figures";
import { useForm } from "../../parts/form";
import { flowChoices } from "../call/flows/choices";
import { channelChoices } from "../call/words";
import { addAll, lines, linesProblem, refusal } from "./adding";
import { kinds, stages, type Kind, type Stage, type TrackingNumber } from "./words";

type Input = Schema<"TrackingNumberInput">;
type NumberFormProps = {
  number?: TrackingNumber;
  start?: { kind?: Kind; pool?: string };
  done: (added: number) => void;
  cancel?: () => void;
};

export function NumberForm({ number, start, done, cancel }: NumberFormProps) {
  const queries = useQueryClient();
  const sites = useQuery(sitesQuery()).data ?? [];
  const pools = useQuery(poolsQuery()).data ?? [];
  const trunks = useQuery(trunksQuery()).data ?? [];
  const flows = useQuery(flowsQuery()).data ?? [];
  const only = trunks.length === 1 ? trunks[0]?.id : undefined;
  const onlyPool = pools.length === 1 ? pools[0]?.id : undefined;
  // A pool number needs a pool: where there is only one, it is that one. A source number may do without.
  const poolOf = (values: Values) => values.pool || (values.kind === "pool" && onlyPool) || "";

  const form = useForm({
    start: startOf(number, start),
    check: (values) => ({
      numbers:
        number || lines(values.numbers).length
          ? linesProblem(lines(values.numbers))
          : "Write at least one number, such as (469) 555-0161",
      pool: values.kind !== "pool" || poolOf(values) ? undefined : "Choose the pool it belongs to",
      site: values.kind !== "source" || values.site || values.pool ? undefined : "Choose the site where it is shown",
      trunk: values.trunk || only ? undefined : "Choose the trunk its calls come in on",
      business_line:
        digits(values.business_line).length >= 7 ? undefined : "Write the number that rings, such as (214) 555-0142",
    }),
    send: async (values) => {
      const chosen = poolOf(values);
      const pool = pools.find((each) => each.id === chosen);
      const body = bodyOf({ ...values, pool: chosen, trunk: values.trunk || only || "" }, pool);
      if (number) {
        // Only the operator moves a number to another trunk; left out, it stays.
        const { trunk, ...rest } = body;
        const change = trunk === number.trunk.id ? rest : body;
        await take(api.PATCH("/api/v1/numbers/{id}", { params: { path: { id: number.id } }, body: change }));
        return 1;
      }
      const outcome = await addAll(lines(values.numbers), body);
      if (outcome.refused.length) {
        refresh();
        form.set("numbers", outcome.refused.map((each) => each.number).join("\n"));
        throw refusal(outcome);
      }
      return outcome.added.length;
    },
    done: (added) => {
      refresh();
      done(added);
    },
  });
  const refresh = () => {
    for (const key of ["numbers", "pools", "pool", "leases", "flows"]) void queries.invalidateQueries({ queryKey: [key] });
  };
  const { values, set } = form;
  // A new number is shown at once or listened to first. Released is asked for in the list, where its calls stand beside it.
  const choices = (Object.keys(stages) as Stage[]).filter(
    (stage) => stage === values.stage || (stage !== "released" && (number || stage !== "quarantine")),
  );
  const targets = sites.find((site) => site.id === values.site)?.targets ?? [];

  return (
    <form className="form" onSubmit={form.submit} noValidate>
      {number ? (
        <p className="med strong tel">{number.number_display}</p>
      ) : (
        <Textarea
          label="Numbers, one a line"
          autosize
          minRows={2}
          maxRows={8}
          placeholder={"(469) 555-0161\n(469) 555-0162"}
          {...form.text("numbers")}
        />
      )}
      <div>
        <p className="small soft" id="kind-label" style={{ marginBottom: 4 }}>
          What it is for
        </p>
        <SegmentedControl
          aria-labelledby="kind-label"
          value={values.kind}
          onChange={(kind) => set("kind", kind as Kind)}
          data={Object.entries(kinds).map(([value, kind]) => ({ value, label: kind.name }))}
        />
        <p className="small dim" style={{ marginTop: 4 }}>
          {kinds[values.kind].means}.
        </p>
      </div>
      {values.kind === "pool" && (
        <Select
          label="Pool"
          data={pools.map((pool) => ({ value: pool.id, label: pool.name }))}
          value={poolOf(values) || null}
          allowDeselect={false}
          onChange={(value) => set("pool", value ?? "")}
          error={form.message("pool")}
          nothingFoundMessage="No pool yet"
        />
      )}
      {values.kind === "source" && (
        <Select
          label="Steps in when this pool has none free"
          clearable
          data={pools.map((pool) => ({ value: pool.id, label: pool.name }))}
          value={values.pool || null}
          onChange={(value) => set("pool", value ?? "")}
          placeholder="No pool, always shown for its source"
        />
      )}
      {(values.kind === "static" || (values.kind === "source" && !values.pool)) && (
        <div className="pair">
          <Select
            label="Site"
            clearable={values.kind === "static"}
            allowDeselect={values.kind === "static"}
            data={sites.map((site) => ({ value: site.id, label: site.name }))}
            value={values.site || null}
            onChange={(value) => {
              set("site", value ?? "");
              set("target", "");
            }}
            error={form.message("site")}
          />
          <Select
            label="Replaces on the page"
            clearable
            data={targets.map((target) => ({ value: target.id, label: target.number_display }))}
            value={values.target || null}
            onChange={(value) => set("target", value ?? "")}
            disabled={!values.site}
            placeholder={values.kind === "static" ? "Nothing, it is printed" : "The first number"}
          />
        </div>
      )}
      {values.kind === "source" && (
        <div className="pair">
          <Select
            label="Channel"
            clearable
            data={channelChoices}
            value={values.channel || null}
            onChange={(value) => set("channel", value ?? "")}
            placeholder="Any"
          />
          <div className="pair" style={{ gap: 8 }}>
            <TextInput label="Source" placeholder="google" {...form.text("source")} />
            <TextInput label="Medium" placeholder="cpc" {...form.text("medium")} />
          </div>
        </div>
      )}
      <div className="pair">
        <TextInput
          label="Rings at"
          description="The business line behind it"
          placeholder="(214) 555-0142"
          inputMode="tel"
          {...form.text("business_line")}
        />
        <TextInput
          label="Then at"
          description="If busy or no answer"
          placeholder="Nobody"
          inputMode="tel"
          {...form.text("second_line")}
        />
      </div>
      <div className="pair">
        <Select
          label="Trunk"
          data={trunks.map((trunk) => ({ value: trunk.id, label: trunk.name }))}
          value={values.trunk || only || null}
          allowDeselect={false}
          onChange={(value) => set("trunk", value ?? "")}
          error={form.message("trunk")}
          nothingFoundMessage="No trunk yet"
        />
        <TextInput label="Label" placeholder="Van, flyer, north office" {...form.text("label")} />
      </div>
      <Select
        label="Call flow"
        description="What happens with a call before anybody is rung"
        clearable
        data={flowChoices(flows, number?.flow)}
        value={values.flow || null}
        onChange={(value) => set("flow", value ?? "")}
        error={form.message("flow")}
        placeholder="The site's, or plain forwarding"
        nothingFoundMessage="No published call flow yet"
      />
      <Select
        label={number ? "Where it is in its life" : "At first"}
        description={stages[values.stage].means}
        inputWrapperOrder={["label", "input", "description", "error"]}
        data={choices.map((stage) => ({ value: stage, label: stages[stage].name }))}
        value={values.stage}
        allowDeselect={false}
        onChange={(stage) => set("stage", (stage ?? values.stage) as Stage)}
      />
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          {number ? "Save" : `Add ${plural(Math.max(1, lines(values.numbers).length), "number")}`}
        </Button>
        {cancel && (
          <Button variant="subtle" onClick={cancel}>
            Cancel
          </Button>
        )}
      </div>
    </form>
  );
}

function startOf(number: TrackingNumber | undefined, start: NumberFormProps["start"]) {
  return {
    numbers: "",
    kind: (number?.kind ?? start?.kind ?? "pool") as Kind,
    label: number?.label ?? "",
    site: number?.site?.id ?? "",
    target: number?.target ?? "",
    pool: number?.pool?.id ?? start?.pool ?? "",
    channel: number?.source?.channel ?? "",
    source: number?.source?.source ?? "",
    medium: number?.source?.medium ?? "",
    trunk: number?.trunk.id ?? "",
    business_line: number?.business_line_display ?? "",
    second_line: number?.second_line_display ?? "",
    stage: (number?.stage ?? "in_use") as Stage,
    flow: number?.flow?.id ?? "",
  };
}

type Values = ReturnType<typeof startOf>;

/** What the API wants: an empty text clears, what is left out stays as it is. */
function bodyOf(values: Values, pool: { site: { id: string }; target: string } | undefined): Omit<Input, "number"> {
  const inPool = values.kind === "pool" || (values.kind === "source" && values.pool !== "");
  return {
    kind: values.kind,
    label: values.label.trim(),
    site: inPool ? (pool?.site.id ?? "") : values.site,
    target: inPool ? (pool?.target ?? "") : values.target,
    pool: inPool ? values.pool : "",
    source:
      values.kind === "source"
        ? { channel: values.channel, source: values.source.trim(), medium: values.medium.trim() }
        : {},
    trunk: values.trunk,
    business_line: values.business_line.trim(),
    second_line: values.second_line.trim(),
    stage: values.stage,
    flow: values.flow,
  };
}
