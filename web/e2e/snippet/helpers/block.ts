/** The block a site owner pastes, made from the built artefacts as the server makes it. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const dist = new URL("../../../snippet/dist/", import.meta.url);

export const loader = () => readFileSync(new URL("loader.js", dist), "utf8");
export const core = () => readFileSync(new URL("core.js", dist), "utf8");
export const extras = () => readFileSync(new URL("extras.js", dist), "utf8");

export const inline = () => readFileSync(new URL("inline.js", dist), "utf8");

/** The CSP source expression of an inline script. */
export const hashOf = (script: string) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`;

/** What only some sites ask for; see the snippet's contract. */
export interface Extras {
  m?: "attribute" | "auto";
  n?: string[];
  c?: string;
  x?: string[];
  a?: string[];
  j?: 1;
  i?: 1;
  s?: 1;
  d?: 1;
  f?: { s: string; m: Record<string, string>; c?: string }[];
}

export type Rule = [kind: "p" | "r" | "*", name: string, pattern: string, numbers: ([n: string, f?: string] | null)[]];

export interface Config {
  v: number;
  c: number;
  u: string;
  k: string;
  t: [id: string, printed: string][];
  r: Rule[];
  o: string;
  d: 0 | 1;
  e?: Extras;
}

/** JSON that cannot end its script element. */
const json = (config: Config) => JSON.stringify(config).replace(/</g, "\\u003c");

const pasted = (config: Config, script: string, attributes = "") =>
  `<script type="application/json" id="trunkline-config">${json(config)}</script>\n<script${attributes}>${script}</script>`;

export const block = (config: Config, attributes = "") => pasted(config, loader(), attributes);

/** The form that carries its core. */
export const allInline = (config: Config) => pasted(config, inline());

/** The one-tag form: a script that brings its own configuration element. */
export const oneTag = (config: Config) =>
  `(function(){var e=document.createElement("script");e.type="application/json";e.id="trunkline-config";e.textContent=${JSON.stringify(json(config))};document.head.appendChild(e)})();${loader()}`;
