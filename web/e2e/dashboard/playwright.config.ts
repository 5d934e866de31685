// Browser tests of the dashboard against a running server: TRUNKLINE_URL, TRUNKLINE_EMAIL and TRUNKLINE_PASSWORD name it.

import { defineConfig } from "@playwright/test";
import { loginFile } from "./house";

const LOOKS = /pages\.spec\.ts/;
const chromium = process.env.TRUNKLINE_CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: ".",
  outputDir: "../test-results/dashboard",
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    baseURL: process.env.TRUNKLINE_URL ?? "http://127.0.0.1:8080",
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: chromium,
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
  projects: [
    { name: "sign-in", testMatch: /sign-in\.setup\.ts/ },
    // They share a server: those that only look go beside those that do something, each one after the other.
    {
      name: "looks",
      testMatch: LOOKS,
      dependencies: ["sign-in"],
      use: { storageState: loginFile },
      workers: 1,
    },
    {
      name: "dashboard",
      testMatch: /.*\.spec\.ts/,
      testIgnore: LOOKS,
      dependencies: ["sign-in"],
      use: { storageState: loginFile },
      workers: 1,
    },
  ],
});
