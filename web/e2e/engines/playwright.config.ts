/** The snippet in the other engines: Firefox and WebKit, as Debian has them. Playwright only runs the tests. */
import { defineConfig } from "@playwright/test";
import type { Options } from "./helpers/fixtures.ts";

export default defineConfig<object, Options>({
  testDir: ".",
  workers: 1,
  timeout: 30_000,
  forbidOnly: true,
  reporter: "list",
  globalSetup: "../snippet/helpers/build.ts",
  outputDir: "../test-results/engines",
  projects: [
    { name: "firefox", use: { engine: "firefox" } },
    { name: "webkit", use: { engine: "webkit" } },
  ],
});
