/** What the server hears of a page: shown, alive while visible, tapped, left, back again. */
import type { Page } from "@playwright/test";
import { expect, look, test, tl } from "./helpers/fixtures.ts";
import { gate } from "./helpers/serve.ts";
import { isAssign, MAIN, tells, type Tracker } from "./helpers/tracker.ts";

const NUMBER = `<p id="number">(214) 555-0100</p>`;

/** A page under a clock of the test, with its first `shown` confirmed. */
const confirmed = async (page: Page, tracker: Tracker, url: string) => {
  await page.clock.install();
  await page.goto(url);
  await tracker.asked(tells("shown"));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s)).toBe(1);
};

test("one beacon says how many numbers the page shows", async ({ page, site, tracker }) => {
  const url = site.page("/", `${NUMBER}<a href="tel:+12145550100" title="214-555-0100">call 214.555.0100</a><p>no number</p>`);
  await page.goto(url);
  const asked = await tracker.asked(tells("shown"));
  expect(asked.event).toEqual({ v: 1, c: 7, token: "token-1", events: [{ k: "shown", swaps: 4, page: url }] });
  await page.evaluate(() => document.body.append("214-555-0100"));
  await expect(page.locator("body")).toContainText("312-555-7788");
  const done = tracker.asked((one) => one.event?.token == "end");
  await page.evaluate((u) => fetch(u, { method: "POST", body: JSON.stringify({ token: "end", events: [] }) }), `${tracker.origin}/t/k1/event`);
  await done;
  expect(tracker.told("shown")).toHaveLength(1);
});

test("a page without the number confirms nothing, so that its number goes back", async ({ page, site, tracker }) => {
  await page.clock.install();
  await page.goto(site.page("/", `<p>Fax 214-555-0199</p>`));
  await expect.poll(() => page.evaluate(() => Object.values(localStorage)[0] ?? "")).toContain("token-1");
  await page.clock.runFor(120_000);
  await look(page, "hidden");
  expect(tracker.of("event")).toEqual([]);
});

test("heartbeats come while the page is visible, every `beat` seconds, and never while it is not", async ({ page, site, tracker }) => {
  await confirmed(page, tracker, site.page("/", NUMBER));
  for (let beats = 1; beats <= 3; beats++) {
    await page.clock.runFor(20_000);
    await expect.poll(() => tracker.told("beat").length).toBe(beats);
  }
  const last = tracker.next(tells("beat"));
  await look(page, "hidden");
  expect((await last).event!.events).toEqual([{ k: "beat" }]);
  await page.clock.runFor(50_000);
  const back = tracker.next(tells("beat"));
  await look(page, "visible");
  await back;
  expect(tracker.told("beat")).toHaveLength(5);
  await page.clock.runFor(20_000);
  await expect.poll(() => tracker.told("beat").length).toBe(6);
});

test("a page opened in the background shows nothing to anybody until it is looked at", async ({ page, site, tracker }) => {
  await page.addInitScript(() => Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" }));
  await page.goto(site.page("/", NUMBER));
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
  await expect.poll(() => page.evaluate(() => Object.values(localStorage)[0] ?? "")).toContain("token-1");
  const shown = tracker.next(tells("shown"));
  expect(tracker.told("shown")).toEqual([]);
  await look(page, "visible");
  await shown;
});

test("a tab that wakes after a minute asks whether the number is still its own", async ({ page, site, tracker }) => {
  const url = site.page("/", NUMBER);
  await page.clock.install();
  await page.goto(`${url}?gclid=x`);
  await tracker.asked(tells("shown"));
  await look(page, "hidden");
  await page.clock.runFor(61_000);
  tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers: [{ t: MAIN, n: "+14695550011" }] }) });
  const asked = tracker.next(isAssign);
  const shown = tracker.next(tells("shown"));
  await look(page, "visible");
  // Not an arrival: neither the click id nor the first referrer is told again.
  expect((await asked).assign).toMatchObject({ token: "token-1", page: url, ref: site.origin });
  await expect(page.locator("#number")).toHaveText("(469) 555-0011");
  expect((await shown).event!.token).toBe("token-2");
});

test("a tab that wakes after its time, with the server away, goes back to the printed number", async ({ page, site, tracker }) => {
  await confirmed(page, tracker, site.page("/", NUMBER));
  await look(page, "hidden");
  await page.clock.runFor(31 * 60_000);
  tracker.answers = () => ({ status: 503 });
  await look(page, "visible");
  await expect(page.locator("#number")).toHaveText("(214) 555-0100");
});

test("a tap on a link that dials is told at once, with the number it dials", async ({ page, site, tracker }) => {
  await page.goto(
    site.page(
      "/",
      `<a id="a" href="tel:+12145550100"><b>call</b></a> <a id="b" href="tel:214-555-0100;ext=5">call</a> <a id="c" href="tel:+12145550199">fax</a>
       <script>addEventListener("click", e => e.preventDefault())</script>`,
    ),
  );
  await tracker.asked(tells("shown"));
  const first = tracker.next(tells("tap"));
  await page.locator("#a b").click();
  expect((await first).event!.events).toEqual([{ k: "tap", n: "+13125557788", ago: expect.any(Number) }]);
  await page.locator("#c").click();
  const second = tracker.next(tells("tap"));
  await page.locator("#b").click();
  await second;
  expect(tracker.told("tap").map((tap) => tap.n)).toEqual(["+13125557788", "+13125557788"]);
  expect(tracker.told("tap").every((tap) => tap.ago! >= 0 && tap.ago! < 5_000)).toBe(true);
});

