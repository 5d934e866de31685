// Where the cards of a flow stand: layers from the start downwards, each card under those that lead to it.

import { ways, type FlowDocument, type FlowNode, type Place } from "./document";

/** Width of a card, and of the cell of one way out where there are many. */
export const CARD_WIDTH = 248;
const CELL_WIDTH = 78;
/** Between two cards side by side, and from one layer to the next. */
const GAP_X = 40;
const LAYER = 152;
/** How often layers are ordered by what leads to them. */
const SWEEPS = 4;

export function cardWidth(node: FlowNode): number {
  return Math.max(CARD_WIDTH, ways(node).length * CELL_WIDTH);
}

type Edge = { from: string; to: string; /** Where on the card it leaves, 0 to 1. */ at: number };

/** Places for all cards, whatever the document says. */
export function layout(document: FlowDocument): Map<string, Place> {
  const names = Object.keys(document.nodes);
  const edges = names.flatMap((name) => edgesOf(document, name));
  const { forward, order } = withoutCircles(document, names, edges);
  const ranks = rankOf(order, forward);
  const layers: string[][] = [];
  for (const name of order) (layers[ranks.get(name) ?? 0] ??= []).push(name);

  const places = new Map<string, Place>();
  const centre = (edge: Edge) => {
    const from = places.get(edge.from);
    const node = document.nodes[edge.from];
    return from && node ? from.x + cardWidth(node) * edge.at : 0;
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    layers.forEach((layer, rank) => {
      const wanted = new Map(
        layer.map((name, i) => {
          const into = forward.filter((edge) => edge.to === name);
          const mean = into.reduce((sum, edge) => sum + centre(edge), 0) / (into.length || 1);
          return [name, into.length ? mean : (places.get(name)?.x ?? i * (CARD_WIDTH + GAP_X))];
        }),
      );
      layer.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
      placeLayer(document, layer, wanted, rank, places);
    });
  }
  return atOrigin(places);
}

function edgesOf(document: FlowDocument, name: string): Edge[] {
  const node = document.nodes[name];
  if (!node) return [];
  const out = ways(node);
  return out.flatMap((way, i) =>
    way.to in document.nodes && way.to !== name ? [{ from: name, to: way.to, at: (i + 0.5) / out.length }] : [],
  );
}

/** The edges without those that close a circle, and the nodes so that every edge leads onwards. */
function withoutCircles(document: FlowDocument, names: string[], edges: Edge[]) {
  const state = new Map<string, "open" | "done">();
  const back = new Set<Edge>();
  const finished: string[] = [];
  const visit = (name: string) => {
    state.set(name, "open");
    for (const edge of edges.filter((each) => each.from === name)) {
      const there = state.get(edge.to);
      if (there === "open") back.add(edge);
      else if (!there) visit(edge.to);
    }
    state.set(name, "done");
    finished.push(name);
  };
  for (const name of [document.start, ...names]) if (name in document.nodes && !state.has(name)) visit(name);
  return { forward: edges.filter((edge) => !back.has(edge)), order: finished.reverse() };
}

/** The longest way from a beginning to each node. */
function rankOf(order: string[], forward: Edge[]): Map<string, number> {
  const ranks = new Map<string, number>(order.map((name) => [name, 0]));
  for (const name of order)
    for (const edge of forward)
      if (edge.from === name) ranks.set(edge.to, Math.max(ranks.get(edge.to) ?? 0, (ranks.get(name) ?? 0) + 1));
  return ranks;
}

/** Each card as near to where it is wanted as its neighbours let it. */
function placeLayer(
  document: FlowDocument,
  layer: string[],
  wanted: Map<string, number>,
  rank: number,
  places: Map<string, Place>,
): void {
  const widths = layer.map((name) => cardWidth(document.nodes[name] as FlowNode));
  let right = -Infinity;
  let off = 0;
  const lefts = layer.map((name, i) => {
    const width = widths[i] ?? CARD_WIDTH;
    const ideal = (wanted.get(name) ?? 0) - width / 2;
    const left = Math.max(ideal, right + GAP_X);
    right = left + width;
    off += left - ideal;
    return left;
  });
  const shift = layer.length ? off / layer.length : 0;
  layer.forEach((name, i) => places.set(name, { x: (lefts[i] ?? 0) - shift, y: rank * LAYER }));
}

function atOrigin(places: Map<string, Place>): Map<string, Place> {
  const left = Math.min(...[...places.values()].map((place) => place.x));
  return new Map([...places].map(([name, { x, y }]) => [name, { x: Math.round(x - left), y }]));
}

/** Where each card stands: as the document says; a node it has no place for, below all others. */
export function placesOf(document: FlowDocument): Map<string, Place> {
  const entries = Object.entries(document.nodes);
  const placed = entries.flatMap(([name, node]) => (node.place ? [[name, node.place] as const] : []));
  if (placed.length === 0) return entries.length ? layout(document) : new Map();
  const left = Math.min(...placed.map(([, place]) => place.x));
  const below = Math.max(...placed.map(([, place]) => place.y)) + LAYER;
  const places = new Map(placed);
  entries
    .filter(([, node]) => !node.place)
    .forEach(([name], i) => places.set(name, { x: left + i * (CARD_WIDTH + GAP_X), y: below }));
  return places;
}

/** A free place for a new card: under the card it follows, else below all others. */
export function placeAfter(places: ReadonlyMap<string, Place>, after: string | null): Place {
  const from = after === null ? undefined : places.get(after);
  const all = [...places.values()];
  const start = from
    ? { x: from.x, y: from.y + LAYER }
    : { x: Math.min(0, ...all.map((p) => p.x)), y: all.length ? Math.max(...all.map((p) => p.y)) + LAYER : 0 };
  const taken = (place: Place) =>
    all.some((p) => Math.abs(p.x - place.x) < CARD_WIDTH && Math.abs(p.y - place.y) < LAYER / 2);
  while (taken(start)) start.x += CARD_WIDTH + GAP_X;
  return start;
}
