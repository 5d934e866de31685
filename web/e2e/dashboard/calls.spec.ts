// Live, the call log, and one call in its drawer with its recording.

import { expect, test } from "@playwright/test";
import { expectAccessible, items, need, open, screens } from "./house";

type Call = {
  id: string;
  caller_display: string;
  state: string;
  result: string | null;
  recorded: boolean;
  started_at: number;
};

test("Live follows the stream and agrees with the API", async ({ page }) => {
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().includes("/api/v1/calls/live")),
    open(page, "/live"),
  ]);
  await expect(page.getByText("up to the second")).toBeVisible();
  const live = ((await answer.json()) as { items: Call[] }).items;
  if (live.length === 0) await expect(page.getByText(/Nobody is calling right now|No calls yet/)).toBeVisible();
  else await expect(page.locator(".lc").first()).toBeVisible();
});

test("the call log fits a small laptop, and says so where it does not", async ({ page }) => {
  need((await items<Call>(page, "/calls?limit=1"))[0], "there is no call");
  await page.setViewportSize({ width: 1280, height: 800 });
  await open(page, "/calls");
  await expect(page.getByRole("columnheader", { name: "Status" })).toBeInViewport({ ratio: 1 });
  await expect(page.locator(".scroll-frame.more")).toHaveCount(0);
  await page.setViewportSize({ width: 900, height: 800 });
  const frame = page.locator(".scroll-frame.more");
  await expect(frame).toBeVisible();
  await frame.locator(".scroll").evaluate((part) => part.scrollTo({ left: part.scrollWidth }));
  await expect(frame).toHaveCount(0);
});

test("a broken stream says so, keeps the last calls and comes back by itself", async ({ page }) => {
  let broken = true;
  await page.route("**/api/v1/live", (route) => (broken ? route.abort() : route.continue()));
  await page.goto("/live");
  await expect(page.getByText("The live line to the server is broken")).toBeVisible();
  broken = false;
  await expect(page.getByText("up to the second")).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText("The live line to the server is broken")).toHaveCount(0);
});

