/** The artefacts stay under their size bars, and the block can be pasted into a page. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

// The test runs from dist/test.
const root = new URL("../../", import.meta.url);
execFileSync(process.execPath, ["build.mjs"], { cwd: root });
const read = (name: string) => readFileSync(new URL(`dist/${name}`, root), "utf8");
const loader = read("loader.js");
const core = read("core.js");
const inline = read("inline.js");
const manifest = JSON.parse(read("manifest.json"));

test("the loader is at most 2000 and the core at most 3000 bytes after gzip", () => {
  assert.equal(manifest.loader_gzip_bytes, gzipSync(loader, { level: 9 }).length);
  assert.equal(manifest.core_gzip_bytes, gzipSync(core, { level: 9 }).length);
  assert.ok(manifest.loader_gzip_bytes <= 2000, `loader: ${manifest.loader_gzip_bytes}`);
  assert.ok(manifest.core_gzip_bytes <= 3000, `core: ${manifest.core_gzip_bytes}`);
});

test("what is pasted is plain text for an inline script of any encoding", () => {
  for (const script of [loader, inline]) {
    assert.match(script, /^[\x20-\x7e\n]*$/);
    assert.doesNotMatch(script, /<\/script|<!--/i);
  }
});

test("the core holds no second engine", () => {
  assert.match(loader, /MutationObserver/);
  assert.doesNotMatch(core, /MutationObserver|matchAll|nodeValue=/);
});

test("the all-inline form holds one engine and fetches no core", () => {
  assert.equal(inline.match(/MutationObserver/g)?.length, 1);
  assert.equal(inline.match(/import\(/g)?.length, 1);
  assert.match(inline, /"extras\.\w+\.js"/);
});

test("neither artefact writes markup", () => assert.doesNotMatch(loader + core + inline, /innerHTML|insertAdjacent|outerHTML|document\.write|createElement/));

test("the manifest names what was built", () => {
  assert.equal(manifest.loader_csp, `sha256-${createHash("sha256").update(loader).digest("base64")}`);
  assert.equal(manifest.inline_csp, `sha256-${createHash("sha256").update(inline).digest("base64")}`);
  assert.ok(createHash("sha256").update(core).digest("hex").startsWith(manifest.core_hash));
});
