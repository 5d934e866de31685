/** The snippet in a real browser: Debian's Chromium, one worker, no network beyond loopback. */
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  workers: 1,
  timeout: 30_000,
  forbidOnly: true,
  reporter: "list",
  globalSetup: "./helpers/build.ts",
  outputDir: "../test-results/snippet",
  use: {
    launchOptions: {
      executablePath: process.env.TRUNKLINE_CHROMIUM ?? "/usr/bin/chromium",
      // Pages must be able to sleep in the back/forward cache, as in a visitor's browser.
      ignoreDefaultArgs: ["--disable-back-forward-cache"],
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
