// The flow document as the API gives it, and every change the builder makes to one. Pure: a document in, a new one out.

export type Place = { x: number; y: number };
export type Message = { prompt?: string; text?: string };
export type Destination = { to: string; ring_timeout_s: number };
export type Day = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
export type Block = { from: string; to: string };
export type WeeklyBlock = Block & { days: Day[] };
export type Holiday = { date: string; name?: string; open: Block[] };
/** What a branch asks of a call; `when.ts` knows its forms. */
export type Test = "absent" | { [test: string]: unknown };
export type Case = { when: Test; to: string };
export type Arm = { percent: number; to: string };
export type Question = Message & { tag: string; digits: number };

type Asking = Message & { timeout_s: number; tries: number };

/** How whoever picks up is connected. */
export type Handover = {
  whisper?: Message;
  accept?: { digit: string; tries: number };
  detect_machine?: boolean;
  recording?: "on" | "off";
  caller_id?: "caller" | "tracking_number";
};

/** The settings of each kind of node, as `crates/trunkline-core/src/call/flow/nodes.rs` writes them. */
export type Settings = {
  play: { prompt?: string };
  say: { text: string; voice?: string; language?: string };
  recording_notice: Message & { consent: "announce" };
  menu: Asking & { choices: Record<string, string>; barge_in: boolean };
  gather: Asking & { digits_min: number; digits_max: number; terminator?: string; between_s: number; tag: string };
  collect_zip: Asking & { between_s: number };
  schedule: { zone: string; weekly: WeeklyBlock[]; holidays?: Holiday[] };
  branch: { cases: Case[] };
  splitter: { arms: Arm[] };
  set_tag: { name: string; value: string };
  dial: Handover & { destinations: Destination[]; strategy?: "sequence" | "simultaneous" | "round_robin" };
  /** Without a campaign: that of the feed which the call came through. */
  route: Handover & { campaign?: string };
  voicemail: { greeting?: Message; max_s: number; silence_s: number; beep: boolean };
  webhook: { url: string; timeout_ms: number };
  survey: { questions: Question[] };
  challenge: Message & { digit?: string };
  go_to: { to: string };
  hang_up: { reason?: "normal" | "busy" | "rejected" };
};

export type Kind = keyof Settings;
type Around = { on?: Record<string, string>; place?: Place };
export type NodeOf<K extends Kind> = { kind: K } & Settings[K] & Around;
export type FlowNode = { [K in Kind]: NodeOf<K> }[Kind];
export type FlowDocument = { schema: number; start: string; nodes: Record<string, FlowNode> };

/** The outcomes of a kind, as the server lists them. */
export type Outcomes = Partial<Record<Kind, string[]>>;

/** The way for every outcome that has none of its own. */
export const DEFAULT = "default";
/** The outcome of a route step whose call nobody of its campaign took. */
export const NO_BUYER = "no_buyer";
/** Longest name of a step, in characters; the server has the last word. */
export const NAME_MAX = 60;

/** One way out of a node. An empty `to` is not linked. */
export type Way = {
  /** Names the way inside its node: `on:open`, `choice:1`, `case:0`, `arm:0`, `to`. */
  id: string;
  /** The outcome's word, the key, or the position of a case or arm. */
  word: string;
  sort: "outcome" | "choice" | "case" | "arm" | "target";
  to: string;
  /** Where an outcome that is not linked goes: as any other does. Empty when the call ends. */
  otherwise: string;
};

/** Outcomes that a card shows although they are not linked: those its author will think of. */
const usual: Partial<Record<Kind, string[]>> = {
  play: ["done"],
  say: ["done"],
  recording_notice: ["done"],
  set_tag: ["done"],
  survey: ["done"],
  menu: [DEFAULT],
  gather: ["collected", DEFAULT],
  collect_zip: ["collected", DEFAULT],
  schedule: ["open", "closed"],
  branch: [DEFAULT],
  dial: [DEFAULT],
  route: [NO_BUYER],
  webhook: ["ok", "failed"],
  challenge: ["passed", "failed"],
};

