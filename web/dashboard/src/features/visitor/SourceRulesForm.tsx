// The owner's rules that name sources: tried in order before all others, and counted on past visits before saving.

import { ActionIcon, Button, NumberInput, Select, Switch, TagsInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take, words } from "../../api/client";
import { Icon } from "../../parts/Icon";
import { useForm } from "../../parts/form";
import { channelChoices } from "../call/words";
import { ReplayCounts, replaySources } from "./Replay";

type Rule = { name: string; by: "parameter" | "referrer"; what: string; value: string } & Pick<
  Schema<"SourceRule">,
  "channel" | "medium" | "source"
>;
type Values = { source_rules: Rule[]; tags_first: boolean; ignored: string[]; direct_keeps_days: number };

/** A visitor is known for so many days. */
const DIRECT_KEEPS_DAYS_MAX = 30;

/** Rules and hosts one site may have; the server has the last word. */
const RULES_MAX = 50;
const IGNORED_MAX = 50;

/** Nothing is chosen for the owner: a rule that was not looked at would name everything "Other". */
const empty: Rule = { name: "", by: "parameter", what: "", value: "", channel: "", medium: "", source: "" };

function read(rule: Schema<"SourceRule">): Rule {
  const { name, channel, medium, source } = rule;
  const by = rule.referrer ? "referrer" : "parameter";
  return { name, by, what: rule.referrer ?? rule.parameter ?? "", value: rule.value ?? "", channel, medium, source };
}

function written({ source_rules, tags_first, ignored, direct_keeps_days }: Values): Schema<"SourceRules"> {
  const own = source_rules.map(({ name, by, what, value, channel, medium, source }) =>
    by === "referrer"
      ? { name, referrer: what, channel, medium, source }
      : { name, parameter: what, value: value || null, channel, medium, source },
  );
  return { own, tags_first, ignored, direct_keeps_days };
}

