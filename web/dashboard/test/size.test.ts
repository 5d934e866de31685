// The bar on what a browser must load before the first page works.

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, it, vi } from "vitest";
import { build, type Rollup } from "vite";

/** Bytes of gzipped JavaScript for the first route. */
const FIRST_ROUTE_MAX = 230_000;
const FIRST_ROUTES = [
  "features/call/LivePage.tsx",
  "features/call/CallsPage.tsx",
  "features/assignment/NumbersPage.tsx",
];
const BUILD_MS = 120_000;

it("the first route stays within its bar, whichever page it is", { timeout: BUILD_MS }, async () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  // The test runner's own mode would build the development form of React.
  vi.stubEnv("NODE_ENV", "production");
  const built = (await build({
    root,
    mode: "production",
    logLevel: "silent",
    build: { write: false },
  })) as Rollup.RollupOutput;
  const chunks = built.output.filter((file) => file.type === "chunk");
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const entry = chunks.find((chunk) => chunk.isEntry);

  const closure = (name: string, seen: Set<string>): Set<string> => {
    if (seen.has(name)) return seen;
    seen.add(name);
    byName.get(name)?.imports.forEach((each) => closure(each, seen));
    return seen;
  };
  for (const route of FIRST_ROUTES) {
    const page = chunks.find((chunk) => chunk.facadeModuleId?.endsWith(route));
    expect(page, route).toBeDefined();
    const loaded = closure(page!.fileName, closure(entry!.fileName, new Set()));
    const bytes = [...loaded].reduce((sum, name) => sum + gzipSync(byName.get(name)?.code ?? "").length, 0);
    console.info(`${route}: ${bytes} bytes of gzipped JavaScript`);
    expect(bytes, route).toBeLessThanOrEqual(FIRST_ROUTE_MAX);
  }
});
