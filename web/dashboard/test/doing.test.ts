import { describe, expect, it } from "vitest";
import { parted } from "../src/features/attribution/candidates";
import { callStatus, doing, inFlow, type CallSummary } from "../src/features/call/words";
import { sentences } from "../src/base/figures";

const line = "(214) 555-0190";
const call = (activity: string | null, more: Partial<CallSummary> = {}): CallSummary =>
  ({
    state: "ringing",
    destination_display: null,
    step: activity === null ? null : { activity, name: "Main menu", rings: [] },
    ...more,
  }) as CallSummary;

describe("what a caller does", () => {
  it("is told with the step of the flow, and never as a ringing line where none rings", () => {
    for (const [activity, words] of [
      ["hears", "Hears a prompt, step Main menu"],
      ["chooses", "Asked for a key, step Main menu"],
      ["leaves_message", "Leaving a message, step Main menu"],
      ["waits", "In the call flow, step Main menu"],
    ] as const) {
      expect(doing(call(activity))).toBe(words);
      expect(inFlow(call(activity))).toBe(true);
      expect(callStatus(call(activity)).word).not.toBe("Ringing");
    }
  });

  it("names the lines that ring, and who talks", () => {
    const rings = (...lines: string[]) => call(null, { step: { activity: "rings", name: null, rings: lines } });
    expect(doing(rings(line))).toBe(`Rings at ${line}`);
    expect(doing(rings(line, "a", "b"))).toBe(`Rings at ${line} and 2 more`);
    expect(doing(call(null))).toBe("Rings at the business line");
    expect(doing(call("talks", { state: "talking", destination_display: line }))).toBe(`Talking to ${line}`);
    expect(inFlow(rings(line))).toBe(false);
  });

  it("is a question again when a survey follows the talk", () => {
    const asked = call("chooses", { state: "talking", destination_display: line });
    expect(doing(asked)).toBe("Asked for a key, step Main menu");
  });
});

describe("the candidates of a call", () => {
  const each = (session: string | null, probability: number, credited = false) => ({ session, probability, credited });

  it("are folded below one per cent, but never the first, the credited or none of these", () => {
    const all = [each("a", 0.008), each("b", 0.007, true), each("c", 0.006), each("d", 0.3), each(null, 0.002)];
    const { shown, folded } = parted(all);
    expect(shown.map((candidate) => candidate.session)).toEqual(["a", "b", "d", null]);
    expect(folded).toBe(1);
  });
});

it("a sentence that ends inside its quotation gets no second full stop", () => {
  expect(sentences(["The caller hears “Leave a message.”", "The call ends"])).toBe(
    "The caller hears “Leave a message.” The call ends.",
  );
});
