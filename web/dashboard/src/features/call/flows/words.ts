// What steps and their ways out are called, and the one line that tells what a step does.

import type { Schema } from "@trunkline/api-client";
import { national, plural } from "../../../base/figures";
import { sentence } from "../words";
import { DEFAULT, type Destination, type FlowNode, type Kind, type Message, type Way } from "./document";
import { weekWords } from "./hours";
import { testWords } from "./when";

export type Finding = Schema<"FlowProblem">;
export type NodeKind = Schema<"FlowNodeKind">;

type KindWords = { name: string; means: string };

export const kinds: Record<Kind, KindWords> = {
  say: { name: "Say", means: "Speaks a text to the caller" },
  play: { name: "Play", means: "Plays a sound to the caller" },
  recording_notice: { name: "Recording notice", means: "Tells the caller that the call is recorded; from here it may be" },
  menu: { name: "Menu", means: "Asks for one key, and each key leads somewhere" },
  gather: { name: "Ask for digits", means: "Keeps what the caller types, such as an order number" },
  collect_zip: { name: "Ask for the ZIP", means: "Keeps the caller's ZIP code as the tag zip" },
  survey: { name: "Survey", means: "Asks questions one after the other, usually after the talk" },
  challenge: { name: "Press to go on", means: "Lets only those on who press a digit: keeps robots out" },
  schedule: { name: "Opening hours", means: "Goes by the clock and the calendar" },
  branch: { name: "Branch", means: "Goes by source, caller, place, tag, score or earlier calls" },
  splitter: { name: "Splitter", means: "Sends a share of the calls each way" },
  webhook: { name: "Webhook", means: "Asks another server, which may set tags and choose the way" },
  dial: { name: "Ring", means: "Rings the business or other numbers, and connects who takes the call" },
  route: { name: "Route", means: "Hands the call to a campaign" },
  voicemail: { name: "Voicemail", means: "Lets the caller leave a message" },
  set_tag: { name: "Set a tag", means: "Keeps a word about the call" },
  go_to: { name: "Go to", means: "Goes on at another step" },
  hang_up: { name: "Hang up", means: "Ends the call" },
};

export const palette: { name: string; kinds: Kind[] }[] = [
  { name: "Talk to the caller", kinds: ["say", "play", "recording_notice", "menu", "gather", "collect_zip", "survey"] },
  { name: "Decide", kinds: ["schedule", "branch", "splitter", "challenge", "webhook"] },
  { name: "Ring", kinds: ["dial", "route", "voicemail"] },
  { name: "More", kinds: ["set_tag", "go_to", "hang_up"] },
];

/** Also for a kind that this build does not know yet. */
export const kindName = (kind: string): string => kinds[kind as Kind]?.name ?? sentence(kind);

const outcomes: Record<string, string> = {
  done: "Then",
  invalid: "Wrong key",
  timeout: "No key",
  collected: "Typed",
  open: "Open",
  closed: "Closed",
  completed: "After the talk",
  busy: "Busy",
  no_answer: "No answer",
  declined: "Declined",
  unreachable: "No such number",
  failed: "Failed",
  refused: "Not allowed",
  not_accepted: "Key not pressed",
  machine: "Answering machine",
  no_buyer: "Nobody took it",
  recorded: "Message left",
  empty: "No message",
  ok: "Answered",
  passed: "Pressed",
};

/** What the rest is called, where that says more than "Otherwise". */
const rest: Partial<Record<Kind, string>> = {
  menu: "No or wrong key",
  gather: "Nothing typed",
  collect_zip: "No ZIP",
  dial: "Nobody took it",
  voicemail: "Then",
};

export function outcomeName(kind: Kind, outcome: string): string {
  if (outcome === DEFAULT) return rest[kind] ?? "Otherwise";
  if (kind === "challenge" && outcome === "failed") return "Not pressed";
  return outcomes[outcome] ?? sentence(outcome);
}

/** The name of a way out: on the card, in the list and in the form. */
export function wayName(node: FlowNode, way: Way): string {
  if (way.sort === "choice") return `Key ${way.word}`;
  if (way.sort === "arm" && node.kind === "splitter") return `${node.arms[Number(way.word)]?.percent ?? 0}%`;
  if (way.sort === "case" && node.kind === "branch") {
    const test = node.cases[Number(way.word)]?.when;
    return test === undefined ? "Case" : sentence(testWords(test));
  }
  return way.sort === "target" ? "Goes to" : outcomeName(node.kind, way.word);
}