/** Every way out that is linked or usual, in the order in which a card shows them. */
export function ways(node: FlowNode): Way[] {
  const found: Way[] = [];
  if (node.kind === "menu") {
    for (const [key, to] of Object.entries(node.choices).sort(byKey))
      found.push({ id: `choice:${key}`, word: key, sort: "choice", to, otherwise: "" });
  }
  if (node.kind === "branch")
    node.cases.forEach((each, i) =>
      found.push({ id: `case:${i}`, word: String(i), sort: "case", to: each.to, otherwise: "" }),
    );
  if (node.kind === "splitter")
    node.arms.forEach((each, i) =>
      found.push({ id: `arm:${i}`, word: String(i), sort: "arm", to: each.to, otherwise: "" }),
    );
  if (node.kind === "go_to") found.push({ id: "to", word: "to", sort: "target", to: node.to, otherwise: "" });
  const linked = node.on ?? {};
  const outcomes = [...new Set([...(usual[node.kind] ?? []), ...Object.keys(linked)])];
  // What is left over comes last, as people read it.
  outcomes.sort((a, b) => Number(a === DEFAULT) - Number(b === DEFAULT));
  for (const word of outcomes) {
    const otherwise = (word !== DEFAULT && linked[DEFAULT]) || "";
    found.push({ id: `on:${word}`, word, sort: "outcome", to: linked[word] ?? "", otherwise });
  }
  return found;
}

/** Outcomes of the kind that the card does not show yet. */
export function otherOutcomes(node: FlowNode, outcomes: Outcomes): string[] {
  if (node.kind === "go_to" || node.kind === "hang_up") return [];
  const shown = new Set(ways(node).map((way) => way.id));
  return [...(outcomes[node.kind] ?? []), DEFAULT].filter((word) => !shown.has(`on:${word}`));
}

function byKey([a]: [string, string], [b]: [string, string]): number {
  const order = "1234567890*#";
  return order.indexOf(a) - order.indexOf(b);
}

/** A document with one node replaced. */
export function withNode(document: FlowDocument, name: string, node: FlowNode): FlowDocument {
  return { ...document, nodes: { ...document.nodes, [name]: node } };
}

/** Lets a way of a node lead to `to`; an empty `to` unlinks it. */
export function setWay(document: FlowDocument, name: string, id: string, to: string): FlowDocument {
  const node = document.nodes[name];
  if (!node) return document;
  return withNode(document, name, wayOf(node, id, to));
}

function wayOf(node: FlowNode, id: string, to: string): FlowNode {
  const [sort, word = ""] = split(id);
  if (sort === "on") return withOn(node, word, to);
  if (sort === "choice" && node.kind === "menu") return { ...node, choices: { ...node.choices, [word]: to } };
  const at = Number(word);
  if (sort === "case" && node.kind === "branch")
    return { ...node, cases: node.cases.map((each, i) => (i === at ? { ...each, to } : each)) };
  if (sort === "arm" && node.kind === "splitter")
    return { ...node, arms: node.arms.map((each, i) => (i === at ? { ...each, to } : each)) };
  if (sort === "to" && node.kind === "go_to") return { ...node, to };
  return node;
}

function split(id: string): [string, string] {
  const at = id.indexOf(":");
  return at < 0 ? [id, ""] : [id.slice(0, at), id.slice(at + 1)];
}

function withOn<N extends FlowNode>(node: N, outcome: string, to: string): N {
  const { [outcome]: _, ...rest } = node.on ?? {};
  const on = to ? { ...rest, [outcome]: to } : rest;
  const { on: _before, ...bare } = node;
  return (Object.keys(on).length ? { ...bare, on } : bare) as N;
}

/** A name that no node has: "Menu", then "Menu 2". */
export function freeName(document: FlowDocument, wanted: string): string {
  const base = wanted.trim().slice(0, NAME_MAX - 4) || "Step";
  if (!(base in document.nodes)) return base;
  for (let n = 2; ; n++) if (!(`${base} ${n}` in document.nodes)) return `${base} ${n}`;
}

/** Adds a node under a free name of `wanted`; the name comes with the document. */
export function addNode(document: FlowDocument, wanted: string, node: FlowNode): [FlowDocument, string] {
  const name = freeName(document, wanted);
  const start = document.start in document.nodes ? document.start : name;
  return [{ ...withNode(document, name, node), start }, name];
}

