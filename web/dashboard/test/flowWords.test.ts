import { describe, expect, it } from "vitest";
import { changesBetween } from "../src/features/call/flows/changes";
import type { FlowDocument, Test } from "../src/features/call/flows/document";
import { evenly } from "../src/features/call/flows/forms/deciding";
import { dayWords, minutes, spansOf, timeOfDay, weekWords } from "../src/features/call/flows/hours";
import { starts } from "../src/features/call/flows/starts";
import { caseOf, freshRow, rowsOf, subjects, testOf, testWords } from "../src/features/call/flows/when";
import { findingsOf, findingWords, line } from "../src/features/call/flows/words";
import { instantOf, localMinute } from "../src/base/time";

describe("cases of a branch", () => {
  const tests: [Test, string][] = [
    [{ source: { field: "medium", value: { is: "cpc" } } }, "medium is cpc"],
    [{ not: { source: { field: "term", value: { contains: "roof" } } } }, "keyword does not contain roof"],
    [{ tag: { name: "zip", value: { is_one_of: ["75201", "75202"] } } }, "tag zip is one of 75201, 75202"],
    [{ tag: { name: "zip", value: { present: true } } }, "tag zip is known"],
    [{ caller: { withheld: true } }, "caller's number is withheld"],
    [{ caller: { number: ["+12145550187"] } }, "caller's number is +12145550187"],
    [{ caller: { prefix: "+1214" } }, "caller's number starts with +1214"],
    [{ caller: { country: ["US", "CA"] } }, "caller's country is one of US, CA"],
    [{ caller: { area_code: ["214"] } }, "caller's area code is 214"],
    [{ not: { geo: { state: ["TX"] } } }, "caller's state is not TX"],
    [{ geo: { place: ["Dallas"] } }, "caller's place is Dallas"],
    [{ score: { at_least: 60 } }, "score is at least 60"],
    [{ score: "absent" }, "score is missing"],
    [{ repeat: "first_time" }, "first call"],
    [{ not: { repeat: "called_before" } }, "never called before"],
    [{ repeat: { calls_at_least: 3 } }, "called 3 times or more"],
    [
      { all: [{ geo: { state: ["TX"] } }, { not: { score: { below: 20 } } }] },
      "caller's state is TX and score is not below 20",
    ],
    [{ any: [{ repeat: "first_time" }, { caller: { withheld: true } }] }, "first call or caller's number is withheld"],
  ];

  it.each(tests)("%j reads: %s, and comes back from its rows", (test, words) => {
    expect(testWords(test)).toBe(words);
    const rows = rowsOf(test);
    expect(rows).toBeDefined();
    expect(caseOf(rows!)).toEqual(test);
  });

  it("reads what is shown turned round as a row", () => {
    expect(caseOf(rowsOf({ caller: { withheld: false } })!)).toEqual({ not: { caller: { withheld: true } } });
    expect(testWords({ tag: { name: "zip", value: { present: false } } })).toBe("tag zip is not known");
  });

  it("tells what is nested deeper and offers no rows for it", () => {
    const deep: Test = { all: [{ any: [{ repeat: "first_time" }, { score: "absent" }] }, { caller: { withheld: true } }] };
    expect(rowsOf(deep)).toBeUndefined();
    expect(testWords(deep)).toBe("(first call or score is missing) and caller's number is withheld");
  });

  it("begins every subject with a row that comes back", () => {
    for (const subject of subjects)
      for (const op of subject.ops) {
        const row = { ...freshRow(subject.id), op: op.id, value: op.value === "number" ? "3" : "x", list: ["x"] };
        expect(caseOf(rowsOf(testOf(row))!), `${subject.id} ${op.id}`).toEqual(testOf(row));
      }
  });
});

describe("opening hours", () => {
  it("reads times as people write them", () => {
    const times = { "9": "09:00", "9:30": "09:30", "0930": "09:30", "24:00": "24:00", "24:01": undefined, "9:75": undefined };
    for (const [text, time] of Object.entries(times)) expect(timeOfDay(text), text).toBe(time);
    expect(minutes("noon")).toBeUndefined();
  });

  it("names days in a row once", () => {
    expect(dayWords(["mon", "tue", "wed", "sat"])).toBe("Mon to Wed, Sat");
    expect(dayWords(["sat", "sun"])).toBe("Sat, Sun");
    expect(dayWords([])).toBe("no day");
    expect(weekWords([{ days: ["mon", "tue", "wed", "thu", "fri"], from: "08:00", to: "18:00" }])).toBe(
      "Mon to Fri 08:00 to 18:00",
    );
    expect(weekWords([])).toBe("never");
  });

  it("carries a block over midnight into the next day, Sunday into Monday", () => {
    const weekly = [{ days: ["sun" as const], from: "18:00", to: "06:00" }];
    expect(spansOf(weekly, "sun")).toEqual([{ from: 0.75, to: 1 }]);
    expect(spansOf(weekly, "mon")).toEqual([{ from: 0, to: 0.25 }]);
    expect(spansOf(weekly, "tue")).toEqual([]);
  });

  it("knows the minute of a zone's clock", () => {
    const at = Date.UTC(2026, 9, 13, 19, 3);
    expect(localMinute(at, "America/Chicago")).toBe("2026-10-13T14:03");
    expect(instantOf("2026-10-13T14:03", "America/Chicago")).toBe(at);
    expect(instantOf("2026-12-01T00:00", "America/Chicago")).toBe(Date.UTC(2026, 11, 1, 6));
    expect(instantOf("", "America/Chicago")).toBeUndefined();
  });
});

