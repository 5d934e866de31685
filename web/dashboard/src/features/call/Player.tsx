// The recording of a call: play, both channels as a waveform, speed, one side alone, download.

import { ActionIcon, Button, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, take } from "../../api/client";
import { bytes } from "../../base/figures";
import { minutesSeconds } from "../../base/time";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { Shape } from "../../parts/State";
import { Ago } from "../../parts/When";
import type { Side } from "./channels";
import { usePlayback } from "./usePlayback";
import { Waveform } from "./Waveform";
import type { CallDetail } from "./words";

const SPEEDS = [1, 1.25, 1.5, 2];
export function Player({ call }: { call: CallDetail }) {
  const recording = call.recording;
  if (!recording) return null;
  if (recording.state === "deleted") {
    return (
      <Card title="Recording" level={3} lined right={minutesSeconds(recording.seconds)}>
        <p className="pad soft">
          Deleted{" "}
          {recording.deleted_at ? (
            <>
              <Ago at={recording.deleted_at} />,{" "}
            </>
          ) : null}
          {recording.deleted_because ?? "by a rule"}. The call itself is kept.
        </p>
      </Card>
    );
  }
  const ended = call.state === "ended";
  const waiting = !ended || recording.state === "writing";
  const words = `${minutesSeconds(recording.seconds)}, ${recording.state === "partial" ? "cut off by a restart" : "two channels"}`;
  return (
    <Card title="Recording" level={3} lined right={!waiting ? words : ended ? "on its way" : "in progress"}>
      {waiting ? (
        <p className="pad soft">
          {ended
            ? "The call has ended; its recording is still being written or fetched from the carrier. It can be played once it is here."
            : "Being recorded. It can be played once the call has ended."}
        </p>
      ) : (
        <Sound call={call} recording={recording} />
      )}
    </Card>
  );
}

type Recording = NonNullable<CallDetail["recording"]>;

function Sound({ call, recording }: { call: CallDetail; recording: Recording }) {
  const peaks = useQuery({
    queryKey: ["peaks", call.id],
    queryFn: () => take(api.GET("/api/v1/calls/{id}/peaks", { params: { path: { id: call.id } } })),
    staleTime: Infinity,
  });
  const playback = usePlayback(recording.seconds);
  const source = `/api/v1/calls/${encodeURIComponent(call.id)}/recording`;
  const [first = "Caller", second = "Destination"] = recording.channels;

  return (
    <div style={{ padding: "10px 16px 12px", display: "grid", gap: 6 }}>
      <audio preload="metadata" src={source} {...playback.element} />
      <div className="row" style={{ gap: 12 }}>
        <ActionIcon
          variant="default"
          size={32}
          radius="50%"
          aria-label={playback.playing ? "Pause" : "Play"}
          onClick={playback.toggle}
        >
          <Icon name={playback.playing ? "pause" : "play"} />
        </ActionIcon>
        <Waveform
          peaks={peaks.data}
          seconds={recording.seconds}
          position={playback.position}
          seek={playback.seek}
          toggle={playback.toggle}
        />
      </div>
      <div className="row between small dim" style={{ paddingLeft: 44 }}>
        <span className="key">
          <span>
            <i style={{ background: "var(--chart-2)" }} />
            {first}
          </span>
          <span>
            <i style={{ background: "var(--chart-1)" }} />
            {second}
          </span>
        </span>
        <span>
          {minutesSeconds(playback.position)} of {minutesSeconds(recording.seconds)}
        </span>
      </div>
      {playback.failed && (
        <p className="small bad row tight" role="alert" style={{ paddingLeft: 44 }}>
          <Shape tone="bad" />
          The sound did not arrive. Press play to try again.
        </p>
      )}
      <div className="row wrap between" style={{ paddingLeft: 44 }}>
        <SegmentedControl
          aria-label="Side to listen to"
          value={playback.side}
          onChange={(side) => playback.listenTo(side as Side)}
          data={[
            { value: "both", label: "Both" },
            { value: "caller", label: first },
            { value: "destination", label: second },
          ]}
        />
        <span className="row tight">
          <Button
            size="xs"
            variant="subtle"
            aria-label={`Speed ${playback.rate} times, change`}
            onClick={() => playback.speed(SPEEDS[(SPEEDS.indexOf(playback.rate) + 1) % SPEEDS.length] ?? 1)}
          >
            {playback.rate}×
          </Button>
          <Button
            size="xs"
            variant="subtle"
            component="a"
            href={source}
            download
            aria-label={`Download, ${bytes(recording.bytes)}`}
            title={`Download, ${bytes(recording.bytes)}`}
          >
            <Icon name="download" size={14} />
          </Button>
        </span>
      </div>
    </div>
  );
}
