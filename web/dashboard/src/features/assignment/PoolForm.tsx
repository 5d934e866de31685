// Adding or changing a pool: its name, the site and number it stands for, and how strictly it hands numbers on.

import { Button, Select, Switch, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { sitesQuery } from "../../api/lists";
import { useForm } from "../../parts/form";
import { channelChoices } from "../call/words";
import type { Pool } from "./words";

type PoolFormProps = { pool?: Pool; done: (pool: Pool) => void; cancel?: () => void };

export function PoolForm({ pool, done, cancel }: PoolFormProps) {
  const queries = useQueryClient();
  const sites = useQuery(sitesQuery()).data ?? [];
  const form = useForm({
    start: {
      name: pool?.name ?? "",
      site: pool?.site.id ?? "",
      target: pool?.target ?? "",
      strict: pool?.strict ?? false,
      channel: pool?.source?.channel ?? "",
      source: pool?.source?.source ?? "",
      medium: pool?.source?.medium ?? "",
      page: pool?.page ?? "",
    },
    check: (values) => ({
      name: values.name.trim() ? undefined : "Write a name, such as Dallas Roofing",
      site: values.site ? undefined : "Choose the site whose visitors get these numbers",
      target: values.target ? undefined : "Choose the number on the page that is replaced",
      page:
        !values.page.trim() || values.page.trim().startsWith("/")
          ? undefined
          : "Write the start of a path, such as /roofing",
    }),
    // A pool stays with its site and target: numbers that were shown keep their meaning.
    send: (values) =>
      pool
        ? take(
            api.PATCH("/api/v1/pools/{id}", {
              params: { path: { id: pool.id } },
              body: { name: values.name.trim(), strict: values.strict, ...visitors(values) },
            }),
          )
        : take(
            api.POST("/api/v1/pools", {
              body: {
                name: values.name.trim(),
                site: values.site,
                target: values.target,
                strict: values.strict,
                ...visitors(values),
              },
            }),
          ),
    done: (saved) => {
      void queries.invalidateQueries({ queryKey: ["pools"] });
      void queries.invalidateQueries({ queryKey: ["pool", saved.id] });
      done(saved);
    },
  });
  const targets = sites.find((site) => site.id === form.values.site)?.targets ?? [];
  const chooseSite = (id: string | null) => {
    form.set("site", id ?? "");
    form.set("target", sites.find((site) => site.id === id)?.targets[0]?.id ?? "");
  };
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" placeholder="Dallas Roofing" {...form.text("name")} />
      <Select
        label="Site"
        disabled={pool !== undefined}
        data={sites.map((site) => ({ value: site.id, label: site.name }))}
        value={form.values.site || null}
        allowDeselect={false}
        onChange={chooseSite}
        error={form.message("site")}
      />
      <Select
        label="Replaces on the page"
        value={form.values.target || null}
        allowDeselect={false}
        onChange={(value) => form.set("target", value ?? "")}
        error={form.message("target")}
        data={targets.map((target) => ({ value: target.id, label: `${target.number_display}, ${target.label}` }))}
        disabled={!form.values.site || pool !== undefined}
      />
      <div className="pair">
        <Select
          label="For visitors from"
          clearable
          data={channelChoices}
          value={form.values.channel || null}
          onChange={(value) => form.set("channel", value ?? "")}
          placeholder="Everywhere"
        />
        <TextInput label="On pages below" placeholder="All pages" {...form.text("page")} />
      </div>
      <div className="pair">
        <TextInput label="Source" placeholder="Any, or one such as google" {...form.text("source")} />
        <TextInput label="Medium" placeholder="Any, or one such as cpc" {...form.text("medium")} />
      </div>
      <Switch
        label="Strict: a number is never handed on within 30 minutes of being visible; when none is free, visitors see the number of their source"
        checked={form.values.strict}
        onChange={(event) => form.set("strict", event.currentTarget.checked)}
      />
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          {pool ? "Save" : "Add the pool"}
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

/** Whom the pool is for, as the API takes it: what is empty is for everybody. */
function visitors(values: { channel: string; source: string; medium: string; page: string }) {
  return {
    source: { channel: values.channel, source: values.source.trim(), medium: values.medium.trim() },
    page: values.page.trim(),
  };
}
