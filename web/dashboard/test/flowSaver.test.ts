import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FlowDocument } from "../src/features/call/flows/document";
import { DraftSaver, SAVE_AFTER_MS, type Drafted } from "../src/features/call/flows/saver";

const drafted = (start: string): Drafted => ({ name: "Flow", document: { schema: 1, start, nodes: {} } as FlowDocument });

/** A server whose answers come when the test says so. */
function server() {
  const asked: { drafted: Drafted; edits: number; answer: (edits: number) => void; refuse: (error: unknown) => void }[] = [];
  const saver = new DraftSaver<{ edits: number }>(
    {
      send: (sent, edits) =>
        new Promise((resolve, reject) => {
          asked.push({ drafted: sent, edits, answer: (next) => resolve({ edits: next }), refuse: reject });
        }),
      isConflict: (error) => error === "conflict",
      saved: () => {},
      told: () => {},
    },
    drafted("a"),
    1,
  );
  return { saver, asked };
}

describe("saving a draft", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("waits until nothing changes, and sends the latest", async () => {
    const { saver, asked } = server();
    saver.change(drafted("b"));
    saver.change(drafted("c"));
    expect([asked.length, saver.state]).toEqual([0, "waiting"]);
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS);
    expect(asked.map((each) => each.drafted.document.start)).toEqual(["c"]);
    asked[0]?.answer(2);
    await vi.advanceTimersByTimeAsync(0);
    expect([saver.state, saver.edits, saver.clean]).toEqual(["saved", 2, true]);
  });

  it("sends one at a time, the next with the count the last one gave", async () => {
    const { saver, asked } = server();
    saver.change(drafted("b"));
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS);
    saver.change(drafted("c"));
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS);
    expect(asked).toHaveLength(1);
    asked[0]?.answer(7);
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.map((each) => each.edits)).toEqual([1, 7]);
    expect(asked[1]?.drafted.document.start).toBe("c");
  });

  it("stops at a conflict until a person chooses, and then keeps theirs with everything drawn since", async () => {
    const { saver, asked } = server();
    saver.change(drafted("b"));
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS);
    asked[0]?.refuse("conflict");
    await vi.advanceTimersByTimeAsync(0);
    expect(saver.state).toBe("conflict");
    saver.change(drafted("c"));
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS * 10);
    expect(asked).toHaveLength(1);
    const over = saver.overwrite(9);
    await vi.advanceTimersByTimeAsync(0);
    expect([asked[1]?.edits, asked[1]?.drafted.document.start]).toEqual([9, "c"]);
    asked[1]?.answer(10);
    await over;
    expect(saver.state).toBe("saved");
  });

  it("says that it failed, keeps what was drawn, and saves it when asked again", async () => {
    const { saver, asked } = server();
    saver.change(drafted("b"));
    const first = saver.flush();
    const failed = expect(first).rejects.toBe("no network");
    asked[0]?.refuse("no network");
    await failed;
    expect([saver.state, saver.clean, saver.error]).toEqual(["failed", false, "no network"]);
    const again = saver.flush();
    asked[1]?.answer(2);
    await again;
    expect([saver.state, saver.clean]).toEqual(["saved", true]);
  });

  it("takes over what the server holds after a publication, and sends nothing more", async () => {
    const { saver, asked } = server();
    saver.change(drafted("b"));
    const now = drafted("published");
    saver.adopt(now, 5);
    saver.change(now);
    await vi.advanceTimersByTimeAsync(SAVE_AFTER_MS * 2);
    expect([asked.length, saver.edits, saver.state]).toEqual([0, 5, "saved"]);
  });
});
