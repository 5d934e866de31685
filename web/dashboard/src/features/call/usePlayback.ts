// An audio element as state: position, whether it plays, why it does not, and how to move it.

import { useEffect, useRef, useState } from "react";
import { sideSwitch, type Side } from "./channels";

export type Playback = ReturnType<typeof usePlayback>;

export function usePlayback(seconds: number) {
  const audio = useRef<HTMLAudioElement>(null);
  const chooseSide = useRef<((side: Side) => void) | null>(null);
  const [position, setPosition] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [rate, setRate] = useState(1);
  const [side, setSide] = useState<Side>("both");
  const [failed, setFailed] = useState(false);

  // The element reports its time four times a second; while it plays the line moves with each frame.
  useEffect(() => {
    if (!playing) return;
    let frame = requestAnimationFrame(function follow() {
      setPosition(audio.current?.currentTime ?? 0);
      frame = requestAnimationFrame(follow);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing]);

  const seek = (to: number) => {
    const at = Math.min(Math.max(0, to), seconds);
    if (audio.current) audio.current.currentTime = at;
    setPosition(at);
  };
  const toggle = () => {
    if (!audio.current) return;
    if (playing) audio.current.pause();
    else audio.current.play().catch(() => setFailed(true));
  };
  return {
    position,
    playing,
    rate,
    side,
    failed,
    seek,
    toggle,
    speed: (to: number) => {
      if (audio.current) audio.current.playbackRate = to;
      setRate(to);
    },
    listenTo: (to: Side) => {
      if (audio.current) chooseSide.current ??= sideSwitch(audio.current);
      chooseSide.current?.(to);
      setSide(to);
    },
    element: {
      ref: audio,
      onPlay: () => {
        setPlaying(true);
        setFailed(false);
      },
      onPause: () => setPlaying(false),
      onEnded: () => setPlaying(false),
      onSeeked: () => setPosition(audio.current?.currentTime ?? 0),
      onError: () => {
        setPlaying(false);
        setFailed(true);
      },
    },
  };
}
