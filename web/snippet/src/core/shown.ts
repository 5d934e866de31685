/** Counts the places of the page that show our number. */
import type { Shared } from "../contract.ts";

/** Texts and attributes below `roots` that hold what the engine wrote in them. */
export const places = (shared: Shared, roots: Iterable<Node>): number => {
  const live = (place: (Node & { _tl?: [string, string] }) | null) => +(place?._tl?.[1] == place?.nodeValue && !!place);
  let count = 0;
  for (const root of roots) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let text; (text = walker.nextNode()); ) count += live(text);
    for (const element of (root as Document).querySelectorAll(shared.A.map((name) => `[${name}]`).join()))
      for (const name of shared.A) count += live(element.getAttributeNode(name));
  }
  return count;
};
