// Signing in and out, API keys, and the way around by keyboard.

import { expect, test } from "@playwright/test";
import { expectAccessible, open, signIn } from "./house";

test.describe("without a login", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("every address leads to the door, and a wrong password is refused in words", async ({ page }) => {
    await page.goto("/numbers");
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
    await signIn(page, "not the password");
    await expect(page.getByRole("alert")).toBeVisible();
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  });

  test("what cannot be sent is said beside its field", async ({ page }) => {
    await page.goto("/");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("Write the whole address")).toBeVisible();
    await expect(page.getByText("Write the password")).toBeVisible();
  });

  test("after signing in one is where one wanted to go", async ({ page }) => {
    await page.goto("/calls?ambiguous=1");
    await signIn(page);
    await expect(page.getByRole("heading", { name: "Calls", level: 1 })).toBeVisible();
    await expect(page).toHaveURL(/ambiguous=1/);
    // Only this login ends here; the others keep theirs.
    await page.getByRole("button", { name: /^Account .*, menu$/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  });
});

test("a printed password is changed before anything else is shown", async ({ page }) => {
  // The server's answers, as if this user had just been added.
  let chosen = false;
  await page.route("**/api/v1/me", async (route) => {
    const answer = await route.fetch();
    const me = (await answer.json()) as { user: { password_once: boolean } };
    me.user.password_once = !chosen;
    await route.fulfill({ response: answer, json: me });
  });
  await page.route("**/api/v1/me/password", async (route) => {
    expect(route.request().postDataJSON()).toEqual({ current: "printed-words", new: "words of my own" });
    chosen = true;
    await route.fulfill({ status: 204 });
  });
  await page.goto("/calls");
  await expect(page.getByRole("heading", { name: "Choose a password" })).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel("Printed password").fill("printed-words");
  await page.getByRole("textbox", { name: "New password" }).fill("printed-words");
  await page.getByRole("button", { name: "Use this password" }).click();
  await expect(page.getByText("Write another password than the present one")).toBeVisible();
  await page.getByRole("textbox", { name: "New password" }).fill("words of my own");
  await page.getByRole("button", { name: "Use this password" }).click();
  await expect(page.getByRole("heading", { name: "Calls", level: 1 })).toBeVisible();
});

test("light and dark stay as chosen", async ({ page }) => {
  await open(page, "/live");
  await page.getByRole("button", { name: "Switch to dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
});

test("the palette finds a page by its name and goes there", async ({ page }) => {
  await open(page, "/live");
  await page.keyboard.press("Control+K");
  const box = page.getByRole("combobox", { name: "Search or go to" });
  await box.fill("trunk");
  await expect(page.getByRole("option", { name: /Trunks/ })).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Trunks", level: 1 })).toBeVisible();
});

test("a new API key is shown once and can be deleted", async ({ page }) => {
  const name = `Browser test ${Date.now()}`;
  await open(page, "/settings/keys");
  await page.getByRole("button", { name: "Make a key" }).first().click();
  await page.getByLabel("What it is for").fill(name);
  await page.getByRole("button", { name: "Make the key" }).click();
  await expect(page.getByText(`${name}: copy it now`)).toBeVisible();
  await expect(page.getByRole("status").getByText(/^tlk_[\w-]{20,}$/)).toBeVisible();
  await page.reload();
  const row = page.getByRole("listitem").filter({ hasText: name });
  await expect(row).toBeVisible();
  await expect(page.getByText(`${name}: copy it now`)).toHaveCount(0);
  await row.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the key" }).click();
  await expect(row).toHaveCount(0);
});

test("a phone has the same places behind its menu", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, "/live");
  await page.getByRole("button", { name: "Open navigation" }).click();
  await page.getByRole("dialog", { name: "Navigation" }).getByRole("link", { name: "Sites" }).click();
  await expect(page.getByRole("heading", { name: "Sites", level: 1 })).toBeVisible();
  await expect(page.getByRole("dialog", { name: "Navigation" })).toHaveCount(0);
});

test("a page whose code does not arrive says so instead of staying blank", async ({ page }) => {
  await page.route(/assets\/TrunksPage.*\.js$/, (route) => route.abort());
  await page.goto("/live");
  await page.getByRole("link", { name: "Trunks" }).click();
  await expect(page.getByText("This page could not be loaded")).toBeVisible();
  await page.getByRole("link", { name: "Sites" }).click();
  await expect(page.getByRole("heading", { name: "Sites", level: 1 })).toBeVisible();
});
