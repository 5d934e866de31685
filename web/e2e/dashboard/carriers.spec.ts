// Numbers from a carrier, the set-up of webhooks, and a recording that rests.

import { expect, test, type Page } from "@playwright/test";
import { expectAccessible, expectNoSidewaysScroll, isDemo, items, need, open, screens } from "./house";

type Trunk = { id: string; name: string };
type Carrier = { trunk: string };
type TrackingNumber = { id: string; number: string; number_display: string };

/** The trunk of the demo whose carrier sells numbers. */
async function seller(page: Page): Promise<Carrier | undefined> {
  const answer = await page.request.get("/api/v1/carriers");
  return ((await answer.json()) as { items: Carrier[] }).items[0];
}

const looks = [
  { name: "light", colorScheme: "light", width: 1440, height: 900 },
  { name: "phone-dark", colorScheme: "dark", width: 390, height: 844 },
] as const;

/** A picture of what is on the page in every look, each checked. */
async function everyLook(page: Page, name: string): Promise<void> {
  for (const look of looks) {
    // A picture in the middle of a change of colours shows neither.
    await page.emulateMedia({ colorScheme: look.colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width: look.width, height: look.height });
    await page.screenshot({ path: `${screens}${name}-${look.name}.png`, fullPage: true });
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1440, height: 900 });
}

test("a number is searched, priced, bought, and given back", async ({ page, baseURL }) => {
  test.setTimeout(240_000);
  const carrier = await seller(page);
  need(carrier, "no carrier is connected");
  await open(page, `/numbers/buy?trunk=${carrier.trunk}`);
  await page.getByLabel("Area code").fill("682");
  await page.getByRole("button", { name: "Search", exact: true }).click();
  const choose = page.getByRole("row").getByRole("button", { name: /^Choose \(682\)/ });
  await expect(choose.first()).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "Fort Worth, TX" }).first()).toContainText("$1.15");
  await everyLook(page, "buy-offers");
  const label = (await choose.first().getAttribute("aria-label")) ?? "";
  const wanted = label.replace("Choose ", "");
  await choose.first().click();

  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Ask for the price" }).click();
  await expect(dialog.getByText("Write the number that rings")).toBeVisible();
  await dialog.getByLabel("Rings at").fill("(214) 555-0190");
  await dialog.getByLabel("Label").fill("Fort Worth flyer");
  await dialog.getByRole("button", { name: "Ask for the price" }).click();
  await expect(dialog.getByText(/charges your account there/)).toBeVisible();
  await everyLook(page, "buy-price");
  const before = await items<TrackingNumber>(page, "/numbers");
  await dialog.getByRole("button", { name: "Buy for $1.15 a month" }).click();
  await expect(dialog.getByText("It is yours")).toBeVisible();
  await everyLook(page, "buy-result");
  await dialog.getByRole("button", { name: "Look for another one" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("button", { name: label, exact: true })).toHaveCount(0);
  const numbers = await items<TrackingNumber>(page, "/numbers");
  expect(numbers.length).toBe(before.length + 1);
  const own = numbers.find((each) => each.number_display === wanted);
  expect(own).toBeTruthy();

  // In use it is kept; out of use it is given back once its number is written again.
  const menu = async () => {
    await open(page, "/numbers");
    await page.getByRole("button", { name: `Actions for ${wanted}` }).first().click();
    await page.getByRole("menuitem", { name: "Give back to the carrier" }).click();
    return page.getByRole("dialog");
  };
  const back = await menu();
  await back.getByRole("button", { name: "Give it back" }).click();
  await expect(back.getByText(`Nothing is written: write ${wanted}`)).toBeVisible();
  await back.getByLabel("The number, written again").fill(wanted);
  await everyLook(page, "give-back");
  await back.getByRole("button", { name: "Give it back" }).click();
  await expect(back.getByRole("alert")).toContainText("static number");
  await back.getByRole("button", { name: "Keep it" }).click();
  const quiet = await page.request.patch(`/api/v1/numbers/${own?.id}`, {
    data: { stage: "quarantine" },
    headers: { origin: new URL(baseURL ?? "").origin },
  });
  expect(quiet.ok()).toBe(true);
  const again = await menu();
  await again.getByLabel("The number, written again").fill(wanted);
  await again.getByRole("button", { name: "Give it back" }).click();
  await expect(again).toHaveCount(0);
  const row = page.getByRole("row").filter({ hasText: wanted });
  await expect(row).toContainText("released");
});

