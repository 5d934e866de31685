// The main job: a visitor sees a number, calls it, and the call is attributed, recorded, connected and logged.

import { expect, test, type BrowserContext, type Page } from "@playwright/test";
import { channels, fit, talkOf } from "./talk";

const SITE = process.env.TRUNKLINE_SITE ?? "";
const DASHBOARD = process.env.TRUNKLINE_URL ?? "";
const EMAIL = process.env.TRUNKLINE_EMAIL ?? "";
const PASSWORD = process.env.TRUNKLINE_PASSWORD ?? "";
/** The number printed on the demo site, national digits. */
const PRINTED = "4695550163";

const digits = (text: string) => text.replace(/\D/g, "").replace(/^1(?=\d{10}$)/, "");

/** The number the page shows in its head, once it is no longer the printed one. */
async function shownOn(page: Page): Promise<string> {
  const head = page.locator("#header-number");
  await expect.poll(async () => digits((await head.textContent()) ?? "")).not.toBe(PRINTED);
  return digits((await head.textContent()) ?? "");
}

/** Every place of the page that can show or dial a number, as a visitor could meet it. */
async function places(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const body = document.body.cloneNode(true) as HTMLElement;
    body.querySelectorAll("script, style, [data-tl-skip]").forEach((e) => e.remove());
    const links = [...body.querySelectorAll("a[href]")].map((a) => decodeURIComponent(a.getAttribute("href") ?? ""));
    const attributes = [...body.querySelectorAll("[title], [aria-label]")].flatMap((e) => [e.getAttribute("title"), e.getAttribute("aria-label")]);
    return [body.textContent ?? "", ...links, ...attributes.map((a) => a ?? "")];
  });
}

async function signIn(context: BrowserContext): Promise<void> {
  const answer = await context.request.post(`${DASHBOARD}/api/v1/login`, {
    data: { email: EMAIL, password: PASSWORD },
    headers: { origin: DASHBOARD },
  });
  expect(answer.ok()).toBe(true);
}

test("a Google Ads visitor's call is found in the dashboard with its visit, certainty and sound", async ({ page, context }) => {
  await page.goto(`${SITE}/storm-damage?utm_source=google&utm_medium=cpc&utm_campaign=storm&utm_term=hail+roof&gclid=x`);
  const number = await shownOn(page);
  await expect
    .poll(async () => (await places(page)).filter((text) => text.replace(/[^\d]/g, "").includes(PRINTED)))
    .toEqual([]);
  const shown = `${number.slice(0, 3)} ${number.slice(3, 6)} ${number.slice(6)}`;
  const texts = (await places(page)).join("\n").replaceAll(" ", " ").replaceAll("‑", "-");
  const [area, exchange, line] = shown.split(" ");
  for (const format of [`(${area}) ${exchange}-${line}`, `${area} ${exchange} ${line}`, `${area}-${exchange}-${line}`, `1-${area}-${exchange}-${line}`, `${area}${exchange}${line}`, `tel:+1${number}`]) {
    expect(texts, format).toContain(format);
  }

  const dialled = page.waitForResponse((response) => response.url().endsWith("/dial"));
  await page.getByRole("button", { name: "Dial the number shown" }).click();
  const talk = talkOf(BigInt(((await (await dialled).json()) as { call: string }).call));
  const link = page.locator("a.demo-link");
  await expect(link).toBeVisible();
  const call = new URL((await link.getAttribute("href")) ?? "").pathname.split("/").pop() ?? "";

  await signIn(context);
  const api = async (path: string) => (await context.request.get(`${DASHBOARD}/api/v1${path}`)).json();
  await expect.poll(async () => (await api(`/calls/${call}`)).state, { timeout: 90_000 }).toBe("ended");
  const detail = await api(`/calls/${call}`);
  expect(detail.result).toBe("answered");
  expect(detail.source).toMatchObject({ source: "google", medium: "cpc", channel: "paid_search", ad_campaign: "storm", term: "hail roof" });
  expect(detail.session).toMatch(/^ses_/);
  // Dialled within seconds of seeing the number and without a tap: likely, and not more than that.
  expect(detail.probability).toBeGreaterThan(0.75);
  expect(detail.candidates.some((c: { session: string | null }) => c.session === null)).toBe(true);
  expect(detail.timeline.map((m: { kind: string }) => m.kind)).toEqual(expect.arrayContaining(["first_touch", "number_shown", "ring", "connected", "ended"]));
  expect(digits(detail.number.number)).toBe(number);
  const peaks = await api(`/calls/${call}/peaks`);
  expect(Math.max(...peaks.caller)).toBeGreaterThan(5);
  expect(Math.max(...peaks.destination)).toBeGreaterThan(5);
  const part = await context.request.get(`${DASHBOARD}/api/v1/calls/${call}/recording`, { headers: { range: "bytes=0-43" } });
  expect(part.status()).toBe(206);
  expect((await part.body()).subarray(0, 4).toString()).toBe("RIFF");
  // Both ways: each channel holds what that end said in this very conversation, and not what the other said or another call.
  const whole = await context.request.get(`${DASHBOARD}/api/v1/calls/${call}/recording`);
  const [caller, destination] = channels(await whole.body());
  expect(fit(caller, talk, "caller")).toBeGreaterThan(0.95);
  expect(fit(destination, talk, "business")).toBeGreaterThan(0.95);
  expect(fit(caller, talk, "business")).toBeLessThan(0.6);
  expect(fit(destination, talk, "caller")).toBeLessThan(0.6);
  expect(fit(caller, talk + 1n, "caller")).toBeLessThan(0.9);

  await page.goto(`${DASHBOARD}/calls/${call}`);
  await expect(page.getByText("Credited")).toBeVisible();
  await expect(page.getByText("Google Ads").first()).toBeVisible();
});

