/** Builds the snippet once before the tests, so that they never run against an old one. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export default () => {
  execFileSync(process.execPath, ["build.mjs"], { cwd: fileURLToPath(new URL("../../../snippet/", import.meta.url)), stdio: "inherit" });
};
