// Every route, in light on a desk and in dark on a phone: nothing axe objects to, nothing sideways, a picture to look at.

import { expect, test, type Page } from "@playwright/test";
import { expectAccessible, expectNoSidewaysScroll, isDemo, items, open, screens } from "./house";

const looks = [
  { name: "light", colorScheme: "light", width: 1440, height: 900 },
  { name: "phone-dark", colorScheme: "dark", width: 390, height: 844 },
] as const;

/** What must stand on a page beyond its heading: the picture that the page is opened for. */
const shown: Record<string, (page: Page) => Promise<void>> = {
  "call-ambiguous": async (page) => {
    const candidates = page.locator("section", { has: page.getByRole("heading", { name: "Who called" }) });
    await expect(candidates.getByText("No visit reaches one half.")).toBeVisible();
    expect(await candidates.getByRole("listitem").count()).toBeGreaterThan(1);
  },
  site: async (page) => {
    const trust = page.locator("section", { has: page.getByRole("heading", { name: "Can the shares be trusted?" }) });
    await expect(trust.getByRole("img", { name: /^What was said against what was right/ })).toBeVisible();
    await expect(trust.locator("circle.dot").first()).toBeVisible();
  },
  pool: async (page) => {
    const advice = page.locator("section", { has: page.getByRole("heading", { name: "How many numbers" }) });
    await expect(advice.getByText(/^(Add \d|\d+ numbers? (could go|are (more than )?enough))/)).toBeVisible();
    const curve = advice.getByRole("img", { name: "Calls credited right, by size" });
    expect(await curve.locator("circle").count()).toBeGreaterThan(2);
    // The knee: in the curve, and in the table below it.
    await expect(curve.getByText("enough", { exact: true })).toBeVisible();
    await expect(advice.getByRole("cell", { name: /\benough\b/ })).toHaveCount(1);
  },
};

/** The routes with the first thing of each kind that the server has. */
async function routes(page: Page): Promise<Record<string, string>> {
  const first = async (list: string) => (await items(page, `${list}${list.includes("?") ? "&" : "?"}limit=1`))[0]?.id;
  const [call, ambiguous, session, site, pool, flow, trunk] = await Promise.all([
    first("/calls?recorded=true"),
    first("/calls?ambiguous=true"),
    first("/sessions"),
    first("/sites"),
    first("/pools"),
    first("/flows"),
    first("/trunks"),
  ]);
  const found: Record<string, string | undefined> = {
    live: "/live",
    calls: "/calls",
    "calls-none": "/calls?caller=%28907%29+555-0133",
    call: call && `/calls/${call}`,
    "call-ambiguous": ambiguous && `/calls/${ambiguous}`,
    flows: "/flows",
    sounds: "/sounds",
    flow: flow && `/flows/${flow}`,
    visitors: "/visitors",
    visitor: session && `/visitors/${session}`,
    sites: "/sites",
    site: site && `/sites/${site}`,
    numbers: "/numbers",
    pool: pool && `/numbers/pools/${pool}`,
    sources: "/sources",
    deliveries: "/deliveries",
    trunks: "/trunks",
    trunk: trunk && `/trunks/${trunk}`,
    "numbers-buy": "/numbers/buy",
    "settings-account": "/settings/account",
    "settings-screening": "/settings/screening",
    "settings-members": "/settings/members",
    "settings-keys": "/settings/keys",
    "settings-password": "/settings/password",
    "setup-site": "/setup/site",
    "setup-snippet": "/setup/snippet",
    "setup-trunk": "/setup/trunk",
    "setup-numbers": "/setup/numbers",
    "setup-call": "/setup/call",
    "no-page": "/nowhere",
  };
  const there = Object.entries(found).filter((entry): entry is [string, string] => Boolean(entry[1]));
  if (isDemo) expect(Object.keys(found).filter((name) => !found[name])).toEqual([]);
  return Object.fromEntries(there);
}

for (const look of looks) {
  test.describe(look.name, () => {
    test.use({ colorScheme: look.colorScheme, viewport: { width: look.width, height: look.height } });
    test.setTimeout(240_000);

    test(`every page is reachable for everybody (${look.name})`, async ({ page }) => {
      const complaints: string[] = [];
      page.on("console", (message) => {
        // A page that is not there answers 404; the browser writes that down by itself.
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
          complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      for (const [name, path] of Object.entries(await routes(page))) {
        await test.step(name, async () => {
          await open(page, path);
          if (isDemo) await shown[name]?.(page);
          await page.screenshot({ path: `${screens}${name}-${look.name}.png`, fullPage: true });
          await expectAccessible(page);
          await expectNoSidewaysScroll(page);
        });
      }
      expect(complaints).toEqual([]);
    });
  });
}

test.describe("the door", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  for (const look of looks) {
    test(`is reachable for everybody (${look.name})`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: look.colorScheme });
      await page.setViewportSize({ width: look.width, height: look.height });
      await page.goto("/");
      await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
      await page.screenshot({ path: `${screens}sign-in-${look.name}.png` });
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    });
  }
});
