/**
 * Starts the real demo, runs the browser tests against it, and ends it as a person would, with Ctrl-C.
 * The demo tells its addresses in a file, so every port is a free one.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PROGRAM = process.env.TRUNKLINE_PROGRAM ?? join(ROOT, "target/debug/trunkline");
const READY_MS = 60_000;
const END_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), "trunkline-e2e-"));
const readyFile = join(folder, "ready.json");
const any = "127.0.0.1:0";
const demo = spawn(PROGRAM, ["demo", "--http", any, "--site", any, "--sip", any, "--ready-file", readyFile], {
  cwd: folder,
  stdio: ["ignore", "inherit", "inherit"],
});
const ended = new Promise((resolve) => demo.once("exit", (code, signal) => resolve({ code, signal })));

/** What the demo tells once it is ready. */
async function ready() {
  const until = Date.now() + READY_MS;
  while (Date.now() < until) {
    if (existsSync(readyFile)) return JSON.parse(readFileSync(readyFile, "utf8"));
    if (demo.exitCode !== null) throw new Error(`the demo ended with ${demo.exitCode} before it was ready`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the demo did not become ready");
}

/** Runs one set of browser tests; its exit code. */
const playwright = (config, env) =>
  new Promise((resolve) => {
    const run = spawn("npx", ["playwright", "test", "-c", config], { cwd: join(ROOT, "web/e2e"), stdio: "inherit", env: { ...process.env, ...env } });
    run.once("exit", (code) => resolve(code ?? 1));
  });

let failed = 0;
try {
  const told = await ready();
  const env = {
    TRUNKLINE_URL: told.dashboard,
    TRUNKLINE_SITE: told.site,
    TRUNKLINE_EMAIL: told.email,
    TRUNKLINE_PASSWORD: told.password,
    // What the demo lacks is no reason to skip a test.
    TRUNKLINE_DEMO: "1",
  };
  failed += await playwright("product/playwright.config.ts", env);
  failed += await playwright("dashboard/playwright.config.ts", env);
} finally {
  demo.kill("SIGINT");
  const timer = setTimeout(() => demo.kill("SIGKILL"), END_MS);
  const { code, signal } = await ended;
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true });
  if (code !== 0) {
    console.error(`the demo did not end cleanly: ${signal ?? code}`);
    failed += 1;
  }
}
process.exit(failed === 0 ? 0 : 1);
