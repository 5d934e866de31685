// Adding or changing a site: its name, the hosts its pages come from, its zone, and the numbers to swap.

import { ActionIcon, Button, Select, Switch, TagsInput, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { flowsQuery } from "../../api/lists";
import { digits } from "../../base/figures";
import { Icon } from "../../parts/Icon";
import { useForm } from "../../parts/form";
import { zones } from "../../parts/zones";
import { useZone } from "../access/session";
import { flowChoices } from "../call/flows/choices";

type Site = Schema<"Site">;
type Target = { id?: string; label: string; number: string };

/** Hosts and targets one site may have; the server has the last word. */
const HOSTS_MAX = 50;
const TARGETS_MAX = 20;

export function SiteForm({ site, done, cancel }: { site?: Site; done: (site: Site) => void; cancel?: () => void }) {
  const queries = useQueryClient();
  const zone = useZone();
  const flows = useQuery(flowsQuery()).data ?? [];
  const form = useForm({
    start: {
      name: site?.name ?? "",
      hosts: site?.hosts ?? [],
      zone: site?.zone ?? zone,
      targets:
        site?.targets.map(({ id, label, number_display }) => ({ id, label, number: number_display })) ??
        ([{ label: "Business line", number: "" }] as Target[]),
      source_numbers_win: site?.source_numbers_win ?? false,
      flow: site?.flow?.id ?? "",
    },
    check: (values) => ({
      name: values.name.trim() ? undefined : "Write a name, such as Tallgrass Roofing",
      hosts: values.hosts.length ? undefined : "Write at least one host, such as www.tallgrass-roofing.example",
      targets: values.targets.every((target) => digits(target.number).length >= 7)
        ? undefined
        : "Write each number as it stands on the page, such as (214) 555-0142",
    }),
    send: (values) => {
      const body = {
        ...values,
        name: values.name.trim(),
        hosts: values.hosts.map(bareHost),
        targets: values.targets.map((target) => ({ ...target, label: target.label.trim() || "Number" })),
      };
      return site
        ? take(api.PATCH("/api/v1/sites/{id}", { params: { path: { id: site.id } }, body }))
        : take(api.POST("/api/v1/sites", { body }));
    },
    done: (saved) => {
      void queries.invalidateQueries({ queryKey: ["sites"] });
      void queries.invalidateQueries({ queryKey: ["site", saved.id] });
      void queries.invalidateQueries({ queryKey: ["flows"] });
      done(saved);
    },
  });

  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <div className="pair">
        <TextInput label="Name" placeholder="Tallgrass Roofing" {...form.text("name")} />
        <Select
          label="Time zone"
          data={zones}
          value={form.values.zone}
          searchable
          allowDeselect={false}
          onChange={(value) => value && form.set("zone", value)}
          error={form.message("zone")}
        />
      </div>
      <TagsInput
        label="Hosts"
        description="Where the pages are served. Enter or a comma ends one."
        placeholder={form.values.hosts.length ? "" : "www.tallgrass-roofing.example"}
        value={form.values.hosts}
        onChange={(hosts) => form.set("hosts", hosts)}
        error={form.message("hosts")}
        maxTags={HOSTS_MAX}
        splitChars={[",", " "]}
        acceptValueOnBlur
      />
      <Targets
        targets={form.values.targets}
        set={(targets) => form.set("targets", targets)}
        message={form.message("targets")}
      />
      <Select
        label="Call flow of its numbers that have none of their own"
        clearable
        data={flowChoices(flows, site?.flow)}
        value={form.values.flow || null}
        onChange={(value) => form.set("flow", value ?? "")}
        error={form.message("flow")}
        placeholder="None: the business line is rung"
        nothingFoundMessage="No published call flow yet"
      />
      <Switch
        label="Where a source has a number of its own, show that one instead of a pool number"
        checked={form.values.source_numbers_win}
        onChange={(event) => form.set("source_numbers_win", event.currentTarget.checked)}
      />
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          {site ? "Save" : "Add the site"}
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

function Targets({ targets, set, message }: { targets: Target[]; set: (targets: Target[]) => void; message?: string }) {
  const change = (at: number, part: Partial<Target>) =>
    set(targets.map((target, i) => (i === at ? { ...target, ...part } : target)));
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0, display: "grid", gap: 8 }}>
      <legend className="small soft" style={{ padding: 0, marginBottom: 4 }}>
        Numbers to swap, as they stand on the page
      </legend>
      {targets.map((target, i) => (
        <div key={i} className="row">
          <TextInput
            aria-label={`Number ${i + 1}`}
            placeholder="(214) 555-0142"
            value={target.number}
            inputMode="tel"
            style={{ flex: 1 }}
            onChange={(event) => change(i, { number: event.currentTarget.value })}
            error={Boolean(message) && digits(target.number).length < 7}
          />
          <TextInput
            aria-label={`What number ${i + 1} is`}
            placeholder="Business line"
            value={target.label}
            style={{ flex: 1 }}
            onChange={(event) => change(i, { label: event.currentTarget.value })}
          />
          <ActionIcon
            aria-label={`Remove number ${i + 1}`}
            disabled={targets.length === 1}
            onClick={() => set(targets.filter((_, at) => at !== i))}
          >
            <Icon name="trash" />
          </ActionIcon>
        </div>
      ))}
      {message && (
        <p className="small bad" role="alert">
          {message}
        </p>
      )}
      {targets.length < TARGETS_MAX && (
        <div>
          <Button
            size="xs"
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => set([...targets, { label: "", number: "" }])}
          >
            Add a number
          </Button>
        </div>
      )}
    </fieldset>
  );
}

/** "www.shop.example" from whatever was pasted: people copy whole addresses. */
function bareHost(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, "")
    .replace(/[/?#].*$/, "");
}
