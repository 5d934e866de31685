// Whom a campaign sells to nobody: people on do-not-call lists, people who sue, and callers no carrier vouches for.

import { Button, MultiSelect, Select } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, take, words } from "../../api/client";
import { Card } from "../../parts/Card";
import { useMay } from "../access/session";
import { attestations, holdsNumbers } from "./compliance";
import type { Compliance } from "./documents";
import { at, listsQuery, sent, useRefresh, type Campaign, type ItemList } from "./queries";

export function CampaignCompliance({ campaign }: { campaign: Campaign }) {
  const [draft, setDraft] = useState<Compliance | null>(null);
  const may = useMay();
  const lists = (useQuery(listsQuery()).data ?? []).filter(holdsNumbers);
  return (
    <Card
      title="Who must not be sold"
      lined
      right={
        may.write &&
        !campaign.archived_at &&
        draft === null && (
          <Button size="xs" onClick={() => setDraft(campaign.compliance)}>
            Change
          </Button>
        )
      }
    >
      <div className="pad stack close">
        <p className="small dim">
          Of calls, leads and pings alike, before any contract is asked. Whoever is stopped costs nothing and is offered to nobody.
        </p>
        {draft === null ? (
          <Shown rules={campaign.compliance} lists={lists} />
        ) : (
          <Form campaign={campaign} lists={lists} draft={draft} set={setDraft} />
        )}
      </div>
    </Card>
  );
}

function Shown({ rules, lists }: { rules: Compliance; lists: ItemList[] }) {
  const names = (ids: string[] = []) =>
    ids.map((id) => lists.find((list) => list.id === id)?.name ?? "a deleted list").join(", ") || "no list";
  const least = attestations.find((each) => each.value === (rules.attestation_min ?? ""));
  return (
    <dl className="facts">
      <dt>Do not call</dt>
      <dd>{names(rules.do_not_call)}</dd>
      <dt>People who sue</dt>
      <dd>{names(rules.litigators)}</dd>
      <dt>Attestation of calls</dt>
      <dd>{least?.label}</dd>
    </dl>
  );
}

type FormProps = {
  campaign: Campaign;
  lists: ItemList[];
  draft: Compliance;
  set: (draft: Compliance | null) => void;
};

function Form({ campaign, lists, draft, set }: FormProps) {
  const refresh = useRefresh();
  const saving = useMutation({
    mutationFn: (compliance: Compliance) =>
      take(api.PATCH("/api/v1/campaigns/{id}", { params: at(campaign.id), body: { compliance: sent(compliance) } })),
    onSuccess: async () => {
      await refresh();
      set(null);
    },
  });
  const choices = lists.map((list) => ({ value: list.id, label: list.name }));
  const hint = (chosen: string[] = []) => (chosen.length ? "" : choices.length ? "Choose lists" : "There is no list yet");
  return (
    <>
      {choices.length === 0 && (
        <p className="small soft">
          Lists of phone numbers or of their hashes are kept under <Link href="/lists">Lists</Link>.
        </p>
      )}
      <MultiSelect
        label="Do-not-call lists"
        placeholder={hint(draft.do_not_call)}
        data={choices}
        value={draft.do_not_call ?? []}
        onChange={(ids) => set({ ...draft, do_not_call: ids })}
      />
      <MultiSelect
        label="Lists of people who sue"
        placeholder={hint(draft.litigators)}
        data={choices}
        value={draft.litigators ?? []}
        onChange={(ids) => set({ ...draft, litigators: ids })}
      />
      <Select
        label="Attestation of calls, at least"
        description="What the carrier must vouch for when a call has come."
        data={attestations}
        value={draft.attestation_min ?? ""}
        allowDeselect={false}
        onChange={(least) => set({ ...draft, attestation_min: (least || undefined) as Compliance["attestation_min"] })}
      />
      {saving.isError && (
        <p className="bad" role="alert">
          {words(saving.error)}
        </p>
      )}
      <div className="row">
        <Button variant="filled" size="xs" loading={saving.isPending} onClick={() => saving.mutate(draft)}>
          Save
        </Button>
        <Button variant="subtle" size="xs" onClick={() => set(null)}>
          Cancel
        </Button>
      </div>
    </>
  );
}
