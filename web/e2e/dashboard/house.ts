// What the dashboard tests share: who signs in, what the server holds, and the checks every page must pass.

import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";

export const email = process.env.TRUNKLINE_EMAIL ?? "owner@trunkline.example";
export const password = process.env.TRUNKLINE_PASSWORD ?? "";
export const loginFile = new URL("../test-results/dashboard-login.json", import.meta.url).pathname;
export const screens = new URL("../test-results/screens/", import.meta.url).pathname;

/** Whether the server is the demo that the run started, which has something of everything. */
export const isDemo = Boolean(process.env.TRUNKLINE_DEMO);

/** A test goes on only with what it is about. A server of one's own may lack it, and the test is skipped; the demo may not. */
export function need(found: unknown, missing: string): asserts found {
  if (isDemo) expect(found, missing).toBeTruthy();
  test.skip(!found, missing);
}

export async function signIn(page: Page, secret = password): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("textbox", { name: "Password" }).fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** The items of a list of the API, asked with the page's own login. */
export async function items<T extends { id: string }>(page: Page, path: string): Promise<T[]> {
  const answer = await page.request.get(`/api/v1${path}`);
  expect(answer.ok(), `GET ${path}`).toBe(true);
  return ((await answer.json()) as { items: T[] }).items;
}

/** Opens an address and waits until its data have arrived. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.locator("h1, .drawer-head h2").first()).toBeVisible();
  await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
}

/** Fails on anything axe finds against WCAG 2.1 A and AA. */
export async function expectAccessible(page: Page): Promise<void> {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]).analyze();
  const told = found.violations.map(
    (rule) =>
      `${rule.id}: ${rule.nodes.map((node) => `${node.target.join(" ")} (${node.any[0]?.message ?? rule.help})`).join("; ")}`,
  );
  expect(told).toEqual([]);
}

export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(beyond).toBeLessThanOrEqual(0);
}
