/** Walks a page in slices, so that no task of ours is felt, and hears of what is added later. */

/** How long one slice may work; far below the 50 ms that count as a long task. */
const SLICE_MS = 6;

/** How long additions may gather before they are looked at. */
const GATHER_MS = 50;

/** Calls `visit` with every text and element below `root`, a slice at a time, then `done`. */
export const inSlices = (root: Node, visit: (node: Text | Element) => void, done?: () => void): void => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  let node: Node | null = walker.currentNode;
  const step = () => {
    const end = performance.now() + SLICE_MS;
    while (node) {
      if (node.nodeType == 1 || node.nodeType == 3) visit(node as Text | Element);
      node = walker.nextNode();
      if (performance.now() > end) return void setTimeout(step);
    }
    done?.();
  };
  step();
};

/** Walks the page now, and later what is added to it or changed in it. */
export const everywhere = (visit: (node: Text | Element) => void, done?: () => void): void => {
  const waiting = new Set<Node>();
  const watch = new MutationObserver((records) => {
    if (!waiting.size) setTimeout(look, GATHER_MS);
    for (const record of records) {
      if (record.type == "characterData") waiting.add(record.target);
      record.addedNodes.forEach((node) => waiting.add(node));
    }
  });
  const look = () => {
    const roots = [...waiting];
    waiting.clear();
    let left = roots.length;
    for (const root of roots) inSlices(root, visit, () => --left || done?.());
  };
  watch.observe(document.documentElement, { subtree: true, childList: true, characterData: true });
  inSlices(document.documentElement, visit, done);
};
