// Every rule that can decide a source has words of its own. The rules are read where the core has them.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decidedBy } from "../src/features/call/words";

const read = (path: string) => readFileSync(new URL(`../../../crates/${path}`, import.meta.url), "utf8");
const rules = read("trunkline-core/src/visitor/rules.rs");
const direct = read("trunkline-core/src/visitor/source.rs");
const own = read("trunkline-core/src/visitor/own.rs");
const hosts = read("trunkline-core/src/visitor/hosts.txt");
const numbers = read("trunkline-engine/src/attribution/mod.rs");

const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((found) => found[1] ?? "");

/** Rules that are written out: the last word of each `named(…)` and `by_number(…)`, and the constants. */
const fixed = new Set([
  ...all(rules + numbers, /\b(?:named|by_number)\((?:[^()]|\([^()]*\))*?"(\w+)",?\s*\)/g),
  ...all(direct, /rule: "(\w+)"/g),
  ...all(own, /pub const LAST_NON_DIRECT: &str = "(\w+)"/g),
]);
const clicks = all(rules, /\bclick\(\s*"(\w+)"/g);
const sites = hosts
  .split("\n")
  .filter((line) => line && !line.startsWith("#"))
  .map((line) => {
    const [kind = "", name = ""] = line.split(/\s+/);
    return { kind, name: name.replaceAll("_", " "), rule: `${kind}_${name.replace(/[.-]/g, "_")}` };
  });

/** A source that no sentence can name by chance. */
const words = (rule: string) => decidedBy({ rule, label: "The label", source: "the source" });

describe("what decided a source", () => {
  it("is said of each rule that is none of a site's or a parameter's", () => {
    expect(Object.fromEntries([...fixed].sort().map((rule) => [rule, words(rule)]))).toEqual({
      direct: "no tag, no click identifier and no referrer",
      last_non_direct: "the visit before: this one came directly and keeps its source",
      referral: "the referrer is the source",
      source_number: "the number dialled, which belongs to this source alone",
      static_number: "the number dialled, which is that of The label",
      utm: "the tags on the link",
    });
  });

  it("names the parameter of each click identifier", () => {
    expect(clicks.length).toBeGreaterThan(10);
    for (const rule of clicks) expect(words(rule)).toBe(`the click identifier ${rule.slice("click_".length)}`);
  });

  it("is the referrer for each known site, and for a payment page that it is no source", () => {
    expect(sites.length).toBeGreaterThan(200);
    for (const { kind, rule } of sites) {
      const said = kind === "payment" ? "the referrer is a payment or sign-in page, which is no source" : "the referrer is The label";
      expect(words(rule), rule).toBe(said);
    }
    expect(decidedBy({ rule: "search_bing", label: "Bing organic", source: "bing" })).toBe("the referrer is Bing");
  });

  it("is the owner's rule by its name", () => expect(words("own_radio_spot")).toBe("your rule radio spot"));

  it("claims no referrer for a rule that it does not know", () => expect(words("next_year")).toBe("the rule next year"));
});