export function destinationName(to: string): string {
  if (to === "business_line") return "Business line";
  if (to === "second_line") return "Second line";
  if (to === "buyer") return "A buyer";
  return national(to);
}

function quoted(message: Message | undefined): string {
  if (message?.prompt) return "A stored sound";
  return message?.text?.trim() ? `“${message.text.trim()}”` : "Says nothing yet";
}

function destinationsLine(destinations: readonly Destination[], between: string): string {
  if (destinations.length === 0) return "Nobody yet";
  const names = destinations.slice(0, 2).map((each) => destinationName(each.to));
  const more = destinations.length > 2 ? ` and ${destinations.length - 2} more` : "";
  return names.join(between) + more;
}

const tries = (node: { tries: number; timeout_s: number }) => `${plural(node.tries, "try", "tries")}, ${node.timeout_s} s`;

/** One line that tells what a step does. */
export function line(node: FlowNode): string {
  switch (node.kind) {
    case "play":
      return node.prompt ? "A stored sound" : "No sound chosen yet";
    case "say":
    case "recording_notice":
      return quoted(node);
    case "menu":
      return `${plural(Object.keys(node.choices).length, "choice")}, ${tries(node)}`;
    case "gather":
      return `${digitsWords(node)} as ${node.tag || "…"}, ${tries(node)}`;
    case "collect_zip":
      return `Five digits, ${tries(node)}`;
    case "survey":
      return plural(node.questions.length, "question");
    case "challenge":
      return node.digit ? `Press ${node.digit}` : "Press a digit drawn for each call";
    case "schedule":
      return `${weekWords(node.weekly)}${node.holidays?.length ? `, ${plural(node.holidays.length, "holiday")}` : ""}`;
    case "branch":
      return plural(node.cases.length, "case");
    case "splitter":
      return node.arms.map((arm) => arm.percent).join(" : ") || "No shares yet";
    case "webhook":
      return node.url || "No address yet";
    case "dial":
      return destinationsLine(node.destinations, node.strategy === "simultaneous" ? " and " : ", then ") + extras(node);
    case "route":
      return (node.campaign ? "By a campaign's plan" : "By the plan of the number's campaign") + extras(node);
    case "voicemail":
      return node.greeting ? quoted(node.greeting) : `Up to ${node.max_s} s after the tone`;
    case "set_tag":
      return node.name ? `${node.name} = ${node.value}` : "No tag yet";
    case "go_to":
      return node.to || "Nowhere yet";
    case "hang_up":
      return { normal: "Ends the call", busy: "Busy tone", rejected: "Turned away" }[node.reason ?? "normal"];
    default:
      return "";
  }
}

function digitsWords(node: { digits_min: number; digits_max: number }): string {
  const { digits_min: least, digits_max: most } = node;
  return least === most ? plural(most, "digit") : `${least} to ${most} digits`;
}

function extras(node: Extract<FlowNode, { kind: "dial" | "route" }>): string {
  const said = [
    node.kind === "dial" && node.strategy === "round_robin" && "by turns",
    node.accept && `press ${node.accept.digit}`,
    node.detect_machine && "no machines",
  ].filter(Boolean);
  return said.length ? `, ${said.join(", ")}` : "";
}

/** A finding as a sentence: the server's words, begun with a capital, with ways called as the form calls them. */
export function findingWords(finding: Finding, kind?: Kind): string {
  const nowhere = /^leads to ``/.test(finding.message);
  const cut = /^a caller whose outcome is `(\w+)` would be cut off/.exec(finding.message)?.[1];
  const text = nowhere
    ? "a way out leads nowhere yet; choose the step it leads to"
    : cut && kind
      ? `a caller would be cut off without a word at “${outcomeName(kind, cut)}”; choose the step it leads to`
      : finding.message;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** The findings of one step, problems first. */
export function findingsOf(findings: readonly Finding[], name: string): Finding[] {
  const own = findings.filter((finding) => finding.node === name);
  const seen = new Set<string>();
  const once = own.filter((finding) => !seen.has(findingWords(finding)) && seen.add(findingWords(finding)));
  return once.sort((a, b) => Number(b.severity === "problem") - Number(a.severity === "problem"));
}

/** "2 numbers and 1 site", or nothing. */
export function usedBy(numbers: number, sites: number): string {
  const parts = [numbers && plural(numbers, "number"), sites && plural(sites, "site")].filter(Boolean);
  return parts.join(" and ");
}
