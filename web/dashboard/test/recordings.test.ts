import { describe, expect, it } from "vitest";
import { choiceOf, daysOf, deletesSooner, keepOf, keepProblem, keepWords, ownWords } from "../src/features/routing/recordings";

describe("how long recordings of a campaign's calls are kept", () => {
  it("says for how long, and whose word it is", () => {
    const said = [
      keepWords({ days: 30 }, 90),
      keepWords({ days: 1 }, 0),
      keepWords("for_ever", 90),
      keepWords("as_account", 90),
      keepWords("as_account", 1),
      keepWords("as_account", 0),
      keepWords("as_account", undefined),
    ];
    expect(said).toEqual([
      "30 days, as this campaign says",
      "1 day, as this campaign says",
      "until somebody deletes them, as this campaign says",
      "90 days, as the account says",
      "1 day, as the account says",
      "until somebody deletes them, as the account says",
      "as the account says",
    ]);
  });

  it("is one of three choices, there and back", () => {
    for (const keep of ["as_account", "for_ever", { days: 30 }] as const) {
      expect(keepOf(choiceOf(keep), daysOf(keep))).toEqual(keep);
    }
    // Days that were written before another choice was made are not sent.
    expect(keepOf("for_ever", 30)).toBe("for_ever");
  });

  it("is a whole number of days, from one to ten years", () => {
    for (const days of [null, 0, -1, 1.5, 3651]) {
      expect(keepProblem("days", days), String(days)).toBe("Write 1 to 3,650 days, or keep them until somebody deletes them");
      expect(keepProblem("for_ever", days)).toBeUndefined();
    }
    for (const days of [1, 30, 3650]) expect(keepProblem("days", days)).toBeUndefined();
  });

  it("names the campaigns that say something else than the account", () => {
    const campaign = (id: string, name: string, keep: Parameters<typeof choiceOf>[0]) => ({ id, name, recordings: { keep } });
    const all = [
      campaign("c1", "Solar", { days: 30 }),
      campaign("c2", "Roofs", "as_account"),
      campaign("c3", "Law", "for_ever"),
    ];
    expect(ownWords(all)).toEqual([
      { id: "c3", name: "Law", kept: "until somebody deletes them" },
      { id: "c1", name: "Solar", kept: "30 days" },
    ]);
  });

  it("warns when a change deletes what was kept before", () => {
    expect(deletesSooner({ days: 30 }, { days: 7 }, 90)).toBe(true);
    expect(deletesSooner("as_account", { days: 30 }, 90)).toBe(true);
    expect(deletesSooner("as_account", { days: 30 }, 0)).toBe(true);
    expect(deletesSooner("for_ever", "as_account", 90)).toBe(true);
    expect(deletesSooner("for_ever", "as_account", 0)).toBe(false);
    expect(deletesSooner({ days: 7 }, { days: 30 }, 90)).toBe(false);
    expect(deletesSooner({ days: 30 }, "for_ever", 90)).toBe(false);
    expect(deletesSooner("as_account", { days: 90 }, 90)).toBe(false);
    // Nothing is warned of while nothing can be saved.
    expect(deletesSooner({ days: 30 }, { days: 0 }, 90)).toBe(false);
  });
});