test("two browsers see different numbers, and each keeps its own over pages and a return", async ({ browser }) => {
  const one = await browser.newContext();
  const two = await browser.newContext();
  const first = await one.newPage();
  const second = await two.newPage();
  await first.goto(`${SITE}/`);
  await second.goto(`${SITE}/`);
  const a = await shownOn(first);
  const b = await shownOn(second);
  expect(a).not.toBe(b);
  await first.goto(`${SITE}/contact`);
  expect(await shownOn(first)).toBe(a);
  await first.close();
  const again = await one.newPage();
  await again.goto(`${SITE}/storm-damage`);
  expect(await shownOn(again)).toBe(a);
  await one.close();
  await two.close();
});

test("a request for a quote is a lead with its visit, sold and in the log", async ({ page, context }) => {
  await page.goto(`${SITE}/contact?utm_source=google&utm_medium=cpc&utm_campaign=roof-repair&gclid=quote`);
  await shownOn(page);
  await page.getByLabel("Name").fill("Pat Quill");
  await page.getByLabel("Phone").fill("(512) 555-0117");
  await page.getByLabel("ZIP code").fill("75214");
  await page.getByRole("button", { name: "Request a quote" }).click();
  await expect(page.locator(".sent")).toContainText("your request is a lead now");

  await signIn(context);
  const api = async (path: string) => (await context.request.get(`${DASHBOARD}/api/v1${path}`)).json();
  const mine = async () => (await api("/leads?person=%2B15125550117")).items as { id: string; came_by: string; source: string; state: string }[];
  await expect.poll(async () => (await mine())[0]?.state).toBe("sold");
  const lead = (await mine())[0]!;
  expect(lead).toMatchObject({ came_by: "snippet", source: "google" });

  await page.goto(`${SITE}/leads`);
  await expect(page).toHaveURL(/\/leads$/);
  await expect(page.getByText("(512) 555-0117").first()).toBeVisible();
  await page.goto(`${DASHBOARD}/opportunities/${lead.id}`);
  await expect(page.getByText("Roof repair, Texas").first()).toBeVisible();
});
