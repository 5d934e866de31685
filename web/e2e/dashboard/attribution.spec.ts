// Attribution people can check: who is this, whether the shares can be trusted, sources as expected values.

import { expect, test } from "@playwright/test";
import { expectAccessible, items, need, open } from "./house";

type Call = { id: string; state: string; session: string | null; site: { id: string } | null };
type Match = { session: string; who: string };

test("one click says who called, and another one takes it back", async ({ page }) => {
  const calls = await items<Call>(page, "/calls?limit=50");
  const call = calls.find((call) => call.state === "ended" && call.session && call.site);
  need(call, "the server has no credited call yet");
  const answer = await page.request.get(`/api/v1/calls/${call.id}/matches`);
  const [match] = ((await answer.json()) as { matches: Match[] }).matches;
  expect(match, "a credited call has a likely visitor").toBeDefined();

  await open(page, `/calls/${call.id}`);
  const drawer = page.getByRole("dialog", { name: /^Call of/ });
  const card = drawer.locator("section", { has: page.getByRole("heading", { name: "Who is this?" }) });
  await expectAccessible(page);
  await card.getByRole("button", { name: "None of these" }).click();
  await expect(card.getByText(/said it was none of the visitors/)).toBeVisible();
  await card.getByRole("button", { name: `It is ${match?.who}` }).click();
  await expect(card.getByText(`said it was ${match?.who}`)).toBeVisible();
  await expect(card.getByText("This one")).toBeVisible();
  await expectAccessible(page);

  const told = (await (await page.request.get(`/api/v1/calls/${call.id}`)).json()) as Record<string, unknown>;
  expect(told).toMatchObject({ confirmed: true, probability: 1, session: match?.session });

  await open(page, `/sites/${call.site?.id}`);
  const trust = page.locator("section", { has: page.getByRole("heading", { name: "Can the shares be trusted?" }) });
  await expect(trust.getByRole("img", { name: /^What was said against what was right/ })).toBeVisible();
  await expect(trust.getByText(/said by a person/)).toBeVisible();
  await expectAccessible(page);
});

test("past calls are only counted until somebody says yes", async ({ page }) => {
  const site = (await items(page, "/sites"))[0];
  need(site, "the server has no site yet");
  await open(page, `/sites/${site.id}`);
  await page.getByRole("button", { name: "Weigh past calls again" }).click();
  const dialog = page.getByRole("dialog", { name: "Weigh past calls again?" });
  await expect(dialog.getByRole("status")).toContainText(/call/);
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Keep the credits" }).click();
  await expect(dialog).toHaveCount(0);
});

test("the report of sources follows its model, adds up, and is a file too", async ({ page }) => {
  await open(page, "/sources");
  const empty = page.getByText("No calls in this time");
  const table = page.getByRole("table");
  await expect(empty.or(table)).toBeVisible();
  const link = page.getByRole("link", { name: "CSV" });
  const file = await page.request.get((await link.getAttribute("href"))!);
  expect(file.headers()["content-type"]).toContain("text/csv");
  need(!(await empty.isVisible()), "the server has no call to report");
  const models = page.getByRole("combobox", { name: /^How a call is shared/ });
  await models.click();
  await page.getByRole("option", { name: /^W:/ }).click();
  await expect(page.getByText("before the call that was qualified")).toBeVisible();
  await expectAccessible(page);
  const asked = page.waitForResponse((response) => response.url().includes("model=linear"));
  await models.click();
  await page.getByRole("option", { name: "All arrivals alike" }).click();
  const report = (await (await asked).json()) as { sources: { expected: number }[]; total: { credited: number } };
  const sum = report.sources.reduce((all, row) => all + row.expected, 0);
  expect(sum).toBeCloseTo(report.total.credited, 6);
  await expect(page.getByRole("row", { name: /^All calls/ })).toBeVisible();
  await expect(link).toHaveAttribute("href", /model=linear/);
  await expect(page.getByText("before the call that was qualified")).toHaveCount(0);
});
