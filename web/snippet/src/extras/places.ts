/** Places the loader does not look into: JSON-LD, frames of the same origin, open shadow roots. */
import type { Lent, Shared } from "../contract.ts";
import { KEYS, replacement } from "../number.ts";

/** Shadow roots and frames that are watched at most. */
const ROOTS_MAX = 100;

/** A `telephone` field with its text or list of texts. */
const TELEPHONE = /"telephone"\s*:\s*(?:"(?:[^"\\]|\\.)*"|\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])/g;

const TEXT = /"(?:[^"\\]|\\.)*"/g;

/** `json` with the texts of its telephone fields changed by `swap`; every other character stays. */
export const telephones = (json: string, swap: (text: string) => string): string =>
  json.replace(TELEPHONE, (field) => {
    const head = field.match(/^"telephone"\s*:\s*/)![0];
    return (
      head +
      field.slice(head.length).replace(TEXT, (literal) => {
        try {
          const text: string = JSON.parse(literal);
          const swapped = swap(text);
          return swapped == text ? literal : JSON.stringify(swapped).replace(/</g, "\\u003c");
        } catch {
          return literal;
        }
      })
    );
  });

/** Swaps the telephone fields of the page's JSON-LD, always from what was written there first. */
export const jsonLd = (shared: Shared): void => {
  const originals = new WeakMap<Element, [original: string, ours: string]>();
  const swap = shared.r;
  const apply = () => {
    const wanted = Object.fromEntries(shared.C.t.map((target) => [target[1], target[0]]));
    const replace = replacement(wanted, shared.M.numbers, KEYS);
    for (const script of document.querySelectorAll('script[type="application/ld+json"]')) {
      const now = script.textContent!;
      const before = originals.get(script);
      const original = before?.[1] == now ? before[0] : now;
      const ours = telephones(original, (text) => replace(text, false).join(""));
      originals.set(script, [original, ours]);
      if (ours != now) script.textContent = ours;
    }
  };
  shared.r = (root) => {
    swap(root);
    if (!root) apply();
  };
  apply();
  if (document.readyState == "loading") document.addEventListener("DOMContentLoaded", apply);
};

/** Swaps in frames whose document is ours to read and has no block of its own. */
export const frames = (shared: Shared, lent: Lent): void => {
  let count = 0;
  const done = new WeakSet<Document>();
  const enter = (frame: HTMLIFrameElement) => {
    try {
      const inner = frame.contentDocument;
      if (!inner?.documentElement || done.has(inner) || (frame.contentWindow as Window).tl?.call || ++count > ROOTS_MAX) return;
      done.add(inner);
      shared.r(inner.documentElement);
      lent.taps(inner);
    } catch {
      // Another origin's.
    }
  };
  document.querySelectorAll("iframe").forEach(enter);
  document.addEventListener("load", ({ target }) => (target as Element).nodeName == "IFRAME" && enter(target as HTMLIFrameElement), true);
};

/** Swaps in open shadow roots, those of today and those attached later. */
export const shadows = (shared: Shared, everywhere: (visit: (node: Text | Element) => void) => void): void => {
  const entered = new WeakSet<ShadowRoot>();
  let count = 0;
  const enter = (root: ShadowRoot) => {
    if (entered.has(root) || ++count > ROOTS_MAX) return;
    entered.add(root);
    const take = (nodes: Iterable<Node>) => {
      for (const node of nodes)
        if (node.nodeType == 1) {
          shared.r(node as Element);
          for (const inner of [node as Element, ...(node as Element).querySelectorAll("*")]) inner.shadowRoot && enter(inner.shadowRoot);
        }
    };
    take(root.children);
    new MutationObserver((records) => records.forEach((record) => take(record.addedNodes))).observe(root, { childList: true });
  };
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (this: Element, init: ShadowRootInit) {
    const root = attach.call(this, init);
    if (init.mode == "open") enter(root);
    return root;
  };
  everywhere((node) => {
    const root = (node as Element).shadowRoot;
    if (root) enter(root);
  });
};
