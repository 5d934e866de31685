/** Swaps a whole page without holding it up: what a person sees first at once, the rest of a large page in slices. */
import type { Shared } from "../contract.ts";

/** Elements of one slice; far below what takes 50 ms, after which a task counts as long. */
const SLICE_MAX = 1500;

/** The last walk; a later one takes its place. */
let current: unknown;

const size = (element: Element) => element.getElementsByTagName("*").length + 1;

export const inSlices = (shared: Shared): void => {
  const walk = (current = {});
  /** What is still to be swapped, the next last. */
  const waiting: Node[] = [document.documentElement];
  const slice = () => {
    const nodes: Node[] = [];
    let room = SLICE_MAX;
    for (let node; room > 0 && (node = waiting.pop()); ) {
      const count = node.nodeType == 1 ? size(node as Element) : 1;
      if (count <= SLICE_MAX) {
        nodes.push(node);
        room -= count;
      } else {
        // Too large: its own attributes and texts now, its elements one by one.
        shared.w([{ target: node, addedNodes: [] }]);
        for (const child of [...(node as Element).children].reverse()) waiting.push(child);
      }
    }
    shared.w([{ addedNodes: nodes }]);
    if (waiting.length) setTimeout(() => walk == current && slice());
  };
  slice();
};
