import { describe, expect, it } from "vitest";
import { ago, clockOrDay, exact, minutesSeconds, span, startOfDay, zoneName } from "../src/base/time";

const chicago = "America/Chicago";
const noon = Date.UTC(2026, 9, 13, 17, 0, 0); // 12:00:00 in Chicago

describe("times", () => {
  it("are told from now, then by the date", () => {
    expect(ago(noon - 500, noon, chicago)).toBe("just now");
    expect(ago(noon - 12_000, noon, chicago)).toBe("12 s ago");
    expect(ago(noon - 3 * 60_000, noon, chicago)).toBe("3 min ago");
    expect(ago(noon - 2 * 3_600_000, noon, chicago)).toBe("2 h ago");
    expect(ago(noon - 4 * 86_400_000, noon, chicago)).toBe("4 d ago");
    expect(ago(noon - 30 * 86_400_000, noon, chicago)).toBe("Sep 13");
  });

  it("have their exact form in the account's zone, whatever the browser's", () => {
    expect(exact(noon, chicago)).toBe("Oct 13, 2026, 12:00:00 (Chicago)");
    expect(exact(noon, "Europe/Berlin")).toBe("Oct 13, 2026, 19:00:00 (Berlin)");
  });

  it("name the day only when it is not today's", () => {
    expect(clockOrDay(noon - 3_600_000, noon, chicago)).toBe("11:00:00");
    expect(clockOrDay(noon - 86_400_000, noon, chicago)).toBe("Oct 12, 12:00");
  });

  it("read midnight as 00, never 24", () => {
    const midnight = Date.UTC(2026, 9, 13, 5, 0, 0);
    expect(clockOrDay(midnight, noon, chicago)).toBe("00:00:00");
  });

  it("name a zone by its city", () => {
    expect(zoneName("America/New_York")).toBe("New York");
    expect(zoneName("UTC")).toBe("UTC");
  });
});

describe("the start of a day", () => {
  it("is midnight in the zone", () => {
    expect(startOfDay(noon, chicago)).toBe(Date.UTC(2026, 9, 13, 5));
    expect(startOfDay(noon, chicago, 1)).toBe(Date.UTC(2026, 9, 12, 5));
    expect(startOfDay(noon, "Asia/Kolkata")).toBe(Date.UTC(2026, 9, 12, 18, 30));
  });

  it("holds on the days when clocks change", () => {
    const afterSpring = Date.UTC(2026, 2, 8, 18); // clocks went forward at 02:00 this day
    expect(startOfDay(afterSpring, chicago)).toBe(Date.UTC(2026, 2, 8, 6));
    const afterAutumn = Date.UTC(2026, 10, 1, 18); // clocks went back at 02:00 this day
    expect(startOfDay(afterAutumn, chicago)).toBe(Date.UTC(2026, 10, 1, 5));
    expect(startOfDay(afterAutumn, chicago, -1)).toBe(Date.UTC(2026, 10, 2, 6));
  });
});

describe("durations", () => {
  it("are minutes and seconds in columns", () => {
    expect(minutesSeconds(258)).toBe("4:18");
    expect(minutesSeconds(6.9)).toBe("0:06");
    expect(minutesSeconds(3_727)).toBe("1:02:07");
    expect(minutesSeconds(-3)).toBe("0:00");
  });

  it("are words in sentences", () => {
    expect(span(2_700)).toBe("2.7 s");
    expect(span(3_000)).toBe("3 s");
    expect(span(258_000)).toBe("4 min 18 s");
    expect(span(120_000)).toBe("2 min");
    expect(span((3 * 24 + 19) * 3_600_000)).toBe("3 d 19 h");
  });
});
