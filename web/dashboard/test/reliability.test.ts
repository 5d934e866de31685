import { describe, expect, it } from "vitest";
import { delayWords, errorSentence, modelWords, plainSentence, points, type Curve } from "../src/features/attribution/reliability";
import { bars, calls, interval, minutes, models, qualified, remark } from "../src/features/report/sources";

const curve = (bins: Curve["bins"], error: number | null = null): Curve => ({
  calls: bins.reduce((sum, bin) => sum + bin.calls, 0),
  right: 0,
  error,
  bins,
});

describe("reliability in words", () => {
  it("says how many of the surest calls were right", () => {
    const bins = [
      { calls: 20, said: 0.4, right: 0.5 },
      { calls: 1_200, said: 0.93, right: 0.95 },
    ];
    expect(plainSentence(curve(bins))).toBe("Of 1,200 calls we rated about 93 %, 95 % were right.");
    expect(plainSentence(curve([{ calls: 1, said: 0.6, right: 1 }]))).toBe(
      "The one call so far we rated about 60 %, and were right.",
    );
    expect(plainSentence(curve([]))).toBe("");
  });

  it("says how far off it is, in points of a hundred", () => {
    expect(errorSentence(curve([], 0.004))).toContain("less than one percentage point off");
    expect(errorSentence(curve([], 0.01))).toContain("1 percentage point off");
    expect(errorSentence(curve([], 0.05))).toContain("5 percentage points off");
    expect(errorSentence(curve([]))).toBe("");
  });

  it("says what is missing for a model of the site's own, and what it learned from", () => {
    const fresh = { id: null, fitted_at: null, labels: 0, labels_needed: 50, labels_fresh: 100, delays: [] };
    expect(modelWords(fresh, 49)).toContain("1 more call with");
    expect(modelWords(fresh, 0)).toContain("50 more calls with");
    expect(modelWords(fresh, 60)).toContain("within minutes");
    const fitted = { ...fresh, id: "mdl_0000000000000", fitted_at: 1, labels: 312 };
    expect(modelWords(fitted, 400)).toContain("Learned from 312 calls");
  });

  it("tells the delay curves of phones and other devices at one moment", () => {
    const curve = (device: string, ratio: number) => ({
      device,
      points: [
        { from_ms: 25_000, ratio: 0.9 },
        { from_ms: 300_000, ratio },
        { from_ms: 900_000, ratio: 0.01 },
      ],
    });
    const told = delayWords([curve("phone", 0.18), curve("desktop", 1.25)]);
    expect(told).toContain("on a phone is 18% as likely to call");
    expect(told).toContain("on another device 1.3 times as likely");
    expect(delayWords([])).toBe("");
  });

  it("puts what is said along and what is right upwards, larger where more calls are", () => {
    const frame = { left: 10, top: 0, width: 100, height: 200 };
    const [low, high] = points(
      curve([
        { calls: 1, said: 0, right: 0 },
        { calls: 4, said: 1, right: 0.5 },
      ]),
      frame,
    );
    expect([low?.x, low?.y]).toEqual([10, 200]);
    expect([high?.x, high?.y]).toEqual([110, 100]);
    expect(high!.r).toBeGreaterThan(low!.r);
  });
});

describe("the report of sources", () => {
  it("gives tenths as long as they matter, and no range where all is certain", () => {
    expect([calls(12.44), calls(99.96), calls(1_284.2)]).toEqual(["12.4", "100.0", "1,284"]);
    expect([interval(9.6, 15.1), interval(3, 3), interval(0, 0.9)]).toEqual(["9–16", "", "0–1"]);
    expect([minutes(90), minutes(60_000)]).toEqual(["1.5", "1,000"]);
  });

  it("says what W counts, and nothing of the others", () => {
    expect(models.filter(({ value }) => remark(value)).map(({ value }) => value)).toEqual(["w"]);
    expect(remark("w")).toContain("the call that was qualified 30%");
    expect(qualified(90)).toBe("A call is qualified when it was connected for 90 seconds or longer.");
    expect(qualified(1)).toContain("1 second or");
  });

  it("draws every bar against the longest reach, also when there is nothing", () => {
    const [first, second] = bars([
      { expected: 10, low: 5, high: 20 },
      { expected: 5, low: 5, high: 5 },
    ]);
    expect(first).toEqual({ width: 50, low: 25, high: 100 });
    expect(second).toEqual({ width: 25, low: 25, high: 25 });
    expect(bars([{ expected: 0, low: 0, high: 0 }])).toEqual([{ width: 0, low: 0, high: 0 }]);
  });
});
