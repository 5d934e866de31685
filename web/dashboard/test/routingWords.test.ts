import { describe, expect, it } from "vitest";
import { decimal, said, withField, type Filter, type Layer } from "../src/features/routing/documents";
import { emptySettings, endpointProblem } from "../src/features/routing/endpoint";
import { asKept, isCsv } from "../src/features/routing/fillList";
import { addTo, depthOf, filterProblem, fresh, negated, plain, removeFrom, replaceIn } from "../src/features/routing/terms/filter";
import { placeWords } from "../src/features/routing/terms/places";
import { layerRows } from "../src/features/routing/terms/rows";
import {
  capWords,
  duplicateWords,
  filterWords,
  priceWords,
  readTest,
  shortReason,
  tests,
  writeTest,
} from "../src/features/routing/words";

const texas: Filter = { field: { name: "state", value: { is_one_of: ["TX", "OK"] } } };
const debt: Filter = { tag: { name: "debt", value: { below: 5000 } } };

describe("documents", () => {
  it("hold only what somebody wrote", () => {
    expect(said({ paused: false, caps: [], name: "", weight: 0, priority: -1 })).toEqual({ weight: 0, priority: -1 });
    expect(withField<Layer, "weight">({ weight: 3, priority: 1 }, "weight", undefined)).toEqual({ priority: 1 });
  });
  it("keep decimals as they are written", () => {
    expect(decimal("45")).toBe(45);
    expect(decimal(" 2.50 ")).toBe("2.50");
    for (const wrong of ["", "-1", "1e3", "2.", ".5", "1.2345678", "NaN", "45 USD"]) expect(decimal(wrong), wrong).toBeUndefined();
  });
});

describe("prices", () => {
  it("read as amounts with when they fall due", () => {
    expect(priceWords(undefined, "USD")).toBe("nothing");
    expect(priceWords({ billable_from_s: 60, rules: [{ rate: { fixed: 45 } }] }, "USD")).toBe("$45.00 after 60 s");
    expect(priceWords({ rules: [{ rate: { fixed: "2.505" } }, { rate: { per_bid: {} } }] }, "USD")).toBe("$2.505 and 1 more rule");
    expect(priceWords({ rules: [{ rate: { volume: [{ from: 0, amount: 30 }, { from: 100, amount: 25 }] } }] }, "EUR")).toBe(
      "€30.00 from sale 1, €25.00 from sale 101",
    );
    expect(priceWords({ rules: [{ rate: { percent_of_other: 70 } }] }, "USD")).toBe("70% of the other side");
  });
});

describe("caps", () => {
  it("read as how much of what in which span", () => {
    expect(capWords({ max: 1200, window: { period: "month" } }, "USD")).toBe("1,200 sales a month");
    expect(capWords({ counts: "revenue", max: 500, window: { period: "day" } }, "USD")).toBe("$500.00 revenue a day");
  });
});

describe("a filter", () => {
  it("reads as a sentence, nested groups in brackets", () => {
    expect(filterWords(undefined)).toBe("everything");
    expect(filterWords({ all: [texas, { not: debt }] })).toBe("state is one of TX, OK and not (tag debt is below 5000)");
    expect(filterWords({ any: [{ all: [texas, debt] }, debt] })).toBe(
      "(state is one of TX, OK and tag debt is below 5000) or tag debt is below 5000",
    );
    const listed: Filter = { field: { name: "phone", value: { in_list: "list_1" } } };
    expect(filterWords(listed, new Map([["list_1", "Do not call"]]))).toBe("phone number is in the list Do not call");
    expect(filterWords(listed)).toBe("phone number is in the list that was deleted");
  });
  it("is changed part by part", () => {
    const group: Filter = { any: [texas] };
    expect(addTo(group, debt)).toEqual({ any: [texas, debt] });
    expect(replaceIn({ all: [texas, debt] }, 1, texas)).toEqual({ all: [texas, texas] });
    expect(removeFrom(group, 0)).toBeUndefined();
    expect(negated(negated(texas))).toEqual(texas);
    expect(plain({ not: { not: texas } })).toEqual(texas);
    expect(depthOf({ all: [{ not: { any: [texas] } }] })).toBe(3);
  });
  it("says what is missing before it is sent", () => {
    expect(filterProblem({ all: [texas] })).toBeUndefined();
    expect(filterProblem({ all: [] })).toContain("empty");
    expect(filterProblem(fresh("field"))).toContain("no value");
    expect(filterProblem(fresh("tag"))).toContain("name of the tag");
    expect(filterProblem(fresh("zip_within"))).toContain("five digits");
    expect(filterProblem({ not: fresh("any") })).toContain("no value");
    expect(filterProblem({ field: { name: "zip", value: { present: false } } })).toBeUndefined();
    expect(filterProblem({ field: { name: "score", value: { at_least: 0 } } })).toBeUndefined();
  });
  it("writes each comparison as it reads it", () => {
    for (const { value } of tests) {
      const written = writeTest(value, value === "present" || value === "absent" ? undefined : 1);
      expect(readTest(written).test).toBe(value);
    }
  });
});

