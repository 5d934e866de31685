/** Every printed form of a number is found and kept; whatever only contains its digits is left alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Shown } from "../src/contract.ts";
import { plausible } from "../src/extras/plausible.ts";
import { KEYS, replacement } from "../src/number.ts";
import cases from "./vectors.json";

const US = "+12145550100";
const SHOWN: Shown = { t: "main", n: "+13125557788" };

interface Vectors {
  swaps: { promise: string; printed?: string; shown?: { n: string; f?: string }; link?: boolean; cases: [text: string, swapped: string][] }[];
  plausible: { promise: string; like: string; code: string; link?: boolean; cases: [text: string, found: string[]][] }[];
}

const vectors = cases as unknown as Vectors;

/** As the server says it: no third digit must stand where the calling code has three itself; the tests know 351 and 358. */
const least = (printed: string) => +!/^.35/.test(printed);

const swap = (text: string, options: { printed?: string; shown?: Shown; link?: boolean } = {}) =>
  replacement({ [options.printed ?? US]: "main" }, [options.shown ?? SHOWN], least(options.printed ?? US), KEYS)(text, options.link ?? false).join("");

const check = (text: string, expected: string, options?: Parameters<typeof swap>[1]) => assert.equal(swap(text, options), expected, JSON.stringify(text));

for (const { promise, printed = US, shown = SHOWN, link = false, cases } of vectors.swaps)
  test(promise, () => {
    for (const [text, swapped] of cases) check(text, swapped, { printed, shown: { t: "main", ...shown }, link });
  });

for (const { promise, like, code, link, cases } of vectors.plausible)
  test(promise, () => {
    for (const [text, found] of cases) assert.deepEqual(plausible(text, code, like, link), found, JSON.stringify(text));
  });

test("a link's escaped marks are none of the number's digits", () => {
  check("tel:(214)%20555-0100", "tel:(312)%20555-7788");
  check("https://wa.me/12145550100?text=Hi%20there", "https://wa.me/13125557788?text=Hi%20there");
  check("https://api.whatsapp.com/send?phone=%2B12145550100", "https://api.whatsapp.com/send?phone=%2B13125557788");
  check("https://wa.me/12145550100", "https://wa.me/442079460123", { shown: { t: "main", n: "+442079460123", f: "020 7946 0123" }, link: true });
});

test("without the keys' letters a vanity number is left alone", () =>
  assert.equal(replacement({ "+18003569377": "main" }, [SHOWN], 1)("1-800-FLOWERS, 1-800-356-9377", false).join(""), "1-800-FLOWERS, 1-312-555-7788"));

test("edits are collected on the original text, so no replacement is replaced", () => {
  const both = replacement({ "+12145550100": "a", "+13125557788": "b" }, [SHOWN, { t: "a", n: "+13125557788" }, { t: "b", n: "+12145550100" }], 1);
  assert.equal(both("214-555-0100 and 312-555-7788", false).join(""), "312-555-7788 and 214-555-0100");
});

test("a number shown before is exchanged for the one shown now", () => {
  const later = replacement({ "+12145550100": "main", "+13125557788": "main" }, [{ t: "main", n: "+13125550011" }], 1);
  assert.equal(later("(312) 555-7788 (214) 555-0100", false).join(""), "(312) 555-0011 (312) 555-0011");
});

test("a target without a number to show keeps what it has", () =>
  assert.equal(replacement({ [US]: "main" }, [], 1)("(214) 555-0100", false).join(""), "(214) 555-0100"));

test("the cells of a text stay where its characters were", () => {
  const cells = replacement({ [US]: "main" }, [SHOWN], 1)("x (214) 555-0100", false);
  assert.equal(cells.length, "x (214) 555-0100".length);
  assert.equal(cells.slice(0, 8).join(""), "x (312) ");
});

test("a long text is searched in little time", () => {
  const zeros = "0".repeat(50_000);
  check(zeros, zeros, { printed: "+442079460000" });
  const text = "214 555 010 ".repeat(20_000) + "2".repeat(50_000) + " ".repeat(50_000) + "(".repeat(50_000);
  const started = performance.now();
  check(text, text);
  assert.ok(performance.now() - started < 5_000);
});
