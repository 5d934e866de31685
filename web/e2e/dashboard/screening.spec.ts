// Who is let through: the lists under Settings, and the menu of a call.

import { expect, test } from "@playwright/test";
import { items, open } from "./house";

/** Takes every entry off the lists, so that the next test begins like this one. */
test.afterEach(async ({ page, baseURL }) => {
  for (const entry of await items(page, "/screening/entries")) {
    const answer = await page.request.delete(`/api/v1/screening/entries/${entry.id}`, {
      headers: { origin: new URL(baseURL ?? "").origin },
    });
    expect(answer.ok()).toBe(true);
  }
});

test("a caller is put on a list and taken off it", async ({ page }) => {
  await open(page, "/settings/screening");
  await page.getByRole("button", { name: "Add a caller" }).click();
  const adding = page.getByRole("dialog", { name: "Add a caller" });
  await adding.getByRole("button", { name: "Add", exact: true }).click();
  await expect(adding.getByText("Write a number, or the beginning of some such as +1900*")).toBeVisible();
  await adding.getByLabel("Caller").fill("nobody");
  await adding.getByRole("button", { name: "Add", exact: true }).click();
  await expect(adding.getByText("is neither a phone number")).toBeVisible();
  await adding.getByLabel("Caller").fill("+1 900*");
  await adding.getByLabel("Note").fill("Premium range");
  await adding.getByRole("button", { name: "Add", exact: true }).click();
  await expect(adding).toBeHidden();
  const row = page.getByRole("listitem").filter({ hasText: "+1900*" });
  await expect(row).toContainText("Premium range");
  await expect(row).toContainText("Blocked");
  await row.getByRole("button", { name: "Remove +1900* from its list" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(row).toHaveCount(0);
});

test("settings that cannot be are refused beside their field, and good ones are kept", async ({ page }) => {
  await open(page, "/settings/screening");
  const challenge = page.getByLabel("Ask to press a key from");
  await challenge.fill("100");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("write less than the 100 points")).toBeVisible();
  await challenge.fill("60");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  await page.reload();
  await expect(challenge).toHaveValue("60 points");
  await challenge.fill("");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
});

test("the menu of a call blocks its caller, lets them through, and takes it back", async ({ page }) => {
  const calls = await items<{ id: string; caller: string | null }>(page, "/calls?limit=50");
  const call = calls.find((each) => each.caller);
  await open(page, `/calls/${call?.id}`);
  const choose = async (name: string) => {
    await page.getByRole("button", { name: "About this caller" }).click();
    await page.getByRole("menuitem", { name }).click();
  };
  const listed = async () => {
    const entries = await items<{ id: string; list: string; caller: string }>(page, "/screening/entries");
    return entries.map((entry) => `${entry.list} ${entry.caller}`);
  };
  await choose("Block this caller");
  await expect.poll(listed).toEqual([`block ${call?.caller}`]);
  await choose("Always let through");
  await expect.poll(listed).toEqual([`allow ${call?.caller}`]);
  await choose("Judge like others");
  await expect.poll(listed).toEqual([]);
});