test.describe("with calls in the log", () => {
  let call: Call;

  test.beforeEach(async ({ page }) => {
    const recorded = await items<Call>(page, "/calls?recorded=true&limit=20");
    const ended = recorded.find((each) => each.state === "ended");
    need(ended, "the server has no recorded call yet");
    call = ended;
  });

  test("a row opens its call at an address of its own, and closing leads back to the same view", async ({ page }) => {
    await open(page, "/calls?recorded=1");
    await page.locator(`a[href^="/calls/${call.id}"]`).first().click();
    await expect(page).toHaveURL(new RegExp(`/calls/${call.id}\\?recorded=1`));
    const drawer = page.getByRole("dialog", { name: /^Call of/ });
    await expect(drawer.getByRole("heading", { level: 2 })).toHaveText(call.caller_display);
    await expect(drawer.getByRole("img", { name: /^Timeline of the call/ })).toBeVisible();
    await expect(drawer.getByRole("heading", { name: "Who called" })).toBeVisible();
    await expect(page.locator("tr.chosen")).toHaveCount(1);
    await page.keyboard.press("Escape");
    await expect(drawer).toHaveCount(0);
    await expect(page).toHaveURL(/\/calls\?recorded=1$/);
  });

  test("a call says when its recording was deleted, and by whose rule", async ({ page }) => {
    const because = "after 30 days, as the campaign Roof repair says";
    await page.route(`**/api/v1/calls/${call.id}`, async (route) => {
      const answer = await route.fetch();
      const whole = (await answer.json()) as { recording: object };
      const gone = { state: "deleted", deleted_at: Date.now() - 3_600_000, deleted_because: because };
      await route.fulfill({ response: answer, json: { ...whole, recording: { ...whole.recording, ...gone } } });
    });
    await page.goto(`/calls/${call.id}`);
    const drawer = page.getByRole("dialog");
    await expect(drawer.getByText(`Deleted 1 h ago, ${because}. The call itself is kept.`)).toBeVisible();
    await expect(drawer.getByRole("button", { name: "Play" })).toHaveCount(0);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await drawer.getByText(because).scrollIntoViewIfNeeded();
      await page.screenshot({ path: `${screens}call-deleted-recording-${colorScheme}.png` });
    }
    await expectAccessible(page);
  });

  test("the address of a call opens it alone", async ({ page }) => {
    await page.goto(`/calls/${call.id}`);
    await expect(page.getByRole("dialog").getByRole("heading", { level: 2 })).toHaveText(call.caller_display);
  });

  test("previous and next walk through the list below", async ({ page }) => {
    const listed = await items<Call>(page, "/calls?recorded=true&limit=3");
    need(listed.length > 1, "there is only one recorded call");
    await page.goto(`/calls/${listed[0]?.id}?recorded=1`);
    await page.getByRole("button", { name: "Next call" }).click();
    await expect(page).not.toHaveURL(new RegExp(`${listed[0]?.id}`));
    await page.getByRole("button", { name: "Previous call" }).click();
    await expect(page).toHaveURL(new RegExp(`${listed[0]?.id}`));
  });

  test("the recording plays, and is moved by click and by key", async ({ page }) => {
    await page.goto(`/calls/${call.id}`);
    const position = page.getByRole("slider", { name: "Position in the recording" });
    await expect(position).toBeVisible();
    await expect(position.locator("path.b.rest")).toHaveAttribute("d", /M/);
    await page.getByRole("button", { name: "Play" }).click();
    await expect
      .poll(() => page.locator("audio").evaluate((audio: HTMLAudioElement) => audio.currentTime))
      .toBeGreaterThan(0.2);
    await page.getByRole("button", { name: "Pause" }).click();
    const seconds = Number(await position.getAttribute("aria-valuemax"));
    const box = (await position.boundingBox())!;
    await position.click({ position: { x: box.width / 2, y: box.height / 2 } });
    await expect
      .poll(() => position.getAttribute("aria-valuenow").then(Number))
      .toBeGreaterThanOrEqual(Math.floor(seconds / 2) - 1);
    await position.press("Home");
    await expect(position).toHaveAttribute("aria-valuenow", "0");
    await position.press("End");
    await expect(position).toHaveAttribute("aria-valuenow", String(seconds));
  });

  test("filters go into the address, and a view remembers them", async ({ page }) => {
    await open(page, "/calls");
    await page.getByRole("button", { name: "Add filter" }).click();
    await page.getByRole("menuitem", { name: "Caller" }).click();
    await page.getByRole("textbox", { name: "Caller" }).fill("(907) 555-0133");
    await page.getByRole("button", { name: "Apply" }).click();
    await expect(page).toHaveURL(/caller=%28907%29/);
    await expect(page.getByText("No call fits these filters")).toBeVisible();
    await page.getByRole("button", { name: "Save view" }).click();
    await page.getByLabel("Name of the view").fill("Nobody");
    await page.getByRole("button", { name: "Save in this browser" }).click();
    await page.getByRole("button", { name: "Remove the filter Caller" }).click();
    await expect(page).toHaveURL(/\/calls$/);
    await page.getByRole("link", { name: "Nobody" }).click();
    await expect(page).toHaveURL(/caller=%28907%29/);
  });

  test("a column can be taken away and stays away", async ({ page }) => {
    await open(page, "/calls");
    await expect(page.getByRole("columnheader", { name: "Ring" })).toBeVisible();
    await page.getByRole("button", { name: "Columns" }).click();
    await expectAccessible(page);
    await page.getByRole("menuitemcheckbox", { name: "Ring" }).click();
    await expect(page.getByRole("columnheader", { name: "Ring" })).toHaveCount(0);
    await page.reload();
    await expect(page.getByRole("columnheader", { name: "Talk" })).toBeVisible();
    await expect(page.getByRole("columnheader", { name: "Ring" })).toHaveCount(0);
  });

  test("the CSV link asks for what the page shows", async ({ page }) => {
    await open(page, "/calls?recorded=1");
    const link = page.getByRole("link", { name: "CSV" });
    await expect(link).toHaveAttribute("href", /calls\.csv\?recorded=true/);
    const answer = await page.request.get((await link.getAttribute("href"))!);
    expect(answer.headers()["content-type"]).toContain("text/csv");
  });
});

test("a call that is not there is said in words", async ({ page }) => {
  await page.goto("/calls/call_0000000000000");
  await expect(page.getByText("There is no such call here")).toBeVisible();
});