export function SourceRulesForm({
  site,
  done,
  cancel,
}: {
  site: Schema<"Site">;
  done: () => void;
  cancel: () => void;
}) {
  const queries = useQueryClient();
  const form = useForm<Values, unknown>({
    start: {
      source_rules: site.source_rules.own.map(read),
      tags_first: site.source_rules.tags_first,
      ignored: site.source_rules.ignored,
      direct_keeps_days: site.source_rules.direct_keeps_days ?? DIRECT_KEEPS_DAYS_MAX,
    },
    check: ({ source_rules }) => ({
      source_rules: source_rules.every((rule) => rule.name && rule.what && rule.channel && rule.medium && rule.source)
        ? undefined
        : "Each rule needs a name, what it looks for, a channel, a source and a medium",
    }),
    send: (values) =>
      take(
        api.PATCH("/api/v1/sites/{id}", {
          params: { path: { id: site.id } },
          body: { source_rules: written(values) },
        }),
      ),
    done: () => {
      void queries.invalidateQueries({ queryKey: ["sites"] });
      void queries.invalidateQueries({ queryKey: ["site", site.id] });
      done();
    },
  });
  const trying = useMutation({
    mutationFn: () => replaySources(site.id, { source_rules: written(form.values), apply: false }),
  });
  const set = <K extends keyof Values>(name: K, value: Values[K]) => {
    trying.reset();
    form.set(name, value);
  };

  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <Rules rules={form.values.source_rules} set={(rules) => set("source_rules", rules)} />
      {form.message("source_rules") && (
        <p className="small bad" role="alert">
          {form.message("source_rules")}
        </p>
      )}
      <TagsInput
        label="Hosts that are no source"
        description="Booking or payment pages in the middle of a visit; payment and sign-in services are known. Enter or a comma ends one."
        placeholder={form.values.ignored.length ? "" : "booking.example"}
        value={form.values.ignored}
        onChange={(ignored) => set("ignored", ignored)}
        maxTags={IGNORED_MAX}
        splitChars={[",", " "]}
        acceptValueOnBlur
      />
      <Switch
        label="Where a link has a click identifier and tags, believe the tags"
        checked={form.values.tags_first}
        onChange={(event) => set("tags_first", event.currentTarget.checked)}
      />
      <NumberInput
        label="A direct visit keeps the source of the visit before for so many days"
        description="0: a direct visit is direct"
        min={0}
        max={DIRECT_KEEPS_DAYS_MAX}
        clampBehavior="strict"
        allowDecimal={false}
        value={form.values.direct_keeps_days}
        onChange={(days) => set("direct_keeps_days", Number(days) || 0)}
        style={{ maxWidth: 420 }}
      />
      {trying.data && <ReplayCounts replay={trying.data} />}
      {(form.failure || trying.isError) && (
        <p className="bad" role="alert">
          {form.failure ?? words(trying.error)}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          Save
        </Button>
        <Button loading={trying.isPending} onClick={() => trying.mutate()}>
          Try on past visits
        </Button>
        <Button variant="subtle" onClick={cancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function Rules({ rules, set }: { rules: Rule[]; set: (rules: Rule[]) => void }) {
  const change = (at: number, part: Partial<Rule>) =>
    set(rules.map((rule, i) => (i === at ? { ...rule, ...part } : rule)));
  const earlier = (at: number) =>
    set(rules.map((rule, i) => (i === at - 1 ? rules[at]! : i === at ? rules[at - 1]! : rule)));
  return (
    <fieldset className="plain">
      <legend className="small soft">Your rules, tried from the top before all others</legend>
      {rules.map((rule, i) => (
        <RuleRow
          key={i}
          at={i}
          rule={rule}
          change={(part) => change(i, part)}
          earlier={i > 0 ? () => earlier(i) : undefined}
          remove={() => set(rules.filter((_, at) => at !== i))}
        />
      ))}
      {rules.length < RULES_MAX && (
        <div>
          <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={() => set([...rules, empty])}>
            Add a rule
          </Button>
        </div>
      )}
    </fieldset>
  );
}

type RowProps = {
  at: number;
  rule: Rule;
  change: (part: Partial<Rule>) => void;
  earlier: (() => void) | undefined;
  remove: () => void;
};

function RuleRow({ at, rule, change, earlier, remove }: RowProps) {
  const text = (name: "name" | "what" | "value" | "medium" | "source", label: string, placeholder: string) => (
    <TextInput
      label={label}
      aria-label={`${label} of rule ${at + 1}`}
      placeholder={placeholder}
      value={rule[name]}
      onChange={(event) => change({ [name]: event.currentTarget.value })}
    />
  );
  const referrer = rule.by === "referrer";
  return (
    <div className="rule-row">
      {text("name", "Name", "Van no. 7")}
      <Select
        label="Applies when"
        aria-label={`Applies when, of rule ${at + 1}`}
        data={[
          { value: "parameter", label: "The address has" },
          { value: "referrer", label: "They came from" },
        ]}
        value={rule.by}
        allowDeselect={false}
        onChange={(by) => change({ by: by === "referrer" ? "referrer" : "parameter" })}
      />
      {text("what", referrer ? "Host" : "Parameter", referrer ? "partner.example" : "qr")}
      {referrer ? <span /> : text("value", "Value", "any value")}
      <Select
        label="Channel"
        aria-label={`Channel of rule ${at + 1}`}
        placeholder="Choose one"
        data={channelChoices}
        value={rule.channel || null}
        allowDeselect={false}
        onChange={(channel) => channel && change({ channel })}
      />
      {text("source", "Source", "van")}
      {text("medium", "Medium", "print")}
      <span className="row">
        <ActionIcon aria-label={`Try rule ${at + 1} earlier`} disabled={!earlier} onClick={earlier}>
          <Icon name="up" />
        </ActionIcon>
        <ActionIcon aria-label={`Remove rule ${at + 1}`} onClick={remove}>
          <Icon name="trash" />
        </ActionIcon>
      </span>
    </div>
  );
}
