/** Every printed form of a number is found and kept; whatever only contains its digits is left alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Shown } from "../src/contract.ts";
import { KEYS, replacement } from "../src/number.ts";

const US = "+12145550100";
const SHOWN: Shown = { t: "main", n: "+13125557788" };

const swap = (text: string, options: { printed?: string; shown?: Shown; link?: boolean } = {}) =>
  replacement({ [options.printed ?? US]: "main" }, [options.shown ?? SHOWN], KEYS)(text, options.link ?? false).join("");

const check = (text: string, expected: string, options?: Parameters<typeof swap>[1]) => assert.equal(swap(text, options), expected, JSON.stringify(text));

const formats: [printed: string, swapped: string][] = [
  ["(214) 555-0100", "(312) 555-7788"],
  ["(214)555-0100", "(312)555-7788"],
  ["214-555-0100", "312-555-7788"],
  ["214.555.0100", "312.555.7788"],
  ["214 555 0100", "312 555 7788"],
  ["214/555-0100", "312/555-7788"],
  ["214 . 555 . 0100", "312 . 555 . 7788"],
  ["214 · 555 · 0100", "312 · 555 · 7788"],
  ["2145550100", "3125557788"],
  ["+12145550100", "+13125557788"],
  ["+1 214 555 0100", "+1 312 555 7788"],
  ["+1 (214) 555-0100", "+1 (312) 555-7788"],
  ["+1-214-555-0100", "+1-312-555-7788"],
  ["1-214-555-0100", "1-312-555-7788"],
  ["1 (214) 555-0100", "1 (312) 555-7788"],
  ["1.214.555.0100", "1.312.555.7788"],
  ["001 214 555 0100", "001 312 555 7788"],
  ["(1) 214 555 0100", "(1) 312 555 7788"],
  ["+1 (214) 555‑0100", "+1 (312) 555‑7788"],
  ["(214) 555–0100", "(312) 555–7788"],
  ["214‐555−0100", "312‐555−7788"],
  ["214 5550 100", "312 5557 788"],
  ["(214)\u200b555\u00ad0100", "(312)\u200b555\u00ad7788"],
  ["\u202a(214) 555-0100\u202c", "\u202a(312) 555-7788\u202c"],
  ["(214)\n      555-0100", "(312)\n      555-7788"],
  ["(214) 555-0100 ext. 5", "(312) 555-7788 ext. 5"],
  ["(214) 555-0100 x123", "(312) 555-7788 x123"],
  ["(214) 555-0100, ext 77", "(312) 555-7788, ext 77"],
  ["tel:+1-214-555-0100;ext=5", "tel:+1-312-555-7788;ext=5"],
  ["tel:(214)%20555-0100", "tel:(312)%20555-7788"],
  ["https://wa.me/12145550100?text=Hi%20there", "https://wa.me/13125557788?text=Hi%20there"],
  ["https://api.whatsapp.com/send?phone=%2B12145550100", "https://api.whatsapp.com/send?phone=%2B13125557788"],
];

test("every printed format keeps its form", () => {
  for (const [printed, swapped] of formats) {
    check(printed, swapped);
    check(`Call ${printed}, day or night`, `Call ${swapped}, day or night`);
    check(`Call ${printed}.`, `Call ${swapped}.`);
    check(`<${printed}>`, `<${swapped}>`);
  }
});

test("all numbers of a text are swapped", () =>
  check("214-555-0100 or (214) 555-0100, fax 214-555-0199", "312-555-7788 or (312) 555-7788, fax 214-555-0199"));

test("vanity letters are digits", () => {
  check("1-214-555-0100 is 1-21-HJJK-0100", "1-312-555-7788 is 1-31-2555-7788", { printed: "+12145550100" });
  check("Call 1-800-FLOWERS today", "Call 1-312-5557788 today", { printed: "+18003569377" });
  check("call 1 800 flowers today", "call 1 312 5557788 today", { printed: "+18003569377" });
});

test("without the keys' letters a vanity number is left alone", () =>
  assert.equal(replacement({ "+18003569377": "main" }, [SHOWN])("1-800-FLOWERS, 1-800-356-9377", false).join(""), "1-800-FLOWERS, 1-312-555-7788"));

test("a longer run of digits is left alone", () => {
  for (const text of [
    "92145550100",
    "02145550100",
    "21455501009",
    "9-2145550100",
    "9.214-555-0100",
    "214-555-0100-22",
    "2145550100.5",
    "214-555-0100/0101",
    "+44 2145550100",
    "+44 (214) 555-0100",
    "+3 2145550100",
    "$2,145,550,100",
    "2'145'550'100",
    "214-555-010",
    "14-555-0100",
  ])
    check(text, text);
});

test("a spaced longer number is left alone, but hours after a number are no part of it", () => {
  const printed = "+15551234567";
  check("5551 234 567 8", "5551 234 567 8", { printed });
  check("Order 5551 234 567 8 has shipped", "Order 5551 234 567 8 has shipped", { printed });
  check("555-123-4567 24/7", "312-555-7788 24/7", { printed });
  check("24/7 555-123-4567", "24/7 312-555-7788", { printed });
  check("555-123-4567 (8 to 5)", "312-555-7788 (8 to 5)", { printed });
  check("555-123-4567 7 days a week", "312-555-7788 7 days a week", { printed });
  check("(555) 123-4567 8am-5pm", "(312) 555-7788 8am-5pm", { printed });
  check("555-123-4567 9 am", "312-555-7788 9 am", { printed });
  check("2 lines: 555-123-4567", "2 lines: 312-555-7788", { printed });
});

test("two numbers in a row are two numbers", () => {
  check("+18005550123 / 214-555-0100", "+18005550123 / 312-555-7788");
  check("214-555-0100 +1 800 555 0123", "312-555-7788 +1 800 555 0123");
});

test("edits are collected on the original text, so no replacement is replaced", () => {
  const both = replacement({ "+12145550100": "a", "+13125557788": "b" }, [SHOWN, { t: "a", n: "+13125557788" }, { t: "b", n: "+12145550100" }]);
  assert.equal(both("214-555-0100 and 312-555-7788", false).join(""), "312-555-7788 and 214-555-0100");
});

test("a number shown before is exchanged for the one shown now", () => {
  const later = replacement({ "+12145550100": "main", "+13125557788": "main" }, [{ t: "main", n: "+13125550011" }]);
  assert.equal(later("(312) 555-7788 (214) 555-0100", false).join(""), "(312) 555-0011 (312) 555-0011");
});

test("a target without a number to show keeps what it has", () =>
  assert.equal(replacement({ [US]: "main" }, [])("(214) 555-0100", false).join(""), "(214) 555-0100"));

test("other countries keep trunk zero, brackets and code", () => {
  const london = { printed: "+442079460000", shown: { t: "main", n: "+442079461234" } };
  for (const [printed, swapped] of [
    ["020 7946 0000", "020 7946 1234"],
    ["(020) 7946 0000", "(020) 7946 1234"],
    ["02079460000", "02079461234"],
    ["+44 20 7946 0000", "+44 20 7946 1234"],
    ["+44 (0)20 7946 0000", "+44 (0)20 7946 1234"],
    ["+44 (0) 20 7946-0000", "+44 (0) 20 7946-1234"],
    ["0044 20 7946 0000", "0044 20 7946 1234"],
    ["tel:+442079460000", "tel:+442079461234"],
  ] as const)
    check(printed, swapped, london);
  check("0131 496 0000", "0207 946 0123", { printed: "+441314960000", shown: { t: "main", n: "+442079460123" } });
  check("021 123 45 67 und 351", "021 765 43 21 und 351", { printed: "+351211234567", shown: { t: "main", n: "+351217654321" } });
  check("+358 (0)9 1234567", "+358 (0)9 7654321", { printed: "+35891234567", shown: { t: "main", n: "+35897654321" } });
  check("8 (495) 123-45-67", "8 (499) 765-43-21", { printed: "+74951234567", shown: { t: "main", n: "+74997654321" } });
  check("06 1234 5678", "06 8765 4321", { printed: "+390612345678", shown: { t: "main", n: "+390687654321" } });
});

test("a number of another form replaces the printed one whole", () => {
  const shown = { t: "main", n: "+442079460123", f: "020 7946 0123" };
  check("Call +1 (214) 555-0100 now", "Call 020 7946 0123 now", { shown });
  check("Call (214) 555-0100 now", "Call 020 7946 0123 now", { shown });
  check("Call us (214-555-0100) now", "Call us (020 7946 0123) now", { shown });
  check("tel:214-555-0100", "tel:+442079460123", { shown, link: true });
  check("sms:+12145550100?body=Hi", "sms:+442079460123?body=Hi", { shown, link: true });
  check("https://wa.me/12145550100", "https://wa.me/442079460123", { shown, link: true });
});

test("the cells of a text stay where its characters were", () => {
  const cells = replacement({ [US]: "main" }, [SHOWN])("x (214) 555-0100", false);
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
