import { describe, expect, it } from "vitest";
import { bytes, count, digits, host, initials, national, path, percent, plural, sentences } from "../src/base/figures";

describe("figures", () => {
  it("carry their thousands", () => expect(count(1284)).toBe("1,284"));

  it("never call a doubtful share certain, nor a small one nothing", () => {
    expect(percent(0.94)).toBe("94%");
    expect(percent(0.999)).toBe(">99%");
    expect(percent(0.001)).toBe("<1%");
    expect(percent(1)).toBe("100%");
    expect(percent(0)).toBe("0%");
  });

  it("agree with their noun", () => {
    expect(plural(1, "call")).toBe("1 call");
    expect(plural(0, "call")).toBe("0 calls");
    expect(plural(2, "touch", "touches")).toBe("2 touches");
  });

  it("name bytes in steps of a thousand", () => {
    expect(bytes(812)).toBe("812 B");
    expect(bytes(1796)).toBe("1.8 KB");
    expect(bytes(2_500_000)).toBe("2.5 MB");
  });
});

describe("phone numbers", () => {
  it("stand in the national format", () => expect(national("+12145550142")).toBe("(214) 555-0142"));
  it("of other plans stay as they are", () => expect(national("+442079460000")).toBe("+442079460000"));
  it("are compared by their digits", () => expect(digits("(214) 555-01")).toBe("21455501"));
});

describe("addresses", () => {
  it("are read without the click ids", () => {
    expect(path("https://shop.example/contact?gclid=x#top")).toBe("/contact");
    expect(path("/contact?a=1")).toBe("/contact");
  });
  it("tell their host", () => {
    expect(host("https://shop.example/contact")).toBe("shop.example");
    expect(host("no address")).toBeNull();
  });
});

it("initials come from two words, or the first letters of one", () => {
  expect(initials("Northgate Leads")).toBe("NL");
  expect(initials("Demo")).toBe("DE");
});

it("reasons become sentences, each with one full stop", () => {
  expect(sentences(["Saw this number 42 s earlier", "No tap."])).toBe("Saw this number 42 s earlier. No tap.");
});
