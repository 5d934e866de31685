// Call flows: drawn, published, tried and rolled back; by keyboard alone; and two people at one flow.

import { expect, test, type Page } from "@playwright/test";
import { expectAccessible, items, open } from "./house";

type Flow = { id: string; name: string; edits: number; draft: unknown };

/** Makes a flow that forwards, and opens its drawing. */
async function draw(page: Page, name: string): Promise<void> {
  await open(page, "/flows");
  await page.getByRole("button", { name: /^(New call flow|Draw the first one)$/ }).first().click();
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill(name);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Draw it" }).click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
}

async function publish(page: Page, version: number): Promise<void> {
  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await page.getByRole("button", { name: "Publish now" }).click();
  await expect(inForce(page, version)).toBeVisible();
}

/** The version in force as the page says it; a dialogue that lists versions may still be closing. */
const inForce = (page: Page, version: number) => page.locator("#root").getByText(`Version ${version}`, { exact: true });
const saved = (page: Page) => expect(page.getByText("Draft saved")).toBeVisible();
const card = (page: Page, name: string) => page.getByRole("group", { name: `Step ${name}` });

async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole("combobox", { name: label, exact: true }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

test("a flow is drawn, published, tried and rolled back", async ({ page }) => {
  await draw(page, `Browser test ${Date.now()}`);
  await publish(page, 1);

  await page.getByRole("button", { name: "Add Set a tag" }).click();
  const step = page.getByRole("region", { name: "Step Set a tag" });
  await step.getByLabel("Tag", { exact: true }).fill("group");
  await step.getByLabel("Value").fill("north");
  // Nothing leads to it yet: said beside the step and in the panel, and publishing waits.
  await expect(step.getByText("No way leads here; connect it or remove it")).toBeVisible();
  await expect(card(page, "Set a tag")).toContainText("No way leads here");
  await expect(page.getByRole("button", { name: "Publish", exact: true })).toBeDisabled();

  await choose(page, "Then", "Ring the business");
  await step.getByRole("button", { name: "Actions for Set a tag" }).click();
  await page.getByRole("menuitem", { name: "Let calls begin here" }).click();
  await expect(step.getByText("No way leads here")).toHaveCount(0);
  await saved(page);

  await page.getByRole("button", { name: "Test caller" }).click();
  await page.getByRole("button", { name: "Walk", exact: true }).click();
  const path = page.getByRole("status", { name: "How the call went" });
  await expect(path).toContainText("The tag group is north");
  await expect(path).toContainText("Would connect");
  await expect(card(page, "Set a tag").locator(".step-order")).toHaveText("1");
  await expect(card(page, "Ring the business").locator(".step-order")).toHaveText("2");
  await expectAccessible(page);
  await choose(page, "Business line", "Is busy");
  await choose(page, "Second line", "Does not answer");
  await page.getByRole("button", { name: "Walk again" }).click();
  await expect(path).toContainText("Reaches nobody");
  await page.getByRole("button", { name: "Close the test caller" }).click();

  await page.getByRole("button", { name: "Publish", exact: true }).click();
  const changes = page.getByRole("list", { name: "What changes" });
  await expect(changes).toContainText("Calls begin at Set a tag, no longer at Ring the business");
  await expect(changes).toContainText("Set a tag: group = north");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Publish now" }).click();
  await expect(inForce(page, 2)).toBeVisible();

  await page.getByRole("button", { name: "Versions" }).click();
  await page.getByRole("button", { name: "Roll back", exact: true }).click();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Roll back to version 1" }).click();
  await expect(inForce(page, 3)).toBeVisible();
  await expect(card(page, "Set a tag")).toHaveCount(0);
  await expect(card(page, "Ring the business")).toBeVisible();
});

test("a flow is drawn without a mouse", async ({ page }) => {
  await draw(page, `Browser test ${Date.now()}`);
  const press = async (name: string) => {
    const button = page.getByRole("button", { name, exact: true });
    await button.focus();
    await page.keyboard.press("Enter");
  };
  await press("Add Hang up");
  await expect(page.getByRole("region", { name: "Step Hang up" })).toBeVisible();
  await expect(card(page, "Hang up")).toBeVisible();
  // It was linked from nothing: the ring step's own way leads there now.
  await card(page, "Ring the business").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Step Ring the business" })).toBeVisible();
  await page.getByRole("combobox", { name: "Nobody took it" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await saved(page);

  await card(page, "Hang up").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+D");
  await expect(card(page, "Hang up 2")).toBeVisible();
  await page.keyboard.press("Delete");
  await expect(card(page, "Hang up 2")).toHaveCount(0);
  await page.keyboard.press("Control+Z");
  await expect(card(page, "Hang up 2")).toBeVisible();
  await page.keyboard.press("Control+Z");
  await expect(card(page, "Hang up 2")).toHaveCount(0);
  await saved(page);

  await page.getByText("List", { exact: true }).click();
  const list = page.getByRole("list", { name: "Steps of the flow" });
  await expect(list).toContainText("Calls begin here");
  await expect(list.getByRole("list", { name: "Ways out of Ring the business" })).toContainText("Hang up");
  await page.getByText("Drawing", { exact: true }).click();
});

test("of two people at one flow none loses work without being asked", async ({ page, baseURL }) => {
  const name = `Browser test ${Date.now()}`;
  await draw(page, name);
  const flow = (await items<Flow>(page, "/flows")).find((each) => each.name === name);
  const address = `/api/v1/flows/${flow?.id}`;
  const theirs = async () => {
    const seen = (await (await page.request.get(address)).json()) as Flow;
    const answer = await page.request.put(`${address}/draft`, {
      headers: { origin: baseURL ?? "" },
      data: { edits: seen.edits, name, document: seen.draft },
    });
    expect(answer.ok()).toBe(true);
  };
  const conflict = page.getByText("Somebody else changed this flow meanwhile");

  await theirs();
  await page.getByRole("button", { name: "Add Hang up" }).click();
  await expect(conflict).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Keep mine" }).click();
  await expect(conflict).toHaveCount(0);
  await saved(page);

  await theirs();
  await page.getByRole("button", { name: "Add Set a tag" }).click();
  await expect(conflict).toBeVisible();
  await page.getByRole("button", { name: "Take theirs" }).click();
  await expect(conflict).toHaveCount(0);
  await expect(card(page, "Set a tag")).toHaveCount(0);
  await expect(card(page, "Hang up")).toBeVisible();
});

test("a flow is renamed, put away, taken out and deleted", async ({ page }) => {
  const name = `Browser test ${Date.now()}`;
  await draw(page, name);
  await open(page, "/flows");
  const act = async (of: string, what: string) => {
    await page.getByRole("button", { name: `Actions for ${of}` }).click();
    await page.getByRole("menuitem", { name: what }).click();
  };
  await act(name, "Rename");
  await page.getByRole("dialog").getByLabel("Name").fill(`${name} b`);
  await page.getByRole("button", { name: "Save" }).click();
  const row = page.getByRole("row").filter({ hasText: `${name} b` });
  await expect(row).toContainText("draft, never published");
  await act(`${name} b`, "Put away");
  await page.getByRole("button", { name: "Put it away" }).click();
  await expect(row).toHaveCount(0);
  await page.getByRole("button", { name: /^Show \d+ put away$/ }).click();
  await expect(row).toContainText("put away");
  await act(`${name} b`, "Take out again");
  await page.getByRole("button", { name: "Take it out" }).click();
  await expect(row).toContainText("draft, never published");
  await act(`${name} b`, "Delete");
  await page.getByRole("button", { name: "Delete the flow" }).click();
  await expect(row).toHaveCount(0);
});
