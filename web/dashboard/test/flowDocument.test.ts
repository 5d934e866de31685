import { describe, expect, it } from "vitest";
import {
  addNode,
  duplicateNodes,
  inOrder,
  nameProblem,
  otherOutcomes,
  removeNodes,
  renameNode,
  setWay,
  targets,
  ways,
  type FlowNode,
  withPlaces,
  type FlowDocument,
} from "../src/features/call/flows/document";
import { begin, commit, HISTORY_MAX, redo, undo } from "../src/features/call/flows/history";
import { CARD_WIDTH, cardWidth, entryPlace, layout, placeAfter, placesOf } from "../src/features/call/flows/layout";
import { e164 } from "../src/features/call/flows/numbers";
import { starts } from "../src/features/call/flows/starts";
import { edgeId, stages, walkOf } from "../src/features/call/flows/walk";

const flow: FlowDocument = {
  schema: 1,
  start: "Hours",
  nodes: {
    Hours: { kind: "schedule", zone: "America/Chicago", weekly: [], on: { open: "Menu", closed: "Message" } },
    Menu: {
      kind: "menu",
      text: "Press 1.",
      choices: { "1": "Split", "0": "Office", "*": "Menu" },
      timeout_s: 5,
      tries: 2,
      barge_in: true,
      on: { default: "Office", timeout: "Message" },
    },
    Split: {
      kind: "splitter",
      arms: [
        { percent: 30, to: "Office" },
        { percent: 70, to: "Case" },
      ],
    },
    Case: { kind: "branch", cases: [{ when: { score: "absent" }, to: "Back" }], on: { default: "Office" } },
    Back: { kind: "go_to", to: "Menu" },
    Office: { kind: "dial", destinations: [{ to: "business_line", ring_timeout_s: 30 }], on: { default: "Message" } },
    Message: { kind: "voicemail", max_s: 120, silence_s: 5, beep: true },
  },
};
const node = (name: string, document = flow) => document.nodes[name]!;

describe("the document and its graph", () => {
  it("shows every way out as a cell: keys, cases, shares, outcomes, the rest last", () => {
    expect(ways(node("Menu")).map((way) => way.id)).toEqual([
      "choice:1",
      "choice:0",
      "choice:*",
      "on:timeout",
      "on:default",
    ]);
    expect(ways(node("Split")).map((way) => way.to)).toEqual(["Office", "Case"]);
    expect(ways(node("Case")).map((way) => way.id)).toEqual(["case:0", "on:default"]);
    expect(ways(node("Back"))).toEqual([{ id: "to", word: "to", sort: "target", to: "Menu", otherwise: "" }]);
    expect(ways({ kind: "hang_up" })).toEqual([]);
    expect(ways({ kind: "say", text: "" })).toEqual([{ id: "on:done", word: "done", sort: "outcome", to: "", otherwise: "" }]);
  });

  it("says where an outcome that is not linked goes", () => {
    const said: FlowNode = { kind: "say", text: "", on: { default: "Team" } };
    expect(ways(said).map((way) => [way.word, way.to, way.otherwise])).toEqual([
      ["done", "", "Team"],
      ["default", "Team", ""],
    ]);
  });

  it("links and unlinks each sort of way, and leaves the rest as it was", () => {
    const linked = [
      ["Menu", "choice:1", "Message"],
      ["Menu", "on:invalid", "Message"],
      ["Split", "arm:1", "Message"],
      ["Case", "case:0", "Message"],
      ["Back", "to", "Message"],
    ] as const;
    for (const [name, way, to] of linked) {
      const next = setWay(flow, name, way, to);
      expect(ways(node(name, next)).find((each) => each.id === way)?.to, way).toBe(to);
      for (const other of Object.keys(flow.nodes).filter((each) => each !== name))
        expect(next.nodes[other], `${way} leaves ${other}`).toBe(flow.nodes[other]);
    }
    const bare = setWay(setWay(flow, "Hours", "on:open", ""), "Hours", "on:closed", "");
    expect(node("Hours", bare)).not.toHaveProperty("on");
    expect(setWay(flow, "Nobody", "to", "Menu")).toBe(flow);
  });

  it("offers the outcomes that are not shown yet", () => {
    const outcomes = { dial: ["completed", "busy"], menu: ["invalid", "timeout"] };
    expect(otherOutcomes(node("Office"), outcomes)).toEqual(["completed", "busy"]);
    expect(otherOutcomes(node("Menu"), outcomes)).toEqual(["invalid"]);
    expect(otherOutcomes(node("Back"), outcomes)).toEqual([]);
  });

  it("renames a step wherever it is named", () => {
    const next = renameNode(flow, "Office", " Front desk ");
    expect(Object.keys(next.nodes)).toContain("Front desk");
    expect(Object.values(next.nodes).flatMap(targets)).not.toContain("Office");
    expect(Object.values(next.nodes).flatMap(targets).filter((to) => to === "Front desk")).toHaveLength(4);
    expect(renameNode(flow, "Hours", "Clock").start).toBe("Clock");
    expect(renameNode(flow, "Hours", "Menu")).toBe(flow);
    expect(nameProblem(flow, "Hours", "Menu")).toMatch(/Another step/);
    expect(nameProblem(flow, "Hours", "x".repeat(61))).toMatch(/60/);
    expect(nameProblem(flow, "Hours", "Hours")).toBeUndefined();
  });

  it("removes steps with all that led to them; calls begin at what came next", () => {
    const next = removeNodes(flow, ["Hours", "Office"]);
    expect(next.start).toBe("Menu");
    expect(Object.values(next.nodes).flatMap(targets)).not.toContain("Office");
    expect(ways(node("Menu", next)).find((way) => way.id === "choice:0")?.to).toBe("");
    expect(removeNodes(flow, Object.keys(flow.nodes))).toMatchObject({ start: "", nodes: {} });
  });

  it("copies steps with the ways between them", () => {
    const [next, names] = duplicateNodes(flow, ["Menu", "Split"]);
    expect(names).toEqual(["Menu 2", "Split 2"]);
    expect(ways(node("Menu 2", next)).map((way) => way.to)).toEqual(["Split 2", "Office", "Menu 2", "Message", "Office"]);
    expect(node("Menu", next)).toBe(flow.nodes.Menu);
  });

  it("gives a new step a free name, and the first one the start", () => {
    const [empty, first] = addNode({ schema: 1, start: "", nodes: {} }, "Say", { kind: "say", text: "" });
    expect([empty.start, first]).toEqual(["Say", "Say"]);
    expect(addNode(empty, "Say", { kind: "say", text: "" })[1]).toBe("Say 2");
  });

  it("lists steps as a call meets them, then those that nothing leads to", () => {
    expect(inOrder(flow)).toEqual(["Hours", "Menu", "Split", "Office", "Message", "Case", "Back"]);
    const [lost] = addNode(flow, "Lost", { kind: "hang_up" });
    expect(inOrder(lost).at(-1)).toBe("Lost");
  });
});

