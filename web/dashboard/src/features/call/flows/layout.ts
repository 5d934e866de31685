// Where the cards of a flow stand: layers from the start downwards, each card under those that lead to it.

import { ways, type FlowDocument, type FlowNode, type Place } from "./document";

/** Width of a card, and of the cell of one way out where there are many. */
export const CARD_WIDTH = 248;
const CELL_WIDTH = 78;
/** Between two cards side by side, and from one layer to the next. */
const GAP_X = 40;
const LAYER = 168;
/** How often layers are ordered by what leads to them. */
const SWEEPS = 4;

export function cardWidth(node: FlowNode): number {
  return Math.max(CARD_WIDTH, ways(node).length * CELL_WIDTH);
}

type Edge = { from: string; to: string; /** Where on the card it leaves, 0 to 1. */ at: number };

/** What stands in a layer: a card, or the room that a line needs which passes it by. */
type Slot = { id: string; width: number };
const LINE_WIDTH = 16;

/** Places for all cards, whatever the document says. */
export function layout(document: FlowDocument): Map<string, Place> {
  const names = Object.keys(document.nodes);
  const { forward, order } = withoutCircles(
    document,
    names,
    names.flatMap((name) => edgesOf(document, name)),
  );
  const ranks = rankOf(order, forward);
  const layers: Slot[][] = [];
  for (const id of order)
    (layers[ranks.get(id) ?? 0] ??= []).push({ id, width: cardWidth(document.nodes[id] as FlowNode) });
  const pieces = forward.flatMap((edge, i) => piecesOf(edge, i, ranks, layers));

  const lefts = new Map<string, number>();
  const widths = new Map(layers.flat().map((slot) => [slot.id, slot.width]));
  const leaves = (edge: Edge) => (lefts.get(edge.from) ?? 0) + (widths.get(edge.from) ?? 0) * edge.at;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of layers) {
      const wanted = new Map(
        layer.map((slot, i) => {
          const into = pieces.filter((edge) => edge.to === slot.id);
          const mean = into.reduce((sum, edge) => sum + leaves(edge), 0) / (into.length || 1);
          return [slot.id, into.length ? mean : i * (CARD_WIDTH + GAP_X) + slot.width / 2];
        }),
      );
      layer.sort((a, b) => (wanted.get(a.id) ?? 0) - (wanted.get(b.id) ?? 0));
      placeLayer(layer, wanted, lefts);
    }
  }
  const left = Math.min(...names.map((name) => lefts.get(name) ?? 0));
  return new Map(
    names.map((name) => [
      name,
      { x: Math.round((lefts.get(name) ?? 0) - left), y: (ranks.get(name) ?? 0) * LAYER },
    ]),
  );
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

/** An edge as pieces from layer to layer, with room for its line in each layer that it passes. */
function piecesOf(edge: Edge, index: number, ranks: Map<string, number>, layers: Slot[][]): Edge[] {
  const from = ranks.get(edge.from) ?? 0;
  const to = ranks.get(edge.to) ?? 0;
  const pieces: Edge[] = [];
  let last = edge;
  for (let rank = from + 1; rank < to; rank++) {
    // No name of a step begins with a line break.
    const id = `\n${index} ${rank}`;
    layers[rank]?.push({ id, width: LINE_WIDTH });
    pieces.push({ ...last, to: id });
    last = { from: id, to: edge.to, at: 0.5 };
  }
  return [...pieces, last];
}

/** Each slot as near to where it is wanted as its neighbours let it. */
function placeLayer(layer: Slot[], wanted: Map<string, number>, lefts: Map<string, number>): void {
  let right = -Infinity;
  let off = 0;
  const found = layer.map(({ id, width }) => {
    const ideal = (wanted.get(id) ?? 0) - width / 2;
    const left = Math.max(ideal, right + GAP_X);
    right = left + width;
    off += left - ideal;
    return left;
  });
  const shift = layer.length ? off / layer.length : 0;
  layer.forEach(({ id }, i) => lefts.set(id, (found[i] ?? 0) - shift));
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

/** How far above the step that calls begin at its card stands, and the room that it and a card with a finding need. */
const ENTRY_ABOVE = 104;
const ENTRY_HEIGHT = 64;
const CARD_ROOM = 104;

/** Where "Call comes in" stands: above the step that calls begin at, or beside that place where another card has it. */
export function entryPlace(document: FlowDocument, places: ReadonlyMap<string, Place>): Place {
  const start = document.nodes[document.start];
  const first = places.get(document.start);
  if (!start || !first) return { x: 0, y: Math.min(0, ...[...places.values()].map((place) => place.y)) - ENTRY_ABOVE };
  const wanted = { x: first.x + (cardWidth(start) - CARD_WIDTH) / 2, y: first.y - ENTRY_ABOVE };
  const cards = Object.entries(document.nodes).flatMap(([name, node]) => {
    const place = places.get(name);
    return place && name !== document.start ? [{ ...place, width: cardWidth(node) }] : [];
  });
  const free = (x: number) =>
    cards.every(
      (card) =>
        x + CARD_WIDTH <= card.x ||
        card.x + card.width <= x ||
        wanted.y + ENTRY_HEIGHT <= card.y ||
        card.y + CARD_ROOM <= wanted.y,
    );
  for (let aside = 0; ; aside += CARD_WIDTH + GAP_X)
    for (const x of [wanted.x + aside, wanted.x - aside]) if (free(x)) return { x, y: wanted.y };
}
