/** Bundles the tests, because Node does not read TypeScript everywhere, and runs them with Node's own runner. */
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = fileURLToPath(new URL("../dist/test/", import.meta.url));
const names = readdirSync(here).filter((name) => name.endsWith(".test.ts"));

await build({
  entryPoints: names.map((name) => here + name),
  outdir: out,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  external: ["esbuild", "terser"],
  outExtension: { ".js": ".mjs" },
  logLevel: "warning",
});
const { status } = spawnSync(process.execPath, ["--test", ...names.map((name) => out + name.replace(/ts$/, "mjs"))], { stdio: "inherit" });
process.exit(status ?? 1);
