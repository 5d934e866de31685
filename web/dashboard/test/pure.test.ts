import { describe, expect, it } from "vitest";
import { setupSteps, stepAt } from "../src/features/access/setupSteps";
import { callStatus, resultStatus } from "../src/features/call/words";
import { resample, strokes } from "../src/features/call/waveform";
import { checks } from "../src/features/visitor/LiveCheck";
import { sessionMarks } from "../src/features/visitor/sessionMarks";
import type { Schema } from "@trunkline/api-client";

describe("a waveform", () => {
  it("keeps the loudest value of each part", () => {
    expect(resample([1, 9, 2, 3, 8, 1], 3)).toEqual([9, 3, 8]);
  });
  it("stretches a short recording over the whole width", () => {
    expect(resample([5, 10], 4)).toEqual([5, 5, 10, 10]);
  });
  it("of nothing draws nothing", () => {
    expect(resample([], 10)).toEqual([]);
    expect(strokes([], 13, 12)).toBe("");
  });
  it("never leaves its half of the picture", () => {
    expect(strokes([250], 13, 12)).toBe("M2 1.0V25.0");
  });
});

describe("the state of a call", () => {
  it("is alive until it has ended, then its result", () => {
    expect(callStatus({ state: "ringing", result: null }).tone).toBe("live");
    expect(callStatus({ state: "ended", result: "answered" })).toEqual({ tone: "ok", word: "Answered" });
    expect(callStatus({ state: "ended", result: null }).word).toBe("Ended");
  });
  it("has words even for a result not known yet", () => {
    expect(resultStatus("sent_to_moon")).toEqual({ tone: "off", word: "Sent to moon" });
  });
});

describe("the set-up path", () => {
  const empty = { account: "Northgate Leads", zone: "Chicago", sites: [], trunks: [], numbers: 0, calls: 0 };
  it("opens at the first step that is not done", () => {
    expect(stepAt(setupSteps(empty), undefined).id).toBe("site");
    const halfway = { ...empty, sites: [{ name: "Tallgrass", seen: true }] };
    expect(stepAt(setupSteps(halfway), undefined).id).toBe("trunk");
  });
  it("goes to the step an address names, done or not", () => {
    expect(stepAt(setupSteps(empty), "numbers").id).toBe("numbers");
    expect(stepAt(setupSteps(empty), "nonsense").id).toBe("site");
  });
});

describe("the live check", () => {
  const now = 1_000_000_000;
  const seen = (swaps: number, config_version: number, ago = 3_000) => ({
    at: now - ago,
    page: "https://a.example/",
    swaps,
    config_version,
  });
  const tones = (last_seen: ReturnType<typeof seen> | null) =>
    checks({ last_seen, config_version: 3 }, now).map((check) => check.tone);
  it("is fine only when seen of late, swapping, and up to date", () => {
    expect(tones(seen(4, 3))).toEqual(["ok", "ok", "ok"]);
    expect(tones(seen(0, 2, 2 * 86_400_000))).toEqual(["warn", "warn", "warn"]);
    expect(tones(null)).toEqual(["off", "off"]);
  });
});

it("a visit becomes marks in the order of time, each arrival once", () => {
  const source = { channel: "direct", label: "Direct" } as Schema<"Source">;
  const marks = sessionMarks({
    touches: [{ at: 10, page: "https://a.example/x", referrer: "", source, clicks: [] }],
    pages: [
      { at: 10, page: "https://a.example/x" },
      { at: 20, page: "https://a.example/y" },
    ],
    showings: [{ number: "+1", number_display: "1", page: "https://a.example/x", swaps: 2, from_at: 11, to_at: 15 }],
    taps: [{ at: 30, number: "+1", number_display: "1" }],
    calls: [
      { started_at: 32, answered_at: 40, ended_at: 90, number: { number_display: "1" } } as Schema<"CallSummary">,
    ],
  });
  expect(marks.map((mark) => mark.kind)).toEqual([
    "first_touch",
    "number_shown",
    "page",
    "tap",
    "ring",
    "connected",
    "ended",
  ]);
});
