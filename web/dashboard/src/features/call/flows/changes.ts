// What differs between two documents, in words a person can decide by.

import { otherKeys, sameValue } from "./compare";
import { ways, type FlowDocument, type FlowNode } from "./document";
import { kindName, line, wayName } from "./words";

export type Change = { sort: "added" | "removed" | "changed" | "start"; name: string; words: string[] };

/** Settings that the ways out tell already. */
const told = new Set(["kind", "on", "place", "choices", "cases", "arms", "to"]);

const settingNames: Record<string, string> = {
  text: "what is said",
  prompt: "the sound",
  voice: "the voice",
  language: "the language",
  timeout_s: "the wait",
  between_s: "the wait between digits",
  tries: "the number of tries",
  barge_in: "whether a key cuts the text short",
  digits_min: "the number of digits",
  digits_max: "the number of digits",
  terminator: "the key that ends the answer",
  tag: "the tag",
  zone: "the time zone",
  weekly: "the weekly hours",
  holidays: "the holidays",
  name: "the tag",
  value: "the tag's value",
  destinations: "who is rung",
  strategy: "the order of ringing",
  whisper: "the whisper",
  accept: "the key to take the call",
  detect_machine: "whether machines are told from people",
  recording: "whether it is recorded",
  caller_id: "the number shown",
  campaign: "the campaign",
  greeting: "the greeting",
  max_s: "the longest message",
  silence_s: "the silence that ends it",
  beep: "the tone",
  url: "the address",
  timeout_ms: "the wait",
  questions: "the questions",
  digit: "the digit",
  reason: "how the caller is turned away",
};

/** What `after` changes for calls; where cards are drawn is no difference. */
export function changesBetween(before: FlowDocument | undefined, after: FlowDocument): Change[] {
  const old = before?.nodes ?? {};
  const found: Change[] = [];
  if (before && before.start !== after.start)
    found.push({ sort: "start", name: after.start, words: [`Calls begin at ${after.start}, no longer at ${before.start}`] });
  for (const [name, node] of Object.entries(after.nodes)) {
    const was = old[name];
    if (!was) found.push({ sort: "added", name, words: [`${kindName(node.kind)}: ${line(node)}`] });
    else {
      const words = nodeChanges(was, node);
      if (words.length) found.push({ sort: "changed", name, words });
    }
  }
  for (const [name, node] of Object.entries(old))
    if (!(name in after.nodes)) found.push({ sort: "removed", name, words: [`${kindName(node.kind)}: ${line(node)}`] });
  const order = ["start", "added", "changed", "removed"];
  return found.sort((a, b) => order.indexOf(a.sort) - order.indexOf(b.sort) || a.name.localeCompare(b.name));
}

function nodeChanges(was: FlowNode, is: FlowNode): string[] {
  if (was.kind !== is.kind) return [`Is a ${kindName(is.kind)} step, was a ${kindName(was.kind)} step`];
  const keys = otherKeys(was, is).filter((key) => !told.has(key));
  const spoken = keys.flatMap((key) => textChange(key, was, is) ?? []);
  const others = keys.filter((key) => !textChange(key, was, is));
  const settings = [...new Set(others.map((key) => settingNames[key] ?? key))];
  const words = settings.length ? [...spoken, `Changes ${listed(settings)}`] : spoken;
  const [before, after] = [waysByName(was), waysByName(is)];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [from, to] = [before.get(name), after.get(name)];
    if (from === to) continue;
    if (to === undefined) words.push(`${name} is gone`);
    else if (!to) words.push(`${name} leads nowhere`);
    else words.push(from ? `${name} leads to ${to}, no longer to ${from}` : `${name} leads to ${to}`);
  }
  if (words.length === 0 && !sameValue(stripped(was), stripped(is))) words.push("Changes the order of its ways out");
  return words;
}

/** What a text becomes, word for word; nothing of a setting that is no text before and after. */
function textChange(key: string, was: FlowNode, is: FlowNode): string | undefined {
  const [from, to] = [was, is].map((node) => spokenText(key, (node as Record<string, unknown>)[key]));
  return from && to && from !== to ? `${textNames[key] ?? "Says"} “${to}”, no longer “${from}”` : undefined;
}

const textNames: Record<string, string> = { whisper: "Whispers", greeting: "Greets with" };

/** The text of a message: of a step's own, or of one of its parts. */
function spokenText(key: string, value: unknown): string | undefined {
  if (key === "text") return typeof value === "string" ? value.trim() : undefined;
  if (!(key in textNames) || typeof value !== "object" || value === null || !("text" in value)) return undefined;
  return typeof value.text === "string" ? value.text.trim() : undefined;
}

/** Ways by their names; an unlinked outcome is as good as none. */
function waysByName(node: FlowNode): Map<string, string> {
  return new Map(
    ways(node)
      .filter((way) => way.to || way.sort !== "outcome")
      .map((way) => [wayName(node, way), way.to]),
  );
}

function stripped({ place: _, ...node }: FlowNode): unknown {
  return node;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