describe("terms in rows", () => {
  it("name what a level says and nothing else", () => {
    const rows = layerRows(
      { price: { rules: [{ rate: { fixed: 45 } }] }, weight: 0, suppressed_by: ["list_1"], concurrency_max: 3 },
      "USD",
      new Map([["list_1", "Do not call"]]),
    );
    expect(rows.map((row) => `${row.name}: ${row.value}`)).toEqual([
      "Price: $45.00",
      "Never: Do not call",
      "At the same time: 3 calls",
      "Weight: 0",
    ]);
    expect(layerRows({}, "USD", new Map())).toEqual([]);
  });
  it("tell duplicates as a rule", () => {
    expect(duplicateWords({ scope: "buyer", within_h: 720, action: "skip" })).toBe(
      "Person of the same buyer who was paid for within 30 days: leave the contract out",
    );
    expect(duplicateWords({ scope: "campaign", after: "any", action: "block" })).toContain("came at all ever");
  });
});

describe("places and reasons", () => {
  it("of a document are told as people call them", () => {
    expect(placeWords("")).toBe("As a whole");
    expect(placeWords("caps[1].max")).toBe("Caps, 2");
    expect(placeWords("groups.main.members[0]")).toBe("Group main");
    expect(placeWords("price.rules[0]")).toBe("Price");
  });
  it("have words even for a code not known yet", () => {
    expect(shortReason("CAP_REACHED")).toBe("Over its cap");
    expect(shortReason("SENT_TO_MOON")).toBe("Sent to moon");
  });
});

describe("an endpoint document", () => {
  it("is looked at before it is sent", () => {
    expect(endpointProblem("")).toContain("known shape");
    expect(endpointProblem("{")).toContain("not JSON");
    expect(endpointProblem("[]")).toContain("JSON object");
    expect(endpointProblem('{"schema": 1}')).toBeUndefined();
  });
  it("names the settings that are still empty", () => {
    expect(emptySettings('{"settings": {"rtb_id": "", "state": "TX"}}')).toEqual(["rtb_id"]);
    expect(emptySettings("{")).toEqual([]);
  });
});

it("a file is CSV by its type or its name", () => {
  expect(isCsv({ name: "a.CSV", type: "" })).toBe(true);
  expect(isCsv({ name: "a.txt", type: "text/csv" })).toBe(true);
  expect(isCsv({ name: "a.txt", type: "text/plain" })).toBe(false);
});

it("an item is looked for as the list keeps it", () => {
  for (const written of ["(214) 555-0101", "214-555-0101", "1 214 555 0101", "+1 (214) 555-0101"]) {
    expect(asKept("numbers", written), written).toBe("+12145550101");
  }
  expect(asKept("numbers", "+44 20 7946 0958")).toBe("+442079460958");
  expect(asKept("zips", " 75201 ")).toBe("75201");
  expect(asKept("numbers", "hello")).toBe("hello");
});
