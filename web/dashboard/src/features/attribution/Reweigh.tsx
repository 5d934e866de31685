// Past calls weighed again under the model in force: counts before and after, then the crediting.

import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take, words } from "../../api/client";
import { count, plural } from "../../base/figures";
import { Loaded } from "../../parts/Waiting";

type Found = Schema<"AttributionReplay">;

function reweigh(site: string, apply: boolean): Promise<Found> {
  return take(api.POST("/api/v1/sites/{id}/attribution-replay", { params: { path: { id: site } }, body: { apply } }));
}

export function Reweigh({ site, close }: { site: Schema<"Site">; close: () => void }) {
  const queries = useQueryClient();
  const counted = useQuery({
    queryKey: ["reweigh", site.id],
    queryFn: () => reweigh(site.id, false),
    staleTime: 0,
    refetchOnWindowFocus: false,
  });
  const crediting = useMutation({
    mutationFn: () => reweigh(site.id, true),
    onSuccess: () => void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "reweigh" }),
  });
  if (crediting.data) {
    return (
      <div className="stack">
        <p role="status">{plural(crediting.data.changed, "call")} got another credit.</p>
        <div className="row">
          <Button onClick={close}>Close</Button>
        </div>
      </div>
    );
  }
  return (
    <div className="stack">
      <p className="soft">
        The calls of the last 30 days are weighed by the model in force now. Calls that a person confirmed keep what that
        person said.
      </p>
      <Loaded query={counted} title="The count did not arrive">
        {(found) => <Counts found={found} />}
      </Loaded>
      {crediting.isError && (
        <p className="bad" role="alert">
          {words(crediting.error)}
        </p>
      )}
      <div className="row">
        <Button
          variant="filled"
          loading={crediting.isPending}
          disabled={!counted.data?.changed}
          onClick={() => crediting.mutate()}
        >
          Credit them so
        </Button>
        <Button variant="subtle" onClick={close}>
          Keep the credits
        </Button>
      </div>
    </div>
  );
}

function Counts({ found }: { found: Found }) {
  if (found.calls === 0) return <p role="status">There were no calls in the last 30 days.</p>;
  return (
    <div className="stack close">
      <p role="status">
        {found.changed === 0
          ? `All ${plural(found.calls, "call")} keep their visit.`
          : `${count(found.changed)} of ${plural(found.calls, "call")} would be credited to another visit.`}
      </p>
      <table className="t">
        <thead>
          <tr>
            <th scope="col">Calls</th>
            <th scope="col" className="num">
              Now
            </th>
            <th scope="col" className="num">
              Weighed again
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>Credited to a visit</td>
            <td className="num">{count(found.credited_before)}</td>
            <td className="num">{count(found.credited_after)}</td>
          </tr>
          <tr>
            <td>Ambiguous</td>
            <td className="num">{count(found.ambiguous_before)}</td>
            <td className="num">{count(found.ambiguous_after)}</td>
          </tr>
          <tr>
            <td>Confirmed by a person</td>
            <td className="num">{count(found.confirmed)}</td>
            <td className="num">{count(found.confirmed)}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}
