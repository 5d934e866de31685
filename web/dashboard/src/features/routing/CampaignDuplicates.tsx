// What a campaign does with people whom it had before, unless a feed says something else.

import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, take, words } from "../../api/client";
import { Card } from "../../parts/Card";
import { useMay } from "../access/session";
import type { DuplicateRule } from "./documents";
import { at, useRefresh, type Campaign } from "./queries";
import { DuplicatesEditor } from "./terms/DuplicatesEditor";
import { duplicateWords } from "./words";

export function CampaignDuplicates({ campaign }: { campaign: Campaign }) {
  const [draft, setDraft] = useState<DuplicateRule[] | null>(null);
  const refresh = useRefresh();
  const may = useMay();
  const saving = useMutation({
    mutationFn: (duplicates: DuplicateRule[]) =>
      take(
        api.PATCH("/api/v1/campaigns/{id}", {
          params: at(campaign.id),
          body: { duplicates: duplicates as unknown as Record<string, never>[] },
        }),
      ),
    onSuccess: async () => {
      await refresh();
      setDraft(null);
    },
  });
  return (
    <Card
      title="People who came before"
      lined
      right={
        may.write &&
        draft === null && (
          <Button size="xs" onClick={() => setDraft(campaign.duplicates)}>
            Change
          </Button>
        )
      }
    >
      <div className="pad stack close">
        <p className="small dim">Of the whole campaign, before any contract is asked. A feed may say something else.</p>
        {draft === null ? (
          campaign.duplicates.length ? (
            <ul className="stack close">
              {campaign.duplicates.map((rule, i) => (
                <li key={i}>{duplicateWords(rule)}</li>
              ))}
            </ul>
          ) : (
            <p>They are taken like anybody.</p>
          )
        ) : (
          <>
            <DuplicatesEditor of="campaign" value={draft} set={setDraft} />
            {saving.isError && (
              <p className="bad" role="alert">
                {words(saving.error)}
              </p>
            )}
            <div className="row">
              <Button variant="filled" size="xs" loading={saving.isPending} onClick={() => saving.mutate(draft)}>
                Save
              </Button>
              <Button variant="subtle" size="xs" onClick={() => setDraft(null)}>
                Cancel
              </Button>
            </div>
          </>
        )}
      </div>
    </Card>
  );
}
