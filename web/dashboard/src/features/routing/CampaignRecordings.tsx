// How long recordings of a campaign's calls are kept, and which rule wins.

import { Button, NumberInput, Radio } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, take, words } from "../../api/client";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { useMay } from "../access/session";
import type { Keep } from "./documents";
import { at, sent, useRefresh, type Campaign } from "./queries";
import { choiceOf, daysOf, deletesSooner, keepOf, keepProblem, keepWords, KEEP_DAYS_MAX, type KeepChoice } from "./recordings";

export function CampaignRecordings({ campaign }: { campaign: Campaign }) {
  const [changing, setChanging] = useState(false);
  const may = useMay();
  const account = useQuery({
    queryKey: ["settings", "account"],
    queryFn: () => take(api.GET("/api/v1/settings/account")),
    refetchOnWindowFocus: false,
  });
  const accountDays = account.data?.recording_keep_days;
  const { keep } = campaign.recordings;
  return (
    <Card
      title="Recordings of its calls"
      lined
      right={
        may.write &&
        !campaign.archived_at &&
        !changing && (
          <Button size="xs" onClick={() => setChanging(true)}>
            Change
          </Button>
        )
      }
    >
      <div className="pad stack close">
        <p className="small dim">
          What a campaign says here goes before the settings of the account. A call that went through several campaigns is kept
          as long as the one that keeps longest.
        </p>
        {changing ? (
          <Form campaign={campaign} accountDays={accountDays} close={() => setChanging(false)} />
        ) : (
          <dl className="facts">
            <dt>Kept</dt>
            <dd>{keepWords(keep, accountDays)}</dd>
          </dl>
        )}
      </div>
    </Card>
  );
}

type FormProps = { campaign: Campaign; accountDays?: number; close: () => void };

function Form({ campaign, accountDays, close }: FormProps) {
  const before = campaign.recordings.keep;
  const [choice, setChoice] = useState<KeepChoice>(choiceOf(before));
  const [days, setDays] = useState<number | null>(daysOf(before) ?? (accountDays || 90));
  const [problem, setProblem] = useState<string>();
  const refresh = useRefresh();
  const saving = useMutation({
    mutationFn: (keep: Keep) =>
      take(api.PATCH("/api/v1/campaigns/{id}", { params: at(campaign.id), body: { recordings: sent({ keep }) } })),
    onSuccess: async () => {
      await refresh();
      close();
    },
  });
  const keep = keepOf(choice, days);
  const save = () => {
    const found = keepProblem(choice, days);
    setProblem(found);
    if (!found) saving.mutate(keep);
  };
  const choices: { value: KeepChoice; label: string; description?: string }[] = [
    { value: "as_account", label: "As the account says", description: keepWords("as_account", accountDays) },
    { value: "days", label: "A number of days", description: "Whatever the account says." },
    { value: "for_ever", label: "Until somebody deletes them", description: "Whatever the account says." },
  ];
  return (
    <>
      <Radio.Group label="How long they are kept" value={choice} onChange={(value) => setChoice(value as KeepChoice)}>
        <div className="stack" style={{ gap: 10, marginTop: 8 }}>
          {choices.map((each) => (
            <Radio key={each.value} {...each} />
          ))}
        </div>
      </Radio.Group>
      {choice === "days" && (
        <NumberInput
          label="Days that they are kept"
          description="From the beginning of the recording. Older ones are deleted once a day; the calls stay, and say why."
          value={days ?? ""}
          min={1}
          max={KEEP_DAYS_MAX}
          clampBehavior="none"
          hideControls
          thousandSeparator=","
          allowDecimal={false}
          allowNegative={false}
          error={problem}
          onChange={(value) => {
            setDays(value === "" ? null : Number(value));
            setProblem(undefined);
          }}
        />
      )}
      {deletesSooner(before, keep, accountDays) && (
        <div className="note warn">
          <Icon name="warn" />
          <div className="small">
            Recordings of this campaign's calls that are over the new time by now are deleted for good, within a day.
          </div>
        </div>
      )}
      {saving.isError && (
        <p className="bad" role="alert">
          {words(saving.error)}
        </p>
      )}
      <div className="row">
        <Button variant="filled" size="xs" loading={saving.isPending} onClick={save}>
          Save
        </Button>
        <Button variant="subtle" size="xs" onClick={close}>
          Cancel
        </Button>
      </div>
    </>
  );
}
