// Both channels of a recording as bars, caller above; a slider that a mouse, a finger and keys can move.

import { useElementSize } from "@mantine/hooks";
import { useMemo, useState, type KeyboardEvent, type PointerEvent } from "react";
import type { Schema } from "@trunkline/api-client";
import { minutesSeconds } from "../../base/time";
import { PITCH, resample, strokes } from "./waveform";

const STEP_SECONDS = 5;
const PAGE_SECONDS = 30;

type WaveformProps = {
  peaks: Schema<"Peaks"> | undefined;
  seconds: number;
  position: number;
  seek: (to: number) => void;
  toggle: () => void;
};

export function Waveform({ peaks, seconds, position, seek, toggle }: WaveformProps) {
  const { ref, width } = useElementSize();
  const [hover, setHover] = useState<number | null>(null);
  const bars = Math.max(1, Math.floor(width / PITCH));
  const caller = useMemo(() => resample(peaks?.caller ?? [], bars), [peaks, bars]);
  const destination = useMemo(() => resample(peaks?.destination ?? [], bars), [peaks, bars]);
  const share = seconds > 0 ? Math.min(1, position / seconds) : 0;
  const played = Math.round(share * bars);

  const shareAt = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const keys = (event: KeyboardEvent) => {
    const moves: Record<string, () => void> = {
      ArrowRight: () => seek(position + STEP_SECONDS),
      ArrowLeft: () => seek(position - STEP_SECONDS),
      PageUp: () => seek(position + PAGE_SECONDS),
      PageDown: () => seek(position - PAGE_SECONDS),
      Home: () => seek(0),
      End: () => seek(seconds),
      " ": toggle,
      k: toggle,
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  };

  return (
    <div
      ref={ref}
      className="wave"
      role="slider"
      tabIndex={0}
      aria-label="Position in the recording"
      aria-valuemin={0}
      aria-valuemax={Math.round(seconds)}
      aria-valuenow={Math.round(position)}
      aria-valuetext={`${minutesSeconds(position)} of ${minutesSeconds(seconds)}`}
      onKeyDown={keys}
      onPointerDown={(event) => seek(shareAt(event) * seconds)}
      onPointerMove={(event) => {
        setHover(shareAt(event));
        if (event.buttons === 1) seek(shareAt(event) * seconds);
      }}
      onPointerLeave={() => setHover(null)}
    >
      <svg aria-hidden="true">
        <path className="mid" d={`M0 27H${width}`} />
        <path className="a past" d={strokes(caller.slice(0, played), 13, 12)} />
        <path className="a rest" d={strokes(caller.slice(played), 13, 12, played)} />
        <path className="b past" d={strokes(destination.slice(0, played), 41, 12)} />
        <path className="b rest" d={strokes(destination.slice(played), 41, 12, played)} />
      </svg>
      <span className="pos" style={{ left: `${share * 100}%` }} />
      {hover !== null && (
        <span className="hover" style={{ left: `${hover * 100}%` }}>
          {minutesSeconds(hover * seconds)}
        </span>
      )}
    </div>
  );
}
