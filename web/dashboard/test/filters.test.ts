import { describe, expect, it } from "vitest";
import { builtInViews, fromAddress, noFilters, queryText, toAddress, toQuery } from "../src/features/call/filters";

const zone = "America/Chicago";
const noon = Date.UTC(2026, 9, 13, 17);

describe("the filters of the call log", () => {
  it("survive the address bar", () => {
    const filters = { ...noFilters, time: "today", result: "busy", caller: "(214) 555-0187", ambiguous: true };
    expect(fromAddress(`?${toAddress(filters)}`)).toEqual(filters);
  });

  it("have one address however they were written", () => {
    expect(toAddress(fromAddress("ambiguous=1&time=today"))).toBe(
      toAddress(fromAddress("time=today&ambiguous=1&unknown=x")),
    );
  });

  it("of the built-in views are written as the address writes them", () => {
    for (const view of builtInViews) expect(toAddress(fromAddress(view.search))).toBe(view.search);
  });

  it("ask for a day from midnight to midnight of the account", () => {
    expect(toQuery({ ...noFilters, time: "today" }, noon, zone)).toEqual({ from: Date.UTC(2026, 9, 13, 5) });
    expect(toQuery({ ...noFilters, time: "yesterday" }, noon, zone)).toEqual({
      from: Date.UTC(2026, 9, 12, 5),
      to: Date.UTC(2026, 9, 13, 5),
    });
  });

  it("leave out what is not set", () => {
    expect(toQuery(noFilters, noon, zone)).toEqual({});
    expect(queryText(toQuery({ ...noFilters, site: "site_1", live: true }, noon, zone))).toBe("site=site_1&live=true");
  });
});
