// The way of a made-up call over the graph: which steps in which order, and over which ways out.

import type { Schema } from "@trunkline/api-client";
import { ways, type FlowDocument } from "./document";

export type Try = Schema<"FlowTry">;

export type Walk = {
  /** Each step with the number of its first visit, from 1. */
  order: Map<string, number>;
  /** Ways that were gone, as `edgeId` names them. */
  edges: Set<string>;
};

export const noWalk: Walk = { order: new Map(), edges: new Set() };

export const edgeId = (name: string, way: string): string => `${name}|${way}`;

export function walkOf(document: FlowDocument, went: Pick<Try, "steps">): Walk {
  const order = new Map<string, number>();
  const edges = new Set<string>();
  let before: string | null = null;
  for (const { node: name, way } of went.steps) {
    // A step that came back to itself over a way of its own was left too.
    if ((name === before && way == null) || !(name in document.nodes)) continue;
    if (!order.has(name)) order.set(name, order.size + 1);
    const from = before === null ? undefined : document.nodes[before];
    if (from && before !== null && ways(from).some((each) => each.id === way)) edges.add(edgeId(before, way as string));
    before = name;
  }
  return { order, edges };
}

/** The steps of the answer grouped by the node they happened in, in the order of the call. */
export function stages(went: Pick<Try, "steps">): { node: string; at_ms: number; words: string[] }[] {
  const found: { node: string; at_ms: number; words: string[] }[] = [];
  for (const step of went.steps) {
    const last = found.at(-1);
    if (last && last.node === step.node) last.words.push(step.words);
    else found.push({ node: step.node, at_ms: step.at_ms, words: [step.words] });
  }
  // "Enters a menu node" tells nothing where something else happened in it.
  for (const stage of found) if (stage.words.length > 1 && /^Enters an? /.test(stage.words[0] ?? "")) stage.words.shift();
  return found;
}
