/**
 * Over generated texts and numbers: a text in which the target does not occur is never changed, and a swap changes the
 * number's own characters and no other. The numbers are drawn from a seed, so that a failure can be run again.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { telephones } from "../src/extras/places.ts";
import { KEYS, replacement } from "../src/number.ts";

const CASES = 20_000;
const SEED = Number(process.env.TRUNKLINE_SEED ?? 20_251_123);

/** Mulberry32: small, and good enough to draw cases. */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const draw = random(SEED);
const below = (max: number) => Math.floor(draw() * max);
const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
const digits = (count: number) => Array.from({ length: count }, () => below(10)).join("");

/** A North American national number. */
const national = () => `${2 + below(8)}${digits(2)}${2 + below(8)}${digits(6)}`;

const FORMS: ((n: string) => string)[] = [
  (n) => `(${n.slice(0, 3)}) ${n.slice(3, 6)}-${n.slice(6)}`,
  (n) => `${n.slice(0, 3)}-${n.slice(3, 6)}-${n.slice(6)}`,
  (n) => `${n.slice(0, 3)}.${n.slice(3, 6)}.${n.slice(6)}`,
  (n) => `+1 ${n.slice(0, 3)} ${n.slice(3, 6)} ${n.slice(6)}`,
  (n) => `1-${n.slice(0, 3)}-${n.slice(3, 6)}-${n.slice(6)}`,
  (n) => n,
];

/** Words, marks and digits as pages have them; never with a digit or sign at either end. */
const FILLERS = ["Call us, day or night: ", " or write. ", "Ünïcode — «quotes» 🙂 ", "\n\t", " Order A7 has 3 parts. ", " 24/7 support ", " $19.99 a month ", " (ask for Ann) ", " &amp; "];
const filler = () => Array.from({ length: below(4) }, () => pick(FILLERS)).join("");

test("a text without the target is never changed", () => {
  for (let i = 0; i < CASES; i++) {
    const target = national();
    let text = filler();
    for (let n = below(4); n; n--) {
      const other = pick([national(), digits(5 + below(12)), digits(4)]);
      text += pick(FORMS)(other.padEnd(10, "7")) + " " + filler();
    }
    // By chance, and then it is another promise.
    if (text.replace(/\D/g, "").includes(target)) continue;
    const replace = replacement({ ["+1" + target]: "t" }, [{ t: "t", n: "+1" + national() }], 1, KEYS);
    assert.equal(replace(text, false).join(""), text, `seed ${SEED}, case ${i}`);
  }
});

/** Calling codes, as ITU-T E.164 lists them, with how many digits a national number has there, and how it is printed. */
const COUNTRIES: { code: string; digits: number; forms: ((n: string) => string)[] }[] = [
  { code: "33", digits: 9, forms: [(n) => `0${n[0]} ${n.slice(1).match(/../g)!.join(" ")}`, (n) => `0${n[0]}.${n.slice(1).match(/../g)!.join(".")}`, (n) => `+33 ${n[0]} ${n.slice(1).match(/../g)!.join(" ")}`] },
  { code: "44", digits: 10, forms: [(n) => `0${n.slice(0, 2)} ${n.slice(2, 6)} ${n.slice(6)}`, (n) => `+44 (0)${n.slice(0, 2)} ${n.slice(2, 6)} ${n.slice(6)}`, (n) => `0${n}`] },
  { code: "49", digits: 10, forms: [(n) => `0${n.slice(0, 2)}/${n.slice(2)}`, (n) => `+49 ${n.slice(0, 2)} ${n.slice(2, 6)}-${n.slice(6)}`] },
  { code: "45", digits: 8, forms: [(n) => n.match(/../g)!.join(" "), (n) => `+45 ${n.match(/../g)!.join(" ")}`] },
  { code: "351", digits: 9, forms: [(n) => n.match(/.../g)!.join(" "), (n) => `+351 ${n.match(/.../g)!.join(" ")}`] },
  { code: "420", digits: 9, forms: [(n) => n.match(/.../g)!.join(" "), (n) => `+420 ${n.match(/.../g)!.join(" ")}`] },
];

