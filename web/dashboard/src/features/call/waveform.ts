// From loudness values to bars that fit a width. Pure.

/** Pixels from one bar to the next. */
export const PITCH = 4;
const FLOOR = 0.7;

/** The loudest value of each of `bars` equal parts; shorter input is stretched, never padded. */
export function resample(values: readonly number[], bars: number): number[] {
  if (values.length === 0 || bars <= 0) return [];
  return Array.from({ length: bars }, (_, bar) => {
    const from = Math.floor((bar * values.length) / bars);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * values.length) / bars));
    let loudest = 0;
    for (let i = from; i < to; i += 1) loudest = Math.max(loudest, values[i] ?? 0);
    return loudest;
  });
}

/** One path of upright strokes around the line `middle`, at most `half` pixels to either side. */
export function strokes(bars: readonly number[], middle: number, half: number, from = 0): string {
  return bars
    .map((value, i) => {
      const reach = FLOOR + (Math.min(100, value) / 100) * (half - FLOOR);
      const x = (from + i) * PITCH + 2;
      return `M${x} ${(middle - reach).toFixed(1)}V${(middle + reach).toFixed(1)}`;
    })
    .join("");
}
