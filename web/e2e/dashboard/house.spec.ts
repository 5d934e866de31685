// Sites, numbers and pools: adding, changing and deleting, with the block to paste.

import { expect, test, type Page } from "@playwright/test";
import { expectAccessible, items, need, open } from "./house";

async function addSite(page: Page, name: string): Promise<void> {
  await open(page, "/sites");
  await page.getByRole("button", { name: /Add (site|the first site)/ }).click();
  await expectAccessible(page);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("combobox", { name: "Hosts" }).fill("https://www.browser-test.example/contact,");
  await page.getByLabel("Number 1", { exact: true }).fill("(214) 555-0142");
  await page.getByRole("button", { name: "Add the site" }).click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
}

async function deleteSite(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "Delete this site" }).click();
  await expect(page.getByRole("dialog", { name: `Delete ${name}?` })).toBeVisible();
  await page.getByRole("button", { name: "Delete the site" }).click();
  await expect(page.getByRole("heading", { name: "Sites", level: 1 })).toBeVisible();
  await expect(page.getByRole("link", { name, exact: true })).toHaveCount(0);
}

test("a new site has its block to paste and waits to be seen", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const name = `Browser test ${Date.now()}`;
  await addSite(page, name);
  await expect(page.getByRole("region", { name: "Snippet" })).toContainText("trunkline-config");
  await expect(page.getByText("Not seen yet")).toBeVisible();
  await expect(page.getByText("www.browser-test.example").first()).toBeVisible();
  await page.getByRole("button", { name: "Copy" }).click();
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("<script");
  await page.getByRole("tab", { name: "All inline" }).click();
  await expect(page.getByRole("region", { name: "Snippet" })).toContainText("extras.");
  await page.getByRole("tab", { name: "Tag manager" }).click();
  await expect(page.getByRole("region", { name: "Snippet" })).toContainText("loader.js");
  await page.getByRole("tab", { name: "Content policy" }).click();
  await expect(page.getByRole("region", { name: "Snippet" })).toContainText(/(script-src 'sha256-[\s\S]*){2}/);

  await page.getByRole("button", { name: "Change", exact: true }).click();
  await page.getByLabel("Name", { exact: true }).fill(`${name} b`);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: `${name} b`, level: 1 })).toBeVisible();
  await deleteSite(page, `${name} b`);
});

test("how numbers are swapped is drafted, published and gone back on", async ({ page }) => {
  const name = `Browser test ${Date.now()}`;
  await addSite(page, name);
  await page.getByRole("button", { name: "Change settings" }).click();
  await page.getByRole("combobox", { name: "Never in" }).fill(".partners");
  await page.getByLabel("Structured data").check();
  await page.getByRole("button", { name: "Save as draft" }).click();
  await expect(page.getByText("There is a draft.")).toBeVisible();
  await page.getByRole("button", { name: "Preview on the site" }).click();
  await expect(page.getByRole("link", { name: "Open the preview" })).toHaveAttribute("href", /\?tl_preview=/);
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await expect(page.getByText("There is a draft.")).toHaveCount(0);
  await expect(page.getByText("structured data", { exact: true })).toBeVisible();
  await expect(page.getByText(".partners", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Versions" }).click();
  await page.getByRole("button", { name: "Publish again" }).click();
  await expect(page.getByText("Version 3", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Close" }).click();
  await expect(page.getByText("nothing more")).toBeVisible();
  await deleteSite(page, name);
});

test("a site form says what is missing beside each field", async ({ page }) => {
  await open(page, "/sites");
  await page.getByRole("button", { name: /Add (site|the first site)/ }).click();
  await page.getByRole("button", { name: "Add the site" }).click();
  await expect(page.getByText("Write a name, such as")).toBeVisible();
  await expect(page.getByText("Write at least one host")).toBeVisible();
  await expect(page.getByText("Write each number as it stands on the page")).toBeVisible();
  await expectAccessible(page);
});

test("a number is added, changed and deleted", async ({ page }) => {
  const trunks = await items(page, "/trunks");
  need(trunks.length > 0, "the server has no trunk");
  const shown = "(646) 555-0177";
  await open(page, "/numbers");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("menuitem", { name: "Numbers" }).click();
  const form = page.getByRole("dialog", { name: "Add numbers" });
  await form.getByText("Static", { exact: true }).click();
  await form.getByLabel("Numbers, one a line").fill(shown);
  await form.getByLabel("Rings at").fill("(512) 555-0142");
  await form.getByLabel("Label").fill("Browser test");
  const trunk = form.getByRole("combobox", { name: "Trunk" });
  if ((await trunk.inputValue()) === "") {
    await trunk.click();
    await page.getByRole("option").first().click();
  }
  await expectAccessible(page);
  await form.getByRole("button", { name: "Add 1 number" }).click();
  await expect(form).toHaveCount(0);

  const row = page.getByRole("row").filter({ hasText: shown });
  await expect(row).toContainText("Browser test");
  await row.getByRole("button", { name: `Actions for ${shown}` }).click();
  await page.getByRole("menuitem", { name: "Change" }).click();
  await page.getByLabel("Label").fill("Changed");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(row).toContainText("Changed");

  await row.getByRole("button", { name: `Actions for ${shown}` }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the number" }).click();
  await expect(row).toHaveCount(0);
});

test("a pool shows who holds each of its numbers", async ({ page }) => {
  const pools = await items<{ id: string; name: string; size: number }>(page, "/pools");
  const pool = pools.find((each) => each.size > 0);
  need(pool, "the server has no pool with numbers");
  await open(page, `/numbers/pools/${pool.id}`);
  await expect(page.getByRole("heading", { name: pool.name, level: 1 })).toBeVisible();
  await expect(page.getByRole("img", { name: /^Who holds each of the/ })).toBeVisible();
  const table = page.getByRole("region", { name: "Who they are" }).getByRole("table");
  await expect(table.getByRole("row")).toHaveCount(pool.size + 1);
});