/** Why a node cannot be called so, or nothing. */
export function nameProblem(document: FlowDocument, name: string, wanted: string): string | undefined {
  const trimmed = wanted.trim();
  if (!trimmed) return "Write a name, such as Greeting";
  if ([...trimmed].length > NAME_MAX) return `Write at most ${NAME_MAX} characters`;
  if (trimmed !== name && trimmed in document.nodes) return "Another step has this name";
  return undefined;
}

/** Calls a node otherwise, wherever it is named. */
export function renameNode(document: FlowDocument, name: string, wanted: string): FlowDocument {
  const to = wanted.trim();
  if (to === name || nameProblem(document, name, to)) return document;
  const target = (each: string) => (each === name ? to : each);
  const nodes = Object.entries(document.nodes).map(([each, node]) => [target(each), retarget(node, target)] as const);
  return { ...document, start: target(document.start), nodes: Object.fromEntries(nodes) };
}

/** Removes nodes; what led to them leads nowhere, and calls begin at what came after a removed start. */
export function removeNodes(document: FlowDocument, names: readonly string[]): FlowDocument {
  const gone = new Set(names);
  const target = (each: string) => (gone.has(each) ? "" : each);
  const kept = Object.entries(document.nodes).filter(([name]) => !gone.has(name));
  const nodes = Object.fromEntries(kept.map(([name, node]) => [name, retarget(node, target)]));
  return { ...document, start: startWithout(document, gone), nodes };
}

function startWithout(document: FlowDocument, gone: Set<string>): string {
  const seen = new Set<string>();
  const queue = [document.start];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (!gone.has(at)) return at;
    const node = document.nodes[at];
    if (seen.has(at) || !node) continue;
    seen.add(at);
    queue.push(...targets(node));
  }
  return Object.keys(document.nodes).find((name) => !gone.has(name)) ?? "";
}

/** Every node that a node leads to. */
export function targets(node: FlowNode): string[] {
  return ways(node)
    .map((way) => way.to)
    .filter(Boolean);
}

function retarget(node: FlowNode, target: (name: string) => string): FlowNode {
  return ways(node)
    .filter((way) => way.to && target(way.to) !== way.to)
    .reduce((changed, way) => wayOf(changed, way.id, target(way.to)), node);
}

/** How far a copy stands from its original. */
const COPY_BY = 32;

/** Copies nodes beside themselves; the ways between them lead to the copies, those to others stay. */
export function duplicateNodes(document: FlowDocument, names: readonly string[]): [FlowDocument, string[]] {
  let next = document;
  const copies = new Map<string, string>();
  for (const name of names) {
    const node = document.nodes[name];
    if (!node) continue;
    const place = node.place && { x: node.place.x + COPY_BY, y: node.place.y + COPY_BY };
    const added = addNode(next, name.replace(/ \d+$/, ""), { ...structuredClone(node), ...(place ? { place } : {}) });
    next = added[0];
    copies.set(name, added[1]);
  }
  for (const copy of copies.values()) {
    const node = next.nodes[copy];
    if (node) next = withNode(next, copy, retarget(node, (to) => copies.get(to) ?? to));
  }
  return [next, [...copies.values()]];
}

/** Where nodes stand, written into the document. */
export function withPlaces(document: FlowDocument, places: ReadonlyMap<string, Place>): FlowDocument {
  const nodes = Object.entries(document.nodes).map(([name, node]) => {
    const place = places.get(name);
    return [name, place ? { ...node, place: { x: Math.round(place.x), y: Math.round(place.y) } } : node] as const;
  });
  return { ...document, nodes: Object.fromEntries(nodes) };
}

/** The names of all nodes as a call may meet them: from the start along the ways, then those that no way leads to. */
export function inOrder(document: FlowDocument): string[] {
  const seen = new Set<string>();
  const visit = (name: string) => {
    const node = document.nodes[name];
    if (!node || seen.has(name)) return;
    seen.add(name);
    targets(node).forEach(visit);
  };
  visit(document.start);
  return [...seen, ...Object.keys(document.nodes).filter((name) => !seen.has(name))];
}
