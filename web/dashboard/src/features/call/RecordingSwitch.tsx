// Whether a talk in progress is being recorded, and a button that lets the recording rest while something is said that must
// not be kept, such as a card number.

import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, take, words } from "../../api/client";
import { Icon } from "../../parts/Icon";
import { StateWord } from "../../parts/State";
import { useMay } from "../access/session";
import { useLive } from "./live";
import type { CallSummary } from "./words";

export function RecordingSwitch({ call }: { call: Pick<CallSummary, "id" | "recording_now" | "caller_display"> }) {
  const may = useMay();
  const queries = useQueryClient();
  const live = useLive();
  // The stream knows best; a call that it does not know is as it was fetched.
  const known = [...live.calls, ...live.recent].find((each) => each.id === call.id) ?? call;
  const paused = known.recording_now === "paused";
  const params = { path: { id: call.id } };
  const act = useMutation({
    mutationFn: () =>
      paused
        ? take(api.POST("/api/v1/calls/{id}/recording/resume", { params }))
        : take(api.POST("/api/v1/calls/{id}/recording/pause", { params })),
    onSettled: () => void queries.invalidateQueries({ queryKey: ["call", call.id], exact: true }),
  });
  if (!known.recording_now) return null;
  return (
    <div className="taping" role="group" aria-label={`Recording of the call of ${call.caller_display}`}>
      <div className="row between">
        <span className="small" role="status">
          <StateWord tone={paused ? "warn" : "live"}>{paused ? "Recording paused" : "Recording"}</StateWord>
        </span>
        {may.write && (
          <Button
            size="xs"
            variant={paused ? "filled" : "default"}
            aria-label={paused ? "Resume recording" : "Pause recording"}
            leftSection={<Icon name={paused ? "record" : "pause"} size={14} />}
            loading={act.isPending}
            onClick={() => act.mutate()}
          >
            {paused ? "Resume" : "Pause"}
          </Button>
        )}
      </div>
      {act.isError && (
        <p className="bad small" role="alert">
          {words(act.error)}
        </p>
      )}
    </div>
  );
}