describe("the layout", () => {
  const boxes = (document: FlowDocument) =>
    [...placesOf(document)].map(([name, place]) => ({ name, ...place, width: cardWidth(node(name, document)) }));

  it.each([["a flow with circles", flow] as const, ...starts.map((s) => [s.name, s.document("UTC")] as const)])(
    "lets no two cards touch and every way lead down, circles apart: %s",
    (_, document) => {
      const all = boxes(document);
      for (const a of all)
        for (const b of all)
          if (a.name < b.name && a.y === b.y)
            expect(a.x + a.width <= b.x || b.x + b.width <= a.x, `${a.name} and ${b.name}`).toBe(true);
      expect(Math.min(...all.map((box) => box.x))).toBe(0);
      const places = layout(document);
      for (const [name, each] of Object.entries(document.nodes))
        for (const to of targets(each))
          if (each.kind !== "go_to" && to !== name)
            expect(places.get(to)!.y, `${name} to ${to}`).toBeGreaterThan(places.get(name)!.y);
    },
  );

  it("keeps the places of the document and puts a step without one below", () => {
    const placed = withPlaces(flow, new Map(Object.keys(flow.nodes).map((name, i) => [name, { x: 10.4, y: i * 200 }])));
    expect(placesOf(placed).get("Hours")).toEqual({ x: 10, y: 0 });
    const [more] = addNode(placed, "New", { kind: "hang_up" });
    expect(placesOf(more).get("New")!.y).toBeGreaterThan(1_200);
    expect(placesOf({ schema: 1, start: "", nodes: {} }).size).toBe(0);
  });

  it("puts a new step under the chosen one, beside what is there", () => {
    const places = new Map([
      ["a", { x: 0, y: 0 }],
      ["b", { x: 0, y: 168 }],
    ]);
    const found = placeAfter(places, "a");
    expect(found.y).toBe(168);
    expect(found.x).toBeGreaterThanOrEqual(248);
    expect(placeAfter(new Map(), null)).toEqual({ x: 0, y: 0 });
  });

  it("keeps the beginning clear of every card, also where it is another step than the topmost", () => {
    const forward = starts.find((start) => start.id === "forward")!.document("UTC");
    let grown = withPlaces(forward, new Map([["Ring the business", { x: 0, y: 0 }]]));
    const under = (name: string, each: FlowNode) => {
      [grown] = addNode(grown, name, { ...each, place: placeAfter(placesOf(grown), "Ring the business") });
    };
    under("Say", { kind: "say", text: "Hello." });
    under("Menu", { ...node("Menu"), choices: {}, on: {} } as FlowNode);
    under("Voicemail", node("Message"));
    for (const start of Object.keys(grown.nodes)) {
      const begun = { ...grown, start };
      const entry = entryPlace(begun, placesOf(begun));
      for (const box of boxes(begun))
        expect(
          entry.x + CARD_WIDTH <= box.x || box.x + box.width <= entry.x || entry.y + 64 <= box.y || box.y + 78 <= entry.y,
          `the beginning above ${start} and ${box.name}`,
        ).toBe(true);
    }
    const top = entryPlace({ ...grown, start: "Ring the business" }, placesOf(grown));
    expect(top).toEqual({ x: 0, y: -104 });
  });

  it("is the same for the same document", () => {
    expect([...layout(flow)]).toEqual([...layout(structuredClone(flow))]);
  });
});

