// Listening to one side of a two-channel recording: left is the caller, right the destination.

export type Side = "both" | "caller" | "destination";

/** Puts a switch between the element and the speakers; made once, on the first choice of a side. */
export function sideSwitch(audio: HTMLAudioElement): (side: Side) => void {
  const context = new AudioContext();
  const splitter = context.createChannelSplitter(2);
  const caller = context.createGain();
  const destination = context.createGain();
  context.createMediaElementSource(audio).connect(splitter);
  splitter.connect(caller, 0).connect(context.destination);
  splitter.connect(destination, 1).connect(context.destination);
  return (side) => {
    void context.resume();
    caller.gain.value = side === "destination" ? 0 : 1;
    destination.gain.value = side === "caller" ? 0 : 1;
  };
}