test("a trunk takes calls by webhook: what to paste where, and whether it was heard of", async ({ page, baseURL }) => {
  test.setTimeout(240_000);
  const origin = new URL(baseURL ?? "").origin;
  const made = await page.request.post("/api/v1/trunks", {
    data: { name: `Webhook ${Date.now()}`, addresses: [] },
    headers: { origin },
  });
  const trunk = (await made.json()) as Trunk;
  try {
    await open(page, "/trunks");
    await page.getByRole("link", { name: trunk.name }).first().click();
    await expect(page.getByRole("heading", { name: trunk.name, level: 1 })).toBeVisible();
    await page.getByRole("button", { name: "Take calls by webhook" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Write the Account SID")).toBeVisible();
    await page.getByLabel("Account SID").fill("AC0123");
    await page.getByRole("textbox", { name: "Auth token" }).fill("a-token");
    await everyLook(page, "webhook-form");
    await page.getByRole("button", { name: "Save" }).click();
    const steps = page.getByRole("list", { name: "What to enter at Twilio" });
    await expect(steps).toContainText(`/voice/twilio/${trunk.id}/call`);
    await expect(steps).toContainText(`/voice/twilio/${trunk.id}/status`);
    const heard = page.getByRole("status", { name: "The last webhook" });
    await expect(heard).toContainText("Nothing has come");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy the call address" }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain(`/voice/twilio/${trunk.id}/call`);
    // Somebody without the key: the page says so by itself.
    const forged = await page.request.post(`/voice/twilio/${trunk.id}/call`, { form: { CallSid: "CA1" } });
    expect(forged.status()).toBe(403);
    await expect(heard).toContainText("was refused");
    await everyLook(page, "webhook");
    await page.getByRole("button", { name: "Take no calls by webhook" }).click();
    await page.getByRole("button", { name: "Take none" }).click();
    await expect(page.getByText("No calls come in yet")).toBeVisible();

    // An account whose key is wrong says so, and the key is nowhere.
    await page.getByRole("button", { name: "Connect the account" }).click();
    await page.getByLabel("Account SID").fill("AC0123");
    await page.getByRole("textbox", { name: "Auth token" }).fill("a-wrong-key");
    await page.getByLabel("Address of its API").fill("http://127.0.0.1:9");
    await everyLook(page, "carrier-form");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByRole("button", { name: "Test the key" }).click();
    await expect(page.getByRole("alert")).toContainText("could not be asked");
    expect(await page.content()).not.toContain("a-wrong-key");
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
    await expect(page.getByText("Not connected")).toBeVisible();
  } finally {
    await page.request.delete(`/api/v1/trunks/${trunk.id}`, { headers: { origin } });
  }
});

test("a connected account tells its name", async ({ page }) => {
  const carrier = await seller(page);
  need(carrier, "no carrier is connected");
  await open(page, `/trunks/${carrier.trunk}`);
  await page.getByRole("button", { name: "Test the key" }).click();
  await expect(page.getByText(/The key opens the account/)).toBeVisible();
  await everyLook(page, "trunk");
});

test("the form of a trunk is looked at", async ({ page }) => {
  await open(page, "/trunks");
  await page.getByRole("button", { name: /^Add (trunk|the first trunk)$/ }).click();
  const dialog = page.getByRole("dialog", { name: "Add a trunk" });
  await expect(dialog).toBeVisible();
  await everyLook(page, "trunk-form");
});

test("the recording of a talk rests and goes on", async ({ page }) => {
  test.setTimeout(180_000);
  await open(page, "/live");
  const pause = page.getByRole("button", { name: "Pause recording" }).first();
  // The world of the demo calls every few seconds; a server of one's own may be quiet.
  if (!isDemo) need(await pause.isVisible(), "nobody is talking");
  await expect(pause).toBeVisible({ timeout: 120_000 });
  const group = page.getByRole("group", { name: /^Recording of the call of/ }).first();
  const name = (await group.getAttribute("aria-label")) ?? "";
  const own = page.getByRole("group", { name, exact: true });
  await own.getByRole("button", { name: "Pause recording" }).click();
  await expect(own.getByRole("status")).toHaveText("Recording paused");
  await everyLook(page, "live-paused");
  await own.getByRole("button", { name: "Resume recording" }).click();
  await expect(own.getByRole("status")).toHaveText("Recording");
});
