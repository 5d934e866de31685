// The log of leads: sent as a partner sends them, found in the log, given back, and taken in from a table; and what buyers bid.

import { expect, test, type Page } from "@playwright/test";
import { expectAccessible, expectNoSidewaysScroll, open, screens } from "./house";
import { auctioned } from "./made";

type Named = { id: string; name: string };
type Feed = Named & { key: string };

async function send<T>(page: Page, method: "post" | "put", path: string, data: object): Promise<T> {
  const origin = new URL(page.url()).origin;
  const answer = await page.request[method](`/api/v1${path}`, { data, headers: { origin } });
  expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
  return (await answer.json()) as T;
}

/** A campaign whose leads one buyer takes, and the feed of a publisher for it. */
async function world(page: Page) {
  const mark = `${Date.now().toString(36).slice(-4)}${Math.floor(performance.now() * 1_000) % 1_000}`;
  const post = <T>(path: string, data: object) => send<T>(page, "post", path, data);
  const campaign = await post<Named>("/campaigns", {
    name: `Solar leads ${mark}`,
    fields: [
      { name: "phone", label: "Phone", type: "phone", required: "post" },
      { name: "zip", label: "ZIP code", type: "zip", required: "ping" },
      { name: "first_name", label: "First name", type: "text", personal: true },
      { name: "consent_text", label: "Consent", type: "consent_text" },
    ],
  });
  const buyer = await post<Named>("/buyers", { name: `Sunny Roofs ${mark}` });
  const destination = await post<Named>("/destinations", { buyer: buyer.id, name: "Desk", kind: "none" });
  const contract = await post<Named>("/contracts", {
    name: `All of Texas ${mark}`,
    campaign: campaign.id,
    destination: destination.id,
    terms: { payment: "net_terms", price: { rules: [{ rate: { fixed: 40 } }] } },
  });
  await send(page, "put", `/campaigns/${campaign.id}/plan`, {
    seen: 0,
    document: {
      schema: 1,
      start: "main",
      groups: { main: { method: "waterfall", members: [{ to: { contract: contract.id } }] } },
    },
  });
  const publisher = await post<Named>("/publishers", { name: `BrightLead ${mark}` });
  const feed = await post<Feed>("/feeds", {
    campaign: campaign.id,
    publisher: publisher.id,
    terms: { payout: { rules: [{ rate: { percent_of_other: 70 } }] } },
  });
  return { mark, campaign, buyer, publisher, feed };
}

type Answer = { lead_id: string; status: string };

/** A lead as a partner sends it. */
async function lead(page: Page, feed: Feed, body: object): Promise<Answer> {
  const answer = await page.request.post("/in/lead", {
    data: body,
    headers: { authorization: `Bearer ${feed.key}` },
  });
  expect(answer.status(), await answer.text()).toBe(200);
  return (await answer.json()) as Answer;
}

const ann = {
  phone: "(214) 555-0164",
  zip: "75201",
  first_name: "Ann",
  consent_text: "I agree to be called by Sunny Roofs.",
};

