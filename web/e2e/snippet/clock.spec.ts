/** The visitor's clock is set forth or back by hours: what was remembered by it is not believed, and nobody's page breaks. */
import type { Page } from "@playwright/test";
import { expect, look, test } from "./helpers/fixtures.ts";
import { gate } from "./helpers/serve.ts";
import type { Site } from "./helpers/site.ts";
import { isAssign, MAIN, tells, type Tracker } from "./helpers/tracker.ts";

const NUMBER = `<p id="number">(214) 555-0100</p>`;
const HOUR_MS = 3_600_000;

/** A page under a clock of the test, with its number confirmed and remembered. */
const confirmed = async (page: Page, tracker: Tracker, url: string) => {
  await page.clock.install();
  await page.goto(url);
  await tracker.asked(tells("shown"));
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s)).toBe(1);
};

/** Sets the clock without letting time pass: no timer hears of it. */
const set = async (page: Page, hours: number) => page.clock.setSystemTime((await page.evaluate(() => Date.now())) + hours * HOUR_MS);

/** Leaves for a page without the snippet, so that nothing says good-bye by the new clock, and sets that clock. */
const away = async (page: Page, site: Site, hours: number) => {
  await page.goto(site.file("/elsewhere", "<p>Elsewhere</p>", { "Content-Type": "text/html" }));
  await set(page, hours);
};

test("a clock set forth between two pages: the number is asked for with its token, and not shown before", async ({ page, site, tracker }) => {
  await confirmed(page, tracker, site.page("/", NUMBER));
  await away(page, site, 5);
  const answer = gate();
  tracker.answers = async () => (await answer.opened, { status: 200, body: tracker.answer() });
  const asked = tracker.next(isAssign);
  await page.goto(site.page("/second", NUMBER), { waitUntil: "commit" });
  expect((await asked).assign!.token).toBe("token-1");
  await expect(page.locator("#number")).toHaveText("(214) 555-0100");
  answer.open();
  await expect(page.locator("#number")).toHaveText("(312) 555-7788");
});

test("a clock set back between two pages: what is remembered is asked about once, at once, and then kept by the clock of now", async ({ page, site, tracker }) => {
  await confirmed(page, tracker, site.page("/", NUMBER));
  await away(page, site, -5);
  tracker.events = (token) => ({ status: token == "token-1" ? 401 : 204 });
  tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers: [{ t: MAIN, n: "+14695550011" }] }) });
  const asked = tracker.next(isAssign);
  const told = tracker.next((one) => one.event?.token == "token-2" && tells("shown")(one));
  const second = site.page("/second", NUMBER);
  await page.goto(second);
  // No arrival: the visit goes on.
  expect((await asked).assign).toMatchObject({ token: "token-1", page: second, ref: site.origin });
  await expect(page.locator("#number")).toHaveText("(469) 555-0011");
  await told;
  await expect.poll(() => page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").s)).toBe(1);
  const left = await page.evaluate(() => JSON.parse(Object.values(localStorage)[0] ?? "{}").x - Date.now());
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(1_800_000);
  const viewed = tracker.next((one) => tells("page")(one) && one.event!.events.some(({ page: told }) => told == site.url("/third")));
  await page.goto(site.page("/third", NUMBER));
  await viewed;
  await expect(page.locator("#number")).toHaveText("(469) 555-0011");
  expect(tracker.of("assign")).toHaveLength(2);
});

test("a clock set back between two pages, with the server away: the page goes back to the printed number", async ({ page, site, tracker }) => {
  await confirmed(page, tracker, site.page("/", NUMBER));
  await away(page, site, -5);
  tracker.answers = () => ({ status: 503 });
  await page.goto(site.page("/second", NUMBER));
  await expect(page.locator("#number")).toHaveText("(214) 555-0100");
});

for (const hours of [-5, 5]) {
  const how = hours < 0 ? "set back" : "set forth";

  test(`a clock ${how} while the tab sleeps: it asks whether the number is still its own`, async ({ page, site, tracker }) => {
    await confirmed(page, tracker, site.page("/", NUMBER));
    await look(page, "hidden");
    await set(page, hours);
    tracker.answers = () => ({ status: 200, body: tracker.answer({ numbers: [{ t: MAIN, n: "+14695550011" }] }) });
    const asked = tracker.next(isAssign);
    await look(page, "visible");
    expect((await asked).assign!.token).toBe("token-1");
    await expect(page.locator("#number")).toHaveText("(469) 555-0011");
  });

  test(`a clock ${how} while the tab sleeps, with the server away: the page goes back to the printed number`, async ({ page, site, tracker }) => {
    await confirmed(page, tracker, site.page("/", NUMBER));
    await look(page, "hidden");
    await set(page, hours);
    tracker.answers = () => ({ status: 503 });
    await look(page, "visible");
    await expect(page.locator("#number")).toHaveText("(214) 555-0100");
  });

  test(`a clock ${how} while the page is looked at changes nothing there`, async ({ page, site, tracker }) => {
    await confirmed(page, tracker, site.page("/", NUMBER));
    await set(page, hours);
    for (let beats = 1; beats <= 2; beats++) {
      await page.clock.runFor(20_000);
      await expect.poll(() => tracker.told("beat").length).toBe(beats);
    }
    await expect(page.locator("#number")).toHaveText("(312) 555-7788");
    expect(tracker.of("assign")).toHaveLength(1);
  });
}
