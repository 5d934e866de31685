// Which icon stands for which kind of step.

import type { IconName } from "../../../parts/Icon";
import type { Kind } from "./document";

const icons: Record<Kind | "entry", IconName> = {
  entry: "calls",
  say: "voice",
  play: "sound",
  recording_notice: "record",
  menu: "keys",
  gather: "digits",
  collect_zip: "place",
  survey: "survey",
  challenge: "shield",
  schedule: "clock",
  branch: "branch",
  splitter: "split",
  webhook: "code",
  dial: "house",
  route: "route",
  voicemail: "voicemail",
  set_tag: "tag",
  go_to: "onward",
  hang_up: "end",
};

/** Also for a kind that this build does not know yet. */
export function stepIcon(kind: string): IconName {
  return icons[kind as Kind] ?? "keys";
}
