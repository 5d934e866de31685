import { describe, expect, it } from "vitest";
import { areaHint, countriesOf, northAmerican } from "../src/features/assignment/buying";

describe("the countries of a carrier", () => {
  it("are named, the account's own first, the others by name", () => {
    const shown = countriesOf("twilio", "GB");
    expect(shown[0]).toEqual({ value: "GB", label: "United Kingdom" });
    const rest = shown.slice(1).map((each) => each.label);
    expect(rest).toEqual([...rest].sort((a, b) => a.localeCompare(b)));
    expect(new Set(shown.map((each) => each.value)).size).toBe(shown.length);
    expect(shown.every((each) => each.label !== each.value)).toBe(true);
  });

  it("are those it sells", () => {
    expect(countriesOf("signalwire", "DE").map((each) => each.value)).toEqual(["CA", "US"]);
    expect(countriesOf("a newer one", "DE").map((each) => each.value)).toEqual(["DE"]);
  });

  it("tell how an area code is written", () => {
    expect(northAmerican("US") && !northAmerican("DE")).toBe(true);
    expect(areaHint("US", "local")).toBe("Three digits");
    expect(areaHint("US", "toll_free")).toMatch(/none/);
    expect(areaHint("DE", "local")).toMatch(/without the 0/);
  });
});