test("a lead is found in the log with all that happened, and given back in part", async ({ page }) => {
  test.setTimeout(120_000);
  await open(page, "/leads");
  const made = await world(page);
  const sold = await lead(page, made.feed, ann);
  expect(sold.status).toBe("sold");
  await lead(page, made.feed, { ...ann, phone: "(214) 555-0165", test: true });

  // Found by the campaign, then by the whole number alone.
  await open(page, `/leads?campaign=${made.campaign.id}`);
  const rows = page.locator("table.t tbody tr");
  await expect(rows).toHaveCount(2);
  await page.getByRole("combobox", { name: "Tests" }).click();
  await page.getByRole("option", { name: "No tests" }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText("$40.00");
  await expect(rows.first()).toContainText("$28.00");
  const person = page.getByLabel("Of a person, by phone number or e-mail address");
  await person.fill("214 555 0165");
  await person.press("Enter");
  await expect(page.getByText("No lead fits these filters")).toBeVisible();
  await person.fill("214 555 0164");
  await person.press("Enter");
  await rows.first().getByRole("link", { name: "Open the lead (214) 555-0164" }).click();

  const drawer = page.getByRole("dialog", { name: "Lead (214) 555-0164" });
  const who = drawer.locator("section", { has: page.getByRole("heading", { name: "Who has it" }) });
  await expect(who.getByText(made.buyer.name)).toBeVisible();
  await expect(who.getByText("Has it", { exact: true })).toBeVisible();
  const says = drawer.locator("section", { has: page.getByRole("heading", { name: "What it says" }) });
  await expect(says.getByText("Ann", { exact: true })).toBeVisible();
  const happened = drawer.locator("section", { has: page.getByRole("heading", { name: "What happened" }) });
  await expect(happened.getByRole("listitem").last()).toContainText("Sold");
  const consent = drawer.locator("section", { has: page.getByRole("heading", { name: "Consent" }) });
  // The words came from a partner; a record is made where a page showed them.
  await expect(consent.getByText("No record of our own")).toBeVisible();

  // Given back, and decided in part.
  await drawer.getByRole("button", { name: "Ask for a return" }).click();
  const ask = page.getByRole("dialog", { name: "Ask for a return" });
  await ask.getByRole("button", { name: "Ask for the return" }).click();
  await expect(ask.getByText("Choose why")).toBeVisible();
  await ask.getByRole("combobox", { name: "Why" }).click();
  await page.getByRole("option", { name: "Wrong number" }).click();
  await ask.getByLabel("What they say").fill("A florist answers.");
  await expectAccessible(page);
  await ask.getByRole("button", { name: "Ask for the return" }).click();
  await expect(drawer.getByText("Waits for a decision")).toBeVisible();
  await drawer.getByRole("button", { name: "Decide" }).click();
  const decide = page.getByRole("dialog", { name: "Decide the return" });
  await decide.getByLabel("Of the price").fill("40");
  await decide.getByLabel("Why, for the buyer").fill("Half a year of good leads before.");
  await decide.getByRole("button", { name: "Decide", exact: true }).click();
  await expect(drawer.getByText("Granted, 40%")).toBeVisible();

  // The way to the trace.
  await drawer.getByRole("link", { name: "Why these buyers" }).click();
  await expect(page.getByRole("heading", { name: "Why this buyer" })).toBeVisible();
  await page.getByRole("link", { name: "Open the lead" }).click();
  await expect(drawer).toBeVisible();
});

test("a table is looked at row by row before it is taken in", async ({ page }) => {
  test.setTimeout(120_000);
  await open(page, "/leads");
  const made = await world(page);
  await open(page, `/leads?feed=${made.feed.id}`);
  await page.getByRole("button", { name: "Import", exact: true }).click();
  const form = page.getByRole("dialog", { name: "Import a table of leads" });
  await form.getByRole("combobox", { name: "As leads of" }).click();
  await page.getByRole("option", { name: new RegExp(made.publisher.name) }).click();
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), form.getByLabel("CSV file").click()]);
  const table = "Phone,Zip,Nonsense\n(214) 555-0171,75201,a\n214-555-0172,,b\n+12145550171,75201,c\n";
  await chooser.setFiles({ name: "leads.csv", mimeType: "text/csv", buffer: Buffer.from(table) });
  await form.getByRole("button", { name: "Look at it first" }).click();
  const report = form.getByRole("status", { name: "What would become of it" });
  await expect(report.getByRole("row", { name: /^2 Refused/ })).toBeVisible();
  await expect(report.getByRole("row", { name: /^3 Same person As in row 1/ })).toBeVisible();
  await expect(report.getByText("Read: Phone, Zip, Nonsense.")).toBeVisible();
  await expectAccessible(page);
  await form.getByRole("button", { name: "Take 1 lead in" }).click();
  await expect(form.getByRole("status", { name: "What became of it" })).toContainText("Taken in");
  await form.getByRole("button", { name: "Done" }).click();
  await expect(page.locator("table.t tbody tr")).toHaveCount(1);
  await expect(page.getByText("(214) 555-0171").first()).toBeVisible();
});

const looks = [
  { name: "phone-dark", colorScheme: "dark", width: 390, height: 844 },
] as const;

for (const look of looks) {
  test.describe(look.name, () => {
    test.use({ colorScheme: look.colorScheme, viewport: { width: look.width, height: look.height } });

    test(`the pages of leads are reachable for everybody (${look.name})`, async ({ page }) => {
      test.setTimeout(180_000);
      await open(page, "/live");
      const made = await world(page);
      const seen = async (name: string) => {
        await page.screenshot({ path: `${screens}leads-${name}-${look.name}.png`, fullPage: true });
        await expectAccessible(page);
        await expectNoSidewaysScroll(page);
      };
      await test.step("before the first lead", async () => {
        await page.route("**/api/v1/leads?**", (route) => route.fulfill({ json: { items: [], next_cursor: null } }));
        await open(page, "/leads");
        await expect(page.getByText("No leads yet")).toBeVisible();
        await seen("none");
        await page.unrouteAll();
      });
      const sold = await lead(page, made.feed, ann);
      await lead(page, made.feed, { ...ann, phone: "(214) 555-0166", test: true });
      await lead(page, made.feed, { ...ann, phone: "(214) 555-0167", zip: "90199", test: true });
      await test.step("the log", async () => {
        await open(page, `/leads?campaign=${made.campaign.id}`);
        await seen("log");
      });
      await test.step("one of them, with an auction", async () => {
        await page.route(`**/api/v1/opportunities/${sold.lead_id}`, (route) => route.fulfill({ json: auctioned }));
        await open(page, `/leads/${sold.lead_id}`);
        await expect(page.getByRole("heading", { name: "Bids" })).toBeVisible();
        await expect(page.getByText("3 of 5 bid, the best $48.00")).toBeVisible();
        await seen("lead");
        await open(page, `/opportunities/${sold.lead_id}`);
        await expect(page.getByText("Answered too late")).toBeVisible();
        await expect(page.getByRole("heading", { name: "Given to the publisher" })).toBeVisible();
        await seen("auction");
      });
      await test.step("what a mail says", async () => {
        await open(page, `/buyers/${made.buyer.id}`);
        await page.getByRole("button", { name: /^Add (a|the first) destination$/ }).first().click();
        const form = page.getByRole("dialog", { name: "Add a destination" });
        await form.getByText("E-mail", { exact: true }).click();
        await form.getByLabel("Subject").fill("");
        await form.getByRole("button", { name: "Add the destination" }).click();
        await expect(form.getByText("Write a subject, such as A lead from {zip}")).toBeVisible();
        await seen("mail");
      });
    });
  });
}
