/** Counts the places of the page that show our number. */
import type { Shared } from "../contract.ts";

/** How long counting may hold a page up before the rest of it waits its turn; a task of 50 ms counts as long. */
const SLICE_MS = 12;

type Place = (Node & { _tl?: [string, string] }) | null;

/** Texts and attributes below `roots`: all that may hold what the engine wrote. */
function* all(shared: Shared, roots: Iterable<Node>): Generator<Place> {
  for (const root of roots) {
    // Unlike a tree walker, it goes on when the text it stands at is removed.
    const texts = document.createNodeIterator(root, NodeFilter.SHOW_TEXT);
    for (let text; (text = texts.nextNode()); ) yield text;
    for (const element of (root as Document).querySelectorAll(shared.A.map((name) => `[${name}]`).join()))
      for (const name of shared.A) yield element.getAttributeNode(name);
  }
}

/** Calls `done` with the number of places below `roots` that hold what the engine wrote: at once if it is the `last` chance or the page is small. */
export const places = (shared: Shared, roots: Iterable<Node>, last: boolean | undefined, done: (count: number) => void): void => {
  const rest = all(shared, roots);
  let count = 0;
  const slice = () => {
    const end = Date.now() + SLICE_MS;
    for (let next; !(next = rest.next()).done; ) {
      const place = next.value;
      if (place?._tl && place._tl[1] == place.nodeValue) count++;
      if (!last && Date.now() > end) return void setTimeout(slice);
    }
    done(count);
  };
  slice();
};
