// Past visits under the rules of now, or under rules that are tried: counts before and after, and the renaming.

import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take, words } from "../../api/client";
import { count, plural } from "../../base/figures";
import { Loaded } from "../../parts/Waiting";

export type Replay = Schema<"Replay">;

/** Sources shown by name; those that change most come first. */
const SHOWN_MAX = 12;

export function replaySources(site: string, body: Schema<"ReplayInput">): Promise<Replay> {
  return take(api.POST("/api/v1/sites/{id}/source-replay", { params: { path: { id: site } }, body }));
}

/** "3 of 120 visits of the last 90 days get another source", and which. */
export function ReplayCounts({ replay }: { replay: Replay }) {
  const changing = replay.sources.filter((source) => source.before !== source.after);
  return (
    <div className="stack close">
      <p role="status">{summary(replay)}</p>
      {changing.length > 0 && (
        <div className="scroll">
          <table className="t">
            <thead>
              <tr>
                <th>Source</th>
                <th>Channel</th>
                <th className="num">Now</th>
                <th className="num">By the rules</th>
              </tr>
            </thead>
            <tbody>
              {changing.slice(0, SHOWN_MAX).map((source) => (
                <tr key={`${source.channel} ${source.source}`}>
                  <td>{source.label || "Other sources"}</td>
                  <td className="soft">{source.channel_label}</td>
                  <td className="num">{count(source.before)}</td>
                  <td className="num">{count(source.after)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {changing.length > SHOWN_MAX && <p className="small dim">and {plural(changing.length - SHOWN_MAX, "more source")}</p>}
    </div>
  );
}

function summary({ arrivals, changed }: Replay): string {
  if (!arrivals) return "Nobody came in the last 90 days.";
  if (!changed) return `All ${plural(arrivals, "arrival")} of the last 90 days keep their names.`;
  return `${count(changed)} of ${plural(arrivals, "arrival")} of the last 90 days would be named otherwise.`;
}

export function RenamePast({ site, close }: { site: Schema<"Site">; close: () => void }) {
  const queries = useQueryClient();
  const counted = useQuery({
    queryKey: ["replay", site.id, site.source_rules],
    queryFn: () => replaySources(site.id, { apply: false }),
    staleTime: 0,
  });
  const renaming = useMutation({
    mutationFn: () => replaySources(site.id, { apply: true }),
    onSuccess: () => void queries.invalidateQueries(),
  });
  if (renaming.data) {
    return (
      <div className="stack">
        <p role="status">
          {plural(renaming.data.changed, "arrival")} and {plural(renaming.data.calls, "call")} have their new names.
        </p>
        <div className="row">
          <Button onClick={close}>Close</Button>
        </div>
      </div>
    );
  }
  return (
    <div className="stack">
      <p className="soft">
        Past visits, and the ended calls credited to them, get the source that the rules give them now. Pages and referrers are
        kept, so a rule can be changed back.
      </p>
      <Loaded query={counted} title="The count did not arrive">
        {(replay) => <ReplayCounts replay={replay} />}
      </Loaded>
      {renaming.isError && (
        <p className="bad" role="alert">
          {words(renaming.error)}
        </p>
      )}
      <div className="row">
        <Button
          variant="filled"
          loading={renaming.isPending}
          disabled={!counted.data?.changed}
          onClick={() => renaming.mutate()}
        >
          Rename them
        </Button>
        <Button variant="subtle" onClick={close}>
          Keep the names
        </Button>
      </div>
    </div>
  );
}
