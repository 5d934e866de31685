// The pages of what is sold, with something on each of them: nothing axe objects to, nothing sideways, a picture to look at.

import { expect, test, type Page } from "@playwright/test";
import { expectAccessible, expectNoSidewaysScroll, open, screens } from "./house";
import { opportunity, stopped, whatIf } from "./made";

type Named = { id: string; name: string };

const looks = [
  { name: "light", colorScheme: "light", width: 1440, height: 900 },
  { name: "phone-dark", colorScheme: "dark", width: 390, height: 844 },
] as const;

async function send<T>(page: Page, method: "post" | "put", path: string, data: object): Promise<T> {
  const origin = new URL(page.url()).origin;
  const answer = await page.request[method](`/api/v1${path}`, { data, headers: { origin } });
  expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
  return (await answer.json()) as T;
}

/** A campaign with three buyers, a plan of two tiers, caps and a feed. */
async function world(page: Page) {
  const mark = Date.now().toString(36).slice(-4);
  const post = <T>(path: string, data: object) => send<T>(page, "post", path, data);
  const never = await post<Named>("/lists", { name: `Do not call ${mark}`, kind: "numbers" });
  const sue = await post<Named>("/lists", { name: `People who sue ${mark}`, kind: "hashes" });
  const campaign = await post<Named>("/campaigns", {
    name: `Storm damage ${mark}`,
    vertical: "roofing",
    duplicates: [{ scope: "campaign", within_h: 720, action: "block" }],
    compliance: { do_not_call: [never.id], litigators: [sue.id], attestation_min: "partial" },
    terms: { ring_timeout_s: 25 },
  });
  const day = { period: "day", zone: "America/Chicago" };
  const sold = [
    ["Tallgrass Roofing", "Storm, Dallas", 48, 3],
    ["Prairie Star", "Roofing, TX", 50, 1],
    ["Hailstone Roofs", "Overflow", 32, 1],
  ] as const;
  const contracts: Named[] = [];
  let buyer: Named | undefined;
  for (const [name, contract, price, weight] of sold) {
    const made = await post<Named>("/buyers", {
      name: `${name} ${mark}`,
      credit_limit: "2500",
      zone: "America/Chicago",
      terms: { concurrency_max: 4 },
    });
    buyer ??= made;
    const destination = await post<Named>("/destinations", {
      buyer: made.id,
      name: "Front desk",
      kind: "phone",
      address: "(512) 555-0142",
    });
    contracts.push(
      await post<Named>("/contracts", {
        name: `${contract} ${mark}`,
        campaign: campaign.id,
        destination: destination.id,
        terms: {
          price: { billable_from_s: 90, rules: [{ rate: { fixed: price } }] },
          weight,
          filter: {
            all: [
              { field: { name: "state", value: { is_one_of: ["TX", "OK"] } } },
              { not: { tag: { name: "own_home", value: { is: "no" } } } },
            ],
          },
          suppressed_by: [never.id],
          schedule: { zone: "America/Chicago", weekly: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "08:00", to: "18:00" }] },
          caps: [
            { name: "", max: 40, window: day },
            { name: "Spend", counts: "revenue", max: 25000, window: { period: "month", zone: "America/Chicago" } },
          ],
        },
      }),
    );
  }
  const member = (at: number) => ({ to: { contract: contracts[at]?.id ?? "" } });
  await send(page, "put", `/campaigns/${campaign.id}/plan`, {
    seen: 0,
    document: {
      schema: 1,
      start: "main",
      groups: {
        main: { method: "waterfall", members: [{ to: { group: "Texas" } }, member(2)] },
        Texas: { method: "weighted", members: [member(0), member(1)], caps: [{ max: 60, window: day }], concurrency_max: 6 },
      },
    },
  });
  const publisher = await post<Named>("/publishers", { name: `BrightLead Media ${mark}`, note: "Paid weekly" });
  const feed = await post<Named>("/feeds", {
    campaign: campaign.id,
    publisher: publisher.id,
    terms: {
      payout: { billable_from_s: 90, rules: [{ rate: { fixed: 31 } }] },
      rate: { per_minute: 600 },
      caps: [{ max: 100, window: day }],
    },
  });
  await post(`/campaigns`, { name: `Solar ${mark}` });
  return { campaign, buyer: buyer as Named, contract: contracts[0] as Named, publisher, feed };
}

/** What was on offer is made here: a server without calls has none, and the page must be looked at all the same. */
async function withOpportunities(page: Page): Promise<void> {
  await page.route("**/api/v1/opportunities**", async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname.endsWith("/what-if")) return route.fulfill({ json: whatIf });
    if (pathname.endsWith(stopped.id)) return route.fulfill({ json: stopped });
    if (pathname.endsWith("/opportunities")) {
      const items = [opportunity, stopped, ...opportunity.others];
      return route.fulfill({ json: { items, next_cursor: "more" } });
    }
    return route.fulfill({ json: opportunity });
  });
}

