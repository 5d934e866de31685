/**
 * Who speaks when in a call of the demo, and whether a recorded channel is that part of it. The demo's people speak in turns
 * that follow from the number of their conversation: `Chance` and `Turns` of crates/trunkline-sim, in a few lines.
 */

/** Samples a second, and in one frame. */
const RATE = 8_000;
const FRAME = RATE / 50;

/** The demo's seed where none is given. */
const SEED = 1n;

/** The loudest a silent frame is: far above the hiss of the line, far below speech. */
const SILENT_MAX = 150;

/** How much later or earlier than its end of the line a recording may begin, in frames. */
const DELAY_MAX = 50;

/** For so long a vowel rings on after its turn, in frames. */
const RING_FRAMES = 3;

/** SplitMix64: the same numbers as in the simulation. */
class Chance {
  constructor(private state: bigint) {}

  next(): bigint {
    this.state = BigInt.asUintN(64, this.state + 0x9e3779b97f4a7c15n);
    let z = this.state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }

  fraction(): number {
    return Number(this.next() >> 11n) / 2 ** 53;
  }

  around(median: number, spread: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.fraction()));
    return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * this.fraction()));
  }
}

export type Part = "business" | "caller";

/** The conversation of the demo site's call with this number: the first one dialled is 1. */
export const talkOf = (call: bigint): bigint => new Chance(SEED ^ call).next();

/** For each frame of a conversation whether it is a part's turn. */
const turns = (talk: bigint, part: Part, frames: number): boolean[] => {
  const chance = new Chance(talk);
  const own = Array<boolean>(frames).fill(false);
  let speaks: Part = "business";
  for (let at = 0.3; at * 50 < frames; ) {
    const length = speaks == "business" ? chance.around(2.6, 0.45) : chance.around(3.4, 0.55);
    const end = at + Math.min(Math.max(length, 0.6), 9);
    if (speaks == part) own.fill(true, Math.floor(at * 50), Math.ceil(end * 50) + RING_FRAMES);
    at = Math.max(end - 0.35 + 1.1 * chance.fraction(), at);
    speaks = speaks == "business" ? "caller" : "business";
  }
  return own;
};

/** The two channels of a recording: the caller's, the destination's. */
export const channels = (wav: Buffer): [Int16Array, Int16Array] => {
  const [format, rate, bits] = [wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt16LE(34)];
  if (format != 2 || rate != RATE || bits != 16) throw new Error(`a recording of ${format} channels, ${rate} Hz, ${bits} bits`);
  const data = wav.subarray(wav.indexOf("data") + 8);
  const samples = Array.from({ length: Math.floor(data.length / 2) }, (_, i) => data.readInt16LE(2 * i));
  return [Int16Array.from(samples.filter((_, i) => i % 2 == 0)), Int16Array.from(samples.filter((_, i) => i % 2 == 1))];
};

/** For each frame whether somebody speaks in it. */
const spoken = (sound: Int16Array): boolean[] =>
  Array.from({ length: Math.floor(sound.length / FRAME) }, (_, i) => sound.subarray(i * FRAME, (i + 1) * FRAME).some((sample) => Math.abs(sample) > SILENT_MAX));

/** How much a channel is a part of a conversation: 1 when all that is said is said in its turns, 0 when only outside of them or not at all. */
export const fit = (sound: Int16Array, talk: bigint, part: Part): number => {
  const heard = spoken(sound);
  const own = turns(talk, part, heard.length + 2 * DELAY_MAX);
  const said = heard.filter(Boolean).length;
  let best = 0;
  for (let delay = -DELAY_MAX; delay <= DELAY_MAX; delay++) {
    const right = heard.filter((one, i) => one && own[i + delay]).length;
    // Of all that is said, and of all the time in which something was to be said; between syllables one breathes.
    const due = heard.filter((_, i) => own[i + delay]).length;
    best = Math.max(best, said && due ? Math.min(right / said, right / due / 0.6) : 0);
  }
  return Math.min(best, 1);
};