test("a tap before the assignment has come is told afterwards, with the time that has passed", async ({ page, site, tracker }) => {
  const answer = gate();
  tracker.answers = async () => (await answer.opened, { status: 200, body: tracker.answer() });
  await page.addInitScript(() => {
    const now = Date.now;
    let ahead = 0;
    Date.now = () => now() + ahead;
    Object.assign(window, { forward: (ms: number) => (ahead += ms) });
  });
  await page.goto(site.page("/", `<a href="tel:+12145550100" onclick="return false">call</a>`));
  await tracker.asked((asked) => asked.path == "core");
  await expect.poll(() => page.evaluate(() => (window as unknown as { tl(name: string): string }).tl("number"))).toBe("+12145550100");
  await page.locator("a").click();
  await page.evaluate(() => (window as unknown as { forward(ms: number): void }).forward(3_000));
  answer.open();
  const tap = (await tracker.asked(tells("tap"))).event!.events.find((event) => event.k == "tap")!;
  expect(tap.n).toBe("+12145550100");
  expect(tap.ago).toBeGreaterThanOrEqual(3_000);
  expect(tap.ago).toBeLessThan(10_000);
});

test("what the server could not take is sent again with the next event", async ({ page, site, tracker }) => {
  await page.goto(site.page("/", `<a href="tel:+12145550100" onclick="return false">call</a>`));
  await tracker.asked(tells("shown"));
  tracker.events = () => ({ status: 503 });
  await page.locator("a").click();
  await tracker.asked(tells("tap"));
  tracker.events = () => ({ status: 204 });
  await expect(async () => {
    await page.locator("a").click();
    expect(tracker.log.some((asked) => asked.event?.events.length == 2)).toBe(true);
  }).toPass();
});

test("never more than 32 events wait or travel", async ({ page, site, tracker }) => {
  const answer = gate();
  tracker.answers = async () => (await answer.opened, { status: 200, body: tracker.answer() });
  await page.goto(site.page("/", `<a href="tel:+12145550100" onclick="return false">call</a>`));
  await expect.poll(() => tl(page, "number")).toBe("+12145550100");
  await page.evaluate(() => {
    for (let tap = 0; tap < 40; tap++) document.querySelector("a")!.click();
  });
  const asked = tracker.next(tells("tap"));
  answer.open();
  expect((await asked).event!.events).toHaveLength(32);
  await tracker.asked(tells("shown"));
  expect(tracker.told("tap").length).toBeLessThanOrEqual(32);
});

test("a view of a single-page application is a page, and its numbers are shown", async ({ page, site, tracker }) => {
  await page.clock.install();
  const url = site.page("/", `${NUMBER}<main></main>`);
  await page.goto(url);
  await tracker.asked(tells("shown"));
  const told = tracker.next(tells("page"));
  await page.evaluate(() => {
    history.pushState({}, "", "/services");
    document.querySelector("main")!.innerHTML = "<p id=view>Call (214) 555-0100</p>";
  });
  await expect(page.locator("#view")).toHaveText("Call (312) 555-7788");
  await page.clock.runFor(500);
  expect((await told).event!.events[0]).toEqual({ k: "page", page: site.url("/services"), ref: url });
  await tracker.asked((asked) => asked.event?.events.some((event) => event.k == "shown" && event.page == site.url("/services") && event.swaps == 2) ?? false);
  // An anchor and a state without an address are no views; going back is one.
  await page.evaluate(() => {
    history.replaceState({ scroll: 3 }, "");
    location.hash = "top";
  });
  const back = tracker.next(tells("page"));
  await page.evaluate(() => history.go(-2));
  await page.waitForURL(url);
  await page.clock.runFor(500);
  expect((await back).event!.events[0]).toEqual({ k: "page", page: url, ref: site.url("/services#top") });
  expect(tracker.told("page")).toHaveLength(2);
  expect(tracker.of("assign")).toHaveLength(1);
});

test("a page out of the back/forward cache is alive again, with the number of today", async ({ page, site, tracker }) => {
  const url = site.page("/", NUMBER, { headers: { "Cache-Control": "max-age=0" } });
  await page.goto(url);
  await tracker.asked(tells("shown"));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s)).toBe(1);
  await page.evaluate(() => addEventListener("pageshow", (event) => (document.title = event.persisted ? "from the cache" : "loaded")));
  tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers: [{ t: MAIN, n: "+14695550011" }] }) });
  await page.goto(`${site.page("/second", NUMBER)}?gclid=y`);
  await expect(page.locator("#number")).toHaveText("(469) 555-0011");
  const told = tracker.next(tells("page"));
  // page.goBack() would wait for a load that never comes.
  await page.evaluate(() => history.back());
  await page.waitForURL(url, { waitUntil: "commit" });
  await expect(page).toHaveTitle("from the cache");
  await expect(page.locator("#number")).toHaveText("(469) 555-0011");
  expect((await told).event!.events[0]).toMatchObject({ k: "page", page: url });
});
