import { describe, expect, it } from "vitest";
import { Refused, words } from "../src/api/client";
import { lines, linesProblem, refusal } from "../src/features/assignment/adding";

const taken = new Refused(409, "This number is in use already.", "number");

describe("adding several numbers", () => {
  it("reads one number a line, or parted by commas", () => {
    expect(lines("(469) 555-0161\n\n 469 555 0162 , 4695550163;")).toEqual([
      "(469) 555-0161",
      "469 555 0162",
      "4695550163",
    ]);
  });

  it("finds a number that is twice in the list, however it is written", () => {
    expect(linesProblem(["(469) 555-0161", "469-555-0161"])).toBe("469-555-0161 is twice in your list");
    expect(linesProblem(["(469) 555-0161", "(469) 555-0162"])).toBeUndefined();
    expect(linesProblem(["12"])).toMatch("one number a line");
  });

  it("tells what was added and what was not, and why", () => {
    const said = words(refusal({ added: ["(469) 555-0161"], refused: [{ number: "(469) 555-0200", error: taken }] }));
    expect(said).toBe("1 added; (469) 555-0200 was not: This number is in use already.");
  });

  it("tells one reason of many numbers once", () => {
    const refused = ["(469) 555-0200", "(469) 555-0201"].map((number) => ({ number, error: taken }));
    expect(words(refusal({ added: [], refused }))).toBe(
      "None added; (469) 555-0200, (469) 555-0201 were not: This number is in use already.",
    );
  });

  it("leaves a single refusal beside its field", () => {
    expect(refusal({ added: [], refused: [{ number: "(469) 555-0200", error: taken }] })).toBe(taken);
  });
});
