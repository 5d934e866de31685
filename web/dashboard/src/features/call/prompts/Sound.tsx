// A play button for a sound of the library.

import { ActionIcon } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { Icon } from "../../../parts/Icon";
import { Shape } from "../../../parts/State";
import { audioOf } from "./prompts";

/** Only one sound is heard at a time. */
let heard: HTMLAudioElement | null = null;

export function Sound({ id, name }: { id: string; name: string }) {
  const element = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [failed, setFailed] = useState(false);
  useEffect(() => () => element.current?.pause(), []);
  const toggle = () => {
    const audio = element.current;
    if (!audio) return;
    if (playing) return audio.pause();
    heard?.pause();
    heard = audio;
    setFailed(false);
    audio.play().catch(() => setFailed(true));
  };
  return (
    <span className="row tight">
      <audio
        ref={element}
        preload="none"
        src={audioOf(id)}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setPlaying(false)}
      />
      <ActionIcon
        variant="default"
        size={26}
        radius="50%"
        aria-label={`${playing ? "Pause" : "Play"} ${name}`}
        onClick={toggle}
      >
        <Icon name={playing ? "pause" : "play"} size={14} />
      </ActionIcon>
      {failed && (
        <span className="small bad row tight" role="alert">
          <Shape tone="bad" />
          did not arrive
        </span>
      )}
    </span>
  );
}