for (const look of looks) {
  test.describe(look.name, () => {
    test.use({ colorScheme: look.colorScheme, viewport: { width: look.width, height: look.height } });
    test.setTimeout(240_000);

    test(`every page of the trade is reachable for everybody (${look.name})`, async ({ page }) => {
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
          complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      await open(page, "/live");
      const made = await world(page);
      await withOpportunities(page);
      const seen = async (name: string) => {
        await page.screenshot({ path: `${screens}trade-${name}-${look.name}.png`, fullPage: true });
        await expectAccessible(page);
        await expectNoSidewaysScroll(page);
      };
      const pages: Record<string, string> = {
        campaigns: "/campaigns",
        campaign: `/campaigns/${made.campaign.id}`,
        plan: `/campaigns/${made.campaign.id}/plan`,
        contracts: `/campaigns/${made.campaign.id}/contracts`,
        feeds: `/campaigns/${made.campaign.id}/feeds`,
        terms: `/campaigns/${made.campaign.id}/terms`,
        "terms-all": "/campaigns?show=terms",
        buyers: "/buyers",
        buyer: `/buyers/${made.buyer.id}`,
        contract: `/contracts/${made.contract.id}`,
        publishers: "/publishers",
        publisher: `/publishers/${made.publisher.id}`,
        feed: `/feeds/${made.feed.id}`,
        opportunities: "/opportunities",
        caps: `/caps?campaign=${made.campaign.id}`,
        lists: "/lists",
      };
      for (const [name, path] of Object.entries(pages)) {
        await test.step(name, async () => {
          await open(page, path);
          await seen(name);
        });
      }
      await test.step("an opportunity with its trace", async () => {
        await open(page, `/opportunities/${opportunity.id}`);
        const drawer = page.getByRole("dialog");
        await expect(drawer.getByRole("heading", { name: "Why this buyer" })).toBeVisible();
        await expect(drawer.getByText("Over the cap Days of the buyer Hailstone Roofs.")).toBeVisible();
        await expect(drawer.getByText("at most 40")).toBeVisible();
        await drawer.getByRole("button", { name: "Plan it again" }).click();
        await expect(drawer.getByText("could take it now")).toBeVisible();
        await seen("opportunity");
      });
      await test.step("an opportunity that was stopped before any contract", async () => {
        await open(page, `/opportunities/${stopped.id}`);
        const drawer = page.getByRole("dialog");
        await expect(drawer.getByText(stopped.stopped)).toBeVisible();
        await expect(drawer.getByText("No contract was looked at.")).toBeVisible();
        await seen("stopped");
      });
      await test.step("who must not be sold, in its form", async () => {
        await open(page, `/campaigns/${made.campaign.id}/terms`);
        const card = page.locator("section", { has: page.getByRole("heading", { name: "Who must not be sold" }) });
        await expect(card.getByText("B: the customer")).toBeVisible();
        await card.getByRole("button", { name: "Change" }).click();
        await expect(card.getByLabel("Attestation of calls, at least")).toBeVisible();
        await seen("compliance-form");
      });
      await test.step("how long recordings are kept, in its form", async () => {
        await open(page, `/campaigns/${made.campaign.id}/terms`);
        const card = page.locator("section", { has: page.getByRole("heading", { name: "Recordings of its calls" }) });
        await expect(card.getByText("until somebody deletes them, as the account says")).toBeVisible();
        await card.getByRole("button", { name: "Change" }).click();
        await card.getByRole("radio", { name: "A number of days" }).check();
        const days = card.getByLabel("Days that they are kept");
        await days.fill("4000");
        await card.getByRole("button", { name: "Save" }).click();
        await expect(card.getByText("Write 1 to 3,650 days")).toBeVisible();
        await days.fill("30");
        await expect(card.getByText("are deleted for good")).toBeVisible();
        await seen("recordings-form");
        await card.getByRole("button", { name: "Save" }).click();
        await expect(card.getByText("30 days, as this campaign says")).toBeVisible();
        await page.reload();
        await expect(card.getByText("30 days, as this campaign says")).toBeVisible();
        await seen("recordings");
        await open(page, "/settings/account");
        await expect(page.getByRole("listitem").filter({ hasText: `${made.campaign.name}: 30 days` })).toBeVisible();
        await seen("recordings-account");
      });
      await test.step("the terms of a contract in their form", async () => {
        await open(page, `/contracts/${made.contract.id}`);
        await page.getByRole("button", { name: "Change terms" }).click();
        await expect(page.getByRole("dialog").getByRole("heading", { name: "Takes" })).toBeVisible();
        await seen("terms-form");
      });
      expect(complaints).toEqual([]);
    });
  });
}