test("a number that differs in any one digit is another one, in every country", () => {
  for (let i = 0; i < CASES; i++) {
    const { code, digits: length, forms } = pick(COUNTRIES);
    const target = `${1 + below(9)}${digits(length - 1)}`;
    const at = below(length);
    const near = target.slice(0, at) + ((+target[at]! + 1 + below(9)) % 10) + target.slice(at + 1);
    const form = pick(forms);
    const text = `${filler()}Tel. ${form(near)} — ${filler().replace(/^\s*24/, "x 24")}`;
    const shown = `+${code}${1 + below(9)}${digits(length - 1)}`;
    const replace = replacement({ [`+${code}${target}`]: "t" }, [{ t: "t", n: shown }], +(code.length < 3), KEYS);
    // The first digit may turn to a zero, which reads as a trunk zero before the target's own.
    if (near[0] != "0") assert.equal(replace(text, false).join(""), text, `seed ${SEED}, case ${i}`);
    assert.equal(replace(form(target), false).join(""), form(shown.slice(1 + code.length)), `seed ${SEED}, case ${i}`);
  }
});

test("a swap changes the digits of the number and keeps every other character where it was", () => {
  for (let i = 0; i < CASES; i++) {
    const [target, shown] = [national(), national()];
    const form = pick(FORMS);
    const [before, behind] = [filler() + "Tel. ", " — " + filler().replace(/^\s*24/, "x 24")];
    const replace = replacement({ ["+1" + target]: "t" }, [{ t: "t", n: "+1" + shown }], 1, KEYS);
    const cells = replace(before + form(target) + behind, false);
    assert.equal(cells.join(""), before + form(shown) + behind, `seed ${SEED}, case ${i}`);
    assert.equal(cells.length, (before + form(target) + behind).length);
  }
});

test("what was swapped is swapped back to the very text it was", () => {
  for (let i = 0; i < CASES / 4; i++) {
    const [target, shown] = [national(), national()];
    const text = filler() + "Tel. " + pick(FORMS)(target) + " — " + filler();
    if (text.replace(/\D/g, "").includes(shown)) continue;
    const there = replacement({ ["+1" + target]: "t" }, [{ t: "t", n: "+1" + shown }], 1, KEYS)(text, false).join("");
    const back = replacement({ ["+1" + shown]: "t" }, [{ t: "t", n: "+1" + target }], 1, KEYS)(there, false).join("");
    assert.equal(back, text, `seed ${SEED}, case ${i}`);
  }
});

test("JSON-LD stays JSON with the same fields, whatever its texts hold", () => {
  for (let i = 0; i < CASES / 10; i++) {
    const [target, shown] = [national(), national()];
    const form = pick(FORMS);
    const data = {
      name: `${filler()} ${form(target)} "quoted" \\ `,
      telephone: pick([form(target), [form(target), "x"], ""]),
      nested: [{ telephone: pick(FORMS)(national()), url: `https://example.com/${target}` }],
    };
    const replace = replacement({ ["+1" + target]: "t" }, [{ t: "t", n: "+1" + shown }], 1, KEYS);
    const text = JSON.stringify(data, null, below(3));
    const swapped = JSON.parse(telephones(text, (one) => replace(one, false).join("")));
    assert.equal(swapped.name, data.name);
    assert.equal(swapped.nested[0].url, data.nested[0]!.url);
    // What stood there as the target stands there as what is shown, in the form it had; the neighbour's stays.
    assert.deepEqual(swapped.telephone, [data.telephone].flat().length > 1 ? [form(shown), "x"] : data.telephone && form(shown));
    assert.equal(swapped.nested[0].telephone, data.nested[0]!.telephone);
  }
});
