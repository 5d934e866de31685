/** Builds the artefacts and their manifest into `dist/`, and fails when one is over its size bar. */
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { minify } from "terser";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Bytes after gzip; the bars of the `snippet` benchmark. */
export const BARS = { loader: 2000, core: 3000, inline: 4500, extras: 8000 };

/** Syntax that browsers of the last five years read; older ones leave the page alone. */
const ECMA = 2021;

/** Puts the core where the loader would fetch it. */
const carried = {
  name: "carried",
  setup: (build) => build.onResolve({ filter: /^\.\/fetched\.ts$/ }, () => ({ path: `${here}src/carried.ts` })),
};

const bundle = async (entry, format, { define = {}, plugins = [] } = {}) => {
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
    define,
    plugins,
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

/** The hash in a module's file name: the first five bytes, as the server makes it. */
const shortHash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 10);

/** The hash by which a content security policy knows an inline script. */
const csp = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

const gzipBytes = (text) => gzipSync(text, { level: 9 }).length;

const main = async () => {
  const [loader, extras] = await Promise.all([bundle("loader", "iife"), bundle("extras", "esm")]);
  // The core asks for the extras it was built with, beside itself.
  const define = { EXTRAS: JSON.stringify(`extras.${shortHash(extras)}.js`) };
  const [core, inline] = await Promise.all([bundle("core", "esm", { define }), bundle("loader", "iife", { define, plugins: [carried] })]);
  const manifest = {
    format: 1,
    loader_bytes: loader.length,
    loader_gzip_bytes: gzipBytes(loader),
    loader_csp: csp(loader),
    core_bytes: core.length,
    core_gzip_bytes: gzipBytes(core),
    core_hash: shortHash(core),
    inline_bytes: inline.length,
    inline_gzip_bytes: gzipBytes(inline),
    inline_csp: csp(inline),
    extras_bytes: extras.length,
    extras_gzip_bytes: gzipBytes(extras),
    extras_hash: shortHash(extras),
  };
  await mkdir(`${here}dist`, { recursive: true });
  await Promise.all([
    writeFile(`${here}dist/loader.js`, loader),
    writeFile(`${here}dist/core.js`, core),
    writeFile(`${here}dist/inline.js`, inline),
    writeFile(`${here}dist/extras.js`, extras),
    writeFile(`${here}dist/manifest.json`, JSON.stringify(manifest, null, 2) + "\n"),
  ]);
  const sizes = Object.entries(BARS).map(([name, bar]) => ({ name, bar, bytes: manifest[`${name}_gzip_bytes`] }));
  console.log(sizes.map(({ name, bar, bytes }) => `${name} ${bytes} of ${bar} bytes`).join(", ") + " (gzip)");
  if (sizes.some(({ bar, bytes }) => bytes > bar)) throw new Error("over the size bar");
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
