// The library of sounds: a file becomes a sound, is heard, named, chosen in a flow, kept while it is used, and removed.

import { expect, test, type Page } from "@playwright/test";
import { expectAccessible, open } from "./house";

const RATE = 8_000;

/** Half a second of a tone as a WAV file. Another tone is another sound. */
function tone(hertz: number): Buffer {
  const samples = RATE / 2;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i++)
    wav.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * hertz * i) / RATE)), 44 + i * 2);
  return wav;
}

async function send(page: Page, name: string, buffer: Buffer, mimeType = "audio/wav"): Promise<void> {
  await page.getByLabel("Sound files").setInputFiles({ name, mimeType, buffer });
}

test("a sound is sent, heard, named, chosen in a flow and removed", async ({ page }) => {
  const name = `Browser test ${Date.now()}`;
  await open(page, "/sounds");
  await send(page, `${name}.wav`, tone(200 + (Date.now() % 1_500)));
  const row = page.getByRole("row").filter({ hasText: name });
  await expect(row).toContainText("no flow");
  await row.getByRole("button", { name: `Play ${name}` }).click();
  await expect(row.getByRole("button", { name: `Play ${name}` })).toBeVisible();
  await expect(row.getByRole("alert")).toHaveCount(0);
  await expectAccessible(page);

  await row.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill(`${name} b`);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(row).toContainText(`${name} b`);

  await open(page, "/flows");
  await page.getByRole("button", { name: /^(New call flow|Draw the first one)$/ }).first().click();
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Draw it" }).click();
  await page.getByRole("button", { name: "Add Play", exact: true }).click();
  await page.getByRole("combobox", { name: "The sound" }).click();
  await page.getByRole("option", { name: `${name} b` }).click();
  await expect(page.getByText("Draft saved")).toBeVisible();

  await open(page, "/sounds");
  await expect(row.getByRole("link", { name })).toBeVisible();
  await row.getByRole("button", { name: `Actions for ${name} b` }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the sound" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText(name);
  await page.getByRole("button", { name: "Keep it" }).click();

  await row.getByRole("link", { name }).click();
  await page.getByRole("group", { name: "Step Play" }).click();
  await page.keyboard.press("Delete");
  await expect(page.getByText("Draft saved")).toBeVisible();
  await open(page, "/sounds");
  await expect(row).toContainText("no flow");
  await row.getByRole("button", { name: `Actions for ${name} b` }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the sound" }).click();
  await expect(row).toHaveCount(0);
});

test("a file that is no sound is refused in words", async ({ page }) => {
  await open(page, "/sounds");
  await send(page, "notes.txt", Buffer.from("notes"), "text/plain");
  await expect(page.getByRole("alert")).toContainText("choose a WAV, MP3 or AAC file");
  await send(page, "broken.wav", Buffer.from("RIFF and nothing more"));
  await expect(page.getByRole("alert")).toHaveCount(2);
  await page.getByRole("button", { name: "Dismiss notes.txt" }).click();
  await expect(page.getByRole("alert")).toHaveCount(1);
});
