/** Builds the two artefacts and their manifest into `dist/`, and fails when one is over its size bar. */
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { minify } from "terser";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Bytes after gzip; the bars of the `snippet` benchmark. */
export const BARS = { loader: 2000, core: 3000 };

/** Syntax that browsers of the last five years read; older ones leave the page alone. */
const ECMA = 2021;

const bundle = async (entry, format) => {
  const result = await build({
    entryPoints: [`${here}src/${entry}.ts`],
    bundle: true,
    minify: true,
    write: false,
    format,
    target: `es${ECMA}`,
    charset: "ascii",
    legalComments: "none",
    tsconfigRaw: {},
  });
  // esbuild leaves functions and constants that are used once where they are; here each of them counts.
  const squeezed = await minify(result.outputFiles[0].text, {
    ecma: ECMA,
    module: format == "esm",
    toplevel: true,
    compress: { passes: 4, unsafe: true, unsafe_arrows: true, booleans_as_integers: true, pure_getters: true },
    format: { ascii_only: true },
  });
  const text = squeezed.code.replace(/;$/, "");
  if (/<\/script|<!--/i.test(text)) throw new Error(`${entry}: holds a sequence that would end an inline script`);
  return text;
};

const gzipBytes = (text) => gzipSync(text, { level: 9 }).length;

const main = async () => {
  const [loader, core] = await Promise.all([bundle("loader", "iife"), bundle("core", "esm")]);
  const manifest = {
    format: 1,
    loader_bytes: loader.length,
    loader_gzip_bytes: gzipBytes(loader),
    loader_csp: `sha256-${createHash("sha256").update(loader).digest("base64")}`,
    core_bytes: core.length,
    core_gzip_bytes: gzipBytes(core),
    core_hash: createHash("sha256").update(core).digest("hex").slice(0, 8),
  };
  await mkdir(`${here}dist`, { recursive: true });
  await Promise.all([
    writeFile(`${here}dist/loader.js`, loader),
    writeFile(`${here}dist/core.js`, core),
    writeFile(`${here}dist/manifest.json`, JSON.stringify(manifest, null, 2) + "\n"),
  ]);
  console.log(`loader ${manifest.loader_gzip_bytes} of ${BARS.loader} bytes, core ${manifest.core_gzip_bytes} of ${BARS.core} bytes (gzip)`);
  if (manifest.loader_gzip_bytes > BARS.loader || manifest.core_gzip_bytes > BARS.core) throw new Error("over the size bar");
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
