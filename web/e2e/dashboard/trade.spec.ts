// What is sold, to whom and in which order: a campaign with a buyer, a contract and a plan is made by hand and read back.

import { expect, test, type Page } from "@playwright/test";
import { expectAccessible, items, open } from "./house";

type Named = { id: string; name: string };

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: true }).first();

/** Makes things by the API, which the test is not about. */
async function post<T>(page: Page, path: string, body: object): Promise<T> {
  const origin = new URL(page.url()).origin;
  const answer = await page.request.post(`/api/v1${path}`, { data: body, headers: { origin } });
  expect(answer.ok(), `POST ${path}: ${await answer.text()}`).toBe(true);
  return (await answer.json()) as T;
}

test("a campaign is set up from the first page to its plan, and read back", async ({ page }) => {
  test.setTimeout(180_000);
  const mark = String(Date.now());
  const campaign = `Solar ${mark}`;
  const buyer = `Sunny Roofs ${mark}`;

  // A buyer with a phone.
  await open(page, "/buyers");
  await page.getByRole("button", { name: /Add (buyer|the first buyer)/ }).first().click();
  let form = page.getByRole("dialog", { name: "Add a buyer" });
  await form.getByRole("button", { name: "Add the buyer" }).click();
  await expect(form.getByText("Write a name, such as Sunny Roofs")).toBeVisible();
  await form.getByLabel("Name", { exact: true }).fill(buyer);
  await form.getByLabel("May owe at most").fill("5000");
  await expectAccessible(page);
  await form.getByRole("button", { name: "Add the buyer" }).click();
  await expect(page.getByRole("heading", { name: buyer, level: 1 })).toBeVisible();
  await expect(page.getByText("$5,000.00")).toBeVisible();
  await page.getByRole("button", { name: "Add the first destination" }).click();
  form = page.getByRole("dialog", { name: "Add a destination" });
  await form.getByLabel("Name", { exact: true }).fill("Front desk");
  await form.getByLabel("Phone number").fill("(214) 555-0123");
  await form.getByRole("button", { name: "Add the destination" }).click();
  await expect(page.getByText("(214) 555-0123")).toBeVisible();

  // A campaign with a contract.
  await open(page, "/campaigns");
  await page.getByRole("button", { name: /Add (campaign|the first campaign)/ }).first().click();
  form = page.getByRole("dialog", { name: "Add a campaign" });
  await form.getByLabel("Name", { exact: true }).fill(campaign);
  await form.getByRole("combobox", { name: "Trade" }).click();
  await page.getByRole("option", { name: "Solar" }).click();
  await form.getByLabel("Begin with what the trade needs").uncheck();
  await form.getByLabel("Draft a call flow that asks callers").uncheck();
  await form.getByRole("button", { name: "Add the campaign" }).click();
  await expect(page.getByRole("heading", { name: campaign, level: 1 })).toBeVisible();
  const next = page.locator("section", { has: page.getByRole("heading", { name: "Next steps" }) });
  await next.getByRole("button", { name: "Add a contract" }).click();
  form = page.getByRole("dialog", { name: "Add a contract" });
  await form.getByLabel("Name", { exact: true }).fill("Texas, days");
  await form.getByRole("combobox", { name: "Goes to" }).click();
  await page.getByRole("option", { name: new RegExp(`^${buyer}, Front desk`) }).click();
  await form.getByLabel("The buyer pays").fill("45");
  await form.getByRole("button", { name: "Add the contract" }).click();
  await expect(page.getByRole("cell", { name: "$45.00 after 60 s" })).toBeVisible();
  await expect(page.getByText("not in the plan").first()).toBeVisible();

  // The plan, with the contract in it.
  await page.getByRole("link", { name: "Route plan" }).click();
  const add = page.getByRole("combobox", { name: "Add a contract to main" });
  await add.click();
  await page.getByRole("option", { name: `${buyer}, Texas, days` }).click();
  await expect(page.getByText("first", { exact: true })).toBeVisible();
  await expectAccessible(page);
  await button(page, "Save the plan").click();
  await expect(button(page, "Save the plan")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Version 1" })).toBeVisible();

  // The contract's terms: a filter and a cap.
  await page.getByRole("link", { name: "Texas, days" }).click();
  await expect(page.getByRole("heading", { name: "Texas, days", level: 1 })).toBeVisible();
  await button(page, "Change terms").click();
  const drawer = page.getByRole("dialog", { name: "Terms of Texas, days" });
  await drawer.getByRole("button", { name: "Add a test to what is taken" }).click();
  await page.getByRole("menuitem", { name: "Something known, such as the state" }).click();
  const states = drawer.getByRole("combobox", { name: "what is taken, test 1: values" });
  for (const state of ["TX", "OK"]) {
    await states.fill(state);
    await states.press("Enter");
  }
  await drawer.getByRole("button", { name: "Add a cap" }).click();
  await expectAccessible(page);
  await drawer.getByRole("button", { name: "Save", exact: true }).click();
  await expect(drawer).toHaveCount(0);
  const terms = page.locator("section", { has: page.getByRole("heading", { name: "Terms of this contract" }) });
  await expect(terms.getByText("state is one of TX, OK")).toBeVisible();
  await expect(terms.getByText("20 sales a day")).toBeVisible();
  await expect(page.getByRole("img", { name: "Sales today: 0 used, 0 reserved, 20 left of 20" })).toBeVisible();
  const inForce = page.locator("section", { has: page.getByRole("heading", { name: "What is in force" }) });
  await expect(inForce.getByRole("row", { name: /^Price \$45\.00 after 60 s this contract$/ })).toBeVisible();
  await expect(inForce.getByRole("row", { name: /^Weight 1 the usual$/ })).toBeVisible();

  // And read back from the server.
  const stored = (await items<Named & { plan: { live: { document: object } } }>(page, "/campaigns?limit=500")).find(
    (each) => each.name === campaign,
  );
  expect(stored?.plan.live.document).toMatchObject({ start: "main", groups: { main: { method: "waterfall" } } });
  await open(page, `/campaigns/${stored?.id ?? ""}/plan`);
  await expect(page.getByRole("link", { name: "Texas, days" })).toBeVisible();
  await expect(page.getByText("$45.00 after 60 s")).toBeVisible();
});

test("a campaign of a trade begins with its fields and rules, filters to choose, and a call flow that asks callers", async ({ page }) => {
  const mark = String(Date.now());
  await open(page, "/campaigns");
  await page.getByRole("button", { name: /Add (campaign|the first campaign)/ }).first().click();
  const form = page.getByRole("dialog", { name: "Add a campaign" });
  await form.getByLabel("Name", { exact: true }).fill(`Pipes ${mark}`);
  await form.getByRole("combobox", { name: "Trade" }).click();
  await page.getByRole("option", { name: "Home services" }).click();
  await expect(form.getByText("People who need something repaired, replaced or built at home.")).toBeVisible();
  await expectAccessible(page);
  await form.getByRole("button", { name: "Add the campaign" }).click();
  await expect(page.getByRole("heading", { name: `Pipes ${mark}`, level: 1 })).toBeVisible();
  await page.getByRole("link", { name: "Terms", exact: true }).click();
  await expect(page.getByText("What is needed")).toBeVisible();

  await button(page, "Change terms").click();
  await button(page, "Begin with").click();
  await page.getByRole("menuitem", { name: "Owners who need it within a week" }).click();
  await expect(page.getByRole("group", { name: "what is taken" })).toContainText("week");
  const overview = new URL(page.url()).pathname.replace("/terms", "");

  const flows = await items<Named>(page, "/flows");
  expect(flows.map((flow) => flow.name)).toContain(`Pipes ${mark}: callers`);
  await open(page, overview);
  await button(page, "Draft a call flow").click();
  await expect(page.getByRole("heading", { name: `Pipes ${mark}: callers`, level: 1 })).toBeVisible();
});

test("a plan is put into another order by keys, staged for a time, and given up", async ({ page }) => {
  test.setTimeout(120_000);
  const mark = String(Date.now());
  await open(page, "/campaigns");
  const campaign = await post<Named>(page, "/campaigns", { name: `Order ${mark}` });
  for (const [name, price] of [
    ["First", 45],
    ["Second", 30],
  ] as const) {
    const buyer = await post<Named>(page, "/buyers", { name: `${name} ${mark}` });
    const destination = await post<Named>(page, "/destinations", {
      buyer: buyer.id,
      name: "Desk",
      kind: "phone",
      address: "(214) 555-0123",
    });
    await post(page, "/contracts", {
      name,
      campaign: campaign.id,
      destination: destination.id,
      terms: { price: { rules: [{ rate: { fixed: price } }] } },
    });
  }
  await open(page, `/campaigns/${campaign.id}/plan`);
  for (const name of ["First", "Second"]) {
    await page.getByRole("combobox", { name: "Add a contract to main" }).click();
    await page.getByRole("option", { name: new RegExp(`, ${name}$`) }).click();
  }
  await page.getByRole("button", { name: "Move Second up" }).focus();
  await page.keyboard.press("Enter");
  const rows = page.locator(".plan-row");
  await expect(rows.first()).toContainText("Second");
  await expect(rows.first()).toContainText("first");
  await page.getByRole("combobox", { name: "Method of the group main" }).click();
  await page.getByRole("option", { name: "By weight" }).click();
  await page.getByLabel("Weight of Second").fill("3");
  await expect(rows.first()).toContainText("75%");
  await expect(rows.nth(1)).toContainText("25%");
  await page.getByText("From a time on", { exact: true }).click();
  await page.getByRole("button", { name: "Save the plan" }).click();
  await expect(page.getByText("This plan takes over")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Give it up" }).click();
  await expect(page.getByText("This plan takes over")).toHaveCount(0);
  await expect(page.getByText("Nobody is in it.")).toBeVisible();
});

test("a feed's secret key is shown once, and a new one takes its place", async ({ page }) => {
  const mark = String(Date.now());
  await open(page, "/campaigns");
  await post<Named>(page, "/campaigns", { name: `Keys ${mark}` });
  await open(page, "/publishers");
  await page.getByRole("button", { name: /Add (publisher|the first publisher)/ }).first().click();
  let form = page.getByRole("dialog", { name: "Add a publisher" });
  await form.getByLabel("Name", { exact: true }).fill(`Clicks ${mark}`);
  await form.getByRole("button", { name: "Add the publisher" }).click();
  await page.getByRole("button", { name: "Add the first feed" }).click();
  form = page.getByRole("dialog", { name: "Add a feed" });
  await form.getByRole("combobox", { name: "Campaign" }).click();
  await page.getByRole("option", { name: `Keys ${mark}` }).click();
  await form.getByLabel("The publisher is paid").fill("30");
  await form.getByRole("button", { name: "Add the feed" }).click();
  const shown = page.getByText(/^tlf_[\w-]{20,}$/);
  await expect(shown).toBeVisible();
  const first = await shown.textContent();
  await expectAccessible(page);
  await page.getByRole("link", { name: `Keys ${mark}` }).first().click();
  await expect(page.getByText(first ?? "")).toHaveCount(0);
  await page.getByRole("button", { name: "New secret key" }).click();
  await page.getByRole("button", { name: "Make a new key" }).click();
  await expect(shown).toBeVisible();
  expect(await shown.textContent()).not.toBe(first);
});

test("a campaign names the lists of people who must not be sold, and each list says what it is for", async ({ page }) => {
  const mark = String(Date.now());
  await open(page, "/campaigns");
  const campaign = await post<Named>(page, "/campaigns", { name: `Careful ${mark}` });
  const asked = await post<Named>(page, "/lists", { name: `Asked not to ${mark}`, kind: "numbers" });
  await post<Named>(page, "/lists", { name: `Sues ${mark}`, kind: "hashes" });
  await open(page, `/campaigns/${campaign.id}/terms`);
  const card = page.locator("section", { has: page.getByRole("heading", { name: "Who must not be sold" }) });
  await card.getByRole("button", { name: "Change" }).click();
  await card.getByRole("combobox", { name: "Do-not-call lists" }).click();
  await page.getByRole("option", { name: `Asked not to ${mark}` }).click();
  await page.keyboard.press("Escape");
  await card.getByRole("combobox", { name: "Lists of people who sue" }).click();
  await page.getByRole("option", { name: `Sues ${mark}` }).click();
  await page.keyboard.press("Escape");
  await card.getByRole("combobox", { name: "Attestation of calls, at least" }).click();
  await page.getByRole("option", { name: "B: the customer" }).click();
  await expectAccessible(page);
  await card.getByRole("button", { name: "Save" }).click();
  await expect(card.getByRole("button", { name: "Change" })).toBeVisible();
  await page.reload();
  await expect(card.getByText(`Asked not to ${mark}`)).toBeVisible();
  await expect(card.getByText(`Sues ${mark}`)).toBeVisible();
  await expect(card.getByText("B: the customer")).toBeVisible();
  await open(page, "/lists");
  await expect(page.getByText(`Do not call, for the campaign Careful ${mark}`).first()).toBeVisible();
  await expect(page.getByText(`People who sue, for the campaign Careful ${mark}`).first()).toBeVisible();
  const refused = await page.request.delete(`/api/v1/lists/${asked.id}`, { headers: { origin: new URL(page.url()).origin } });
  expect(refused.status()).toBe(409);
});

test("a list is filled by hand, and what cannot be read is named with its line", async ({ page }) => {
  const name = `Never ${Date.now()}`;
  await open(page, "/lists");
  await page.getByRole("button", { name: /Add (list|the first list)/ }).first().click();
  await page.getByRole("dialog", { name: "Add a list" }).getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Add the list" }).click();
  const form = page.getByRole("dialog", { name: `Fill ${name}` });
  await form.getByLabel("Or write them here, one on each line").fill("(214) 555-0100\nhello\n");
  await form.getByRole("button", { name: "Replace its items" }).click();
  await expect(form.getByText(/^line 2:/)).toBeVisible();
  await expectAccessible(page);
  await form.getByLabel("Or write them here, one on each line").fill("(214) 555-0100\n+12145550101\n");
  await form.getByRole("button", { name: "Replace its items" }).click();
  await expect(form.getByText("holds 2 different items now")).toBeVisible();
  await form.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("button", { name: `Actions for ${name}` }).first().click();
  await page.getByRole("menuitem", { name: "Is something in it?" }).click();
  await page.getByLabel("Item").fill("(214) 555-0101");
  await page.getByRole("button", { name: "Look", exact: true }).click();
  await expect(page.getByText("It is in the list.")).toBeVisible();
});