describe("undo", () => {
  it("takes back and brings again, and forgets what was taken back after a new change", () => {
    let history = commit(commit(begin("a"), "b"), "c");
    history = undo(history);
    expect(history.present).toBe("b");
    expect(redo(history).present).toBe("c");
    history = commit(history, "d");
    expect(redo(history)).toBe(history);
    expect(undo(undo(history)).present).toBe("a");
    expect(undo(begin("a"))).toEqual(begin("a"));
  });

  it("takes typing in one field as one step", () => {
    let history = begin("");
    for (const text of ["h", "he", "hel"]) history = commit(history, text, "Greeting text");
    history = commit(history, "other", "Menu text");
    expect(undo(history).present).toBe("hel");
    expect(undo(undo(history)).present).toBe("");
    // After an undo, typing goes on as a step of its own.
    expect(undo(commit(undo(history), "help", "Greeting text")).present).toBe("hel");
  });

  it("keeps so many steps and no more", () => {
    let history = begin(0);
    for (let i = 1; i <= HISTORY_MAX + 10; i++) history = commit(history, i);
    expect(history.past).toHaveLength(HISTORY_MAX);
  });
});

describe("the way of the test caller", () => {
  const step = (name: string, words = "", way: string | null = null) => ({ node: name, at_ms: 0, words, way });
  const by = (name: string, way: string) => step(name, "", way);

  it("numbers the steps by their first visit and marks the ways that were gone", () => {
    const walk = walkOf(flow, {
      steps: [
        step("Hours"),
        by("Menu", "on:open"),
        step("Menu"),
        by("Split", "choice:2"),
        by("Case", "arm:0"),
        by("Back", "case:0"),
        by("Menu", "to"),
        by("Office", "choice:1"),
      ],
    });
    expect([...walk.order]).toEqual([
      ["Hours", 1],
      ["Menu", 2],
      ["Split", 3],
      ["Case", 4],
      ["Back", 5],
      ["Office", 6],
    ]);
    expect(walk.edges).toContain(edgeId("Hours", "on:open"));
    expect(walk.edges).toContain(edgeId("Back", "to"));
    expect(walk.edges).not.toContain(edgeId("Hours", "on:closed"));
  });

  it("lights only the way that was gone where two lead to the same step", () => {
    const twice: FlowDocument = {
      schema: 1,
      start: "Menu",
      nodes: {
        Menu: { kind: "menu", choices: { "1": "Office", "2": "Office" }, on: { default: "Office" } },
        Office: { kind: "hang_up" },
      } as unknown as FlowDocument["nodes"],
    };
    const walk = walkOf(twice, { steps: [step("Menu"), by("Office", "choice:2")] });
    expect([...walk.edges]).toEqual([edgeId("Menu", "choice:2")]);
  });

  it("tells what happened step by step", () => {
    const told = stages({
      steps: [step("Menu", "Enters a menu node"), step("Menu", "The caller presses 1"), step("Back", "Enters a go to node")],
    });
    expect(told.map((each) => each.words)).toEqual([["The caller presses 1"], ["Enters a go to node"]]);
  });
});

describe("a destination's number", () => {
  it.each([
    ["+1 214 555 0142", "+12145550142"],
    ["(214) 555-0142", "+12145550142"],
    ["1-214-555-0142", "+12145550142"],
    ["+49 30 901820", "+4930901820"],
    ["555-0142", undefined],
    ["+0 214 555 0142", undefined],
    ["214 555 014x", undefined],
    ["", undefined],
  ])("%s is %s", (text, number) => expect(e164(text)).toBe(number));
});