describe("what publishing changes", () => {
  const before: FlowDocument = starts.find((each) => each.id === "hours")!.document("America/Chicago");
  const words = (after: FlowDocument) =>
    changesBetween(before, after).map((change) => `${change.sort} ${change.name}: ${change.words.join("; ")}`);

  it("says nothing of where cards stand", () => {
    const moved = structuredClone(before);
    for (const each of Object.values(moved.nodes)) each.place = { x: 1, y: 2 };
    expect(words(moved)).toEqual([]);
  });

  it("names what is new, changed and gone", () => {
    const after = structuredClone(before);
    after.nodes.Tag = { kind: "set_tag", name: "group", value: "north", on: { done: "Opening hours" } };
    after.start = "Tag";
    after.nodes["Opening hours"] = {
      kind: "schedule",
      zone: "America/Chicago",
      weekly: [{ days: ["mon"], from: "09:00", to: "17:00" }],
      on: { open: "Ring the business", closed: "Tag" },
    };
    delete after.nodes["Take a message"];
    after.nodes["Ring the business"] = { ...after.nodes["Ring the business"], on: undefined } as never;
    expect(words(after)).toEqual([
      "start Tag: Calls begin at Tag, no longer at Opening hours",
      "added Tag: Set a tag: group = north",
      "changed Opening hours: Changes the weekly hours; Closed leads to Tag, no longer to Take a message",
      "changed Ring the business: Nobody took it is gone",
      "removed Take a message: Voicemail: “Nobody can take your call right now. Please leave your name and number after the tone.”",
    ]);
  });

  it("shows a text as it was and as it will be", () => {
    const after = structuredClone(before);
    const message = after.nodes["Take a message"];
    if (message?.kind === "voicemail") {
      message.greeting = { text: "We are closed." };
      message.max_s = 60;
    }
    expect(words(after)).toEqual([
      "changed Take a message: Greets with “We are closed.”, no longer “Nobody can take your call right now. Please leave your name and number after the tone.”; Changes the longest message",
    ]);
    const say = (text: string): FlowDocument => ({ schema: 1, start: "Say", nodes: { Say: { kind: "say", text } } });
    expect(changesBetween(say("Hello."), say("Good day."))[0]?.words).toEqual(["Says “Good day.”, no longer “Hello.”"]);
  });

  it("lists everything of a flow that was never published", () => {
    expect(changesBetween(undefined, before).map((change) => change.sort)).toEqual(["added", "added", "added"]);
  });

  it("names another kind, another order of cases and another share", () => {
    const old: FlowDocument = {
      schema: 1,
      start: "A",
      nodes: {
        A: { kind: "splitter", arms: [{ percent: 50, to: "B" }, { percent: 50, to: "C" }] },
        B: { kind: "hang_up" },
        C: { kind: "hang_up" },
      },
    };
    const next = structuredClone(old);
    next.nodes.A = { kind: "splitter", arms: [{ percent: 80, to: "B" }, { percent: 20, to: "C" }] };
    next.nodes.B = { kind: "say", text: "Hello" };
    expect(changesBetween(old, next).map((change) => change.words)).toEqual([
      ["50% is gone", "80% leads to B", "20% leads to C"],
      ["Is a Say step, was a Hang up step"],
    ]);
    const swapped = structuredClone(old);
    swapped.nodes.A = { kind: "splitter", arms: [{ percent: 50, to: "C" }, { percent: 50, to: "B" }] };
    expect(changesBetween(old, swapped)).toHaveLength(1);
  });
});

describe("words of steps", () => {
  it("tells what a step does in one line", () => {
    expect(line({ kind: "dial", destinations: [{ to: "+12145550142", ring_timeout_s: 20 }], accept: { digit: "1", tries: 2 } })).toBe(
      "(214) 555-0142, press 1",
    );
    expect(line({ kind: "gather", text: "", digits_min: 4, digits_max: 4, tag: "order", timeout_s: 8, between_s: 3, tries: 3 })).toBe(
      "4 digits as order, 3 tries, 8 s",
    );
    expect(line({ kind: "set_tag", name: "", value: "" })).toBe("No tag yet");
  });

  it("puts problems before warnings, each once, as sentences", () => {
    const finding = (severity: string, message: string) => ({ node: "A", severity, message });
    const found = findingsOf(
      [finding("warning", "is cut off"), finding("problem", "leads to ``, which does not exist"), finding("problem", "leads to ``, which does not exist"), { ...finding("problem", "x"), node: "B" }],
      "A",
    );
    expect(found.map((each) => findingWords(each))).toEqual(["A way out leads nowhere yet; choose the step it leads to", "Is cut off"]);
  });

  it("shares evenly in whole per cent that make 100", () => {
    const shares = (n: number) => evenly(Array.from({ length: n }, () => ({ percent: 0, to: "" }))).map((arm) => arm.percent);
    expect(shares(3)).toEqual([34, 33, 33]);
    for (let n = 1; n <= 30; n++) expect(shares(n).reduce((sum, each) => sum + each, 0), String(n)).toBe(100);
  });
});
