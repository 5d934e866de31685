// What a call's state and result are called, and the shape they carry.

import type { Schema } from "@trunkline/api-client";
import type { Tone } from "../../parts/State";

export type CallSummary = Schema<"CallSummary">;
export type CallDetail = Schema<"CallDetail">;

type Status = { tone: Tone; word: string };

const live: Record<string, Status> = {
  ringing: { tone: "live", word: "Ringing" },
  talking: { tone: "live", word: "Talking" },
};

const results: Record<string, Status> = {
  answered: { tone: "ok", word: "Answered" },
  no_answer: { tone: "bad", word: "No answer" },
  busy: { tone: "bad", word: "Busy" },
  failed: { tone: "bad", word: "Failed" },
  declined: { tone: "bad", word: "Declined" },
  unreachable: { tone: "bad", word: "Not reachable" },
  abandoned: { tone: "off", word: "Caller hung up" },
  refused: { tone: "bad", word: "Refused" },
  not_accepted: { tone: "bad", word: "Not accepted" },
  machine: { tone: "bad", word: "Answering machine" },
  voicemail: { tone: "warn", word: "Voicemail" },
  turned_away: { tone: "off", word: "Ended by the flow" },
  blocked: { tone: "off", word: "Blocked" },
  process_restarted: { tone: "warn", word: "Cut by a restart" },
};

/** Words for a result code, also for one that this build does not know yet. */
export function resultStatus(result: string): Status {
  return results[result] ?? { tone: "off", word: sentence(result) };
}

/** What a caller who neither talks nor hears a line ring does meanwhile. */
const flowActivities: Record<string, string> = {
  hears: "Hears a prompt",
  chooses: "Asked for a key",
  leaves_message: "Leaving a message",
  waits: "In the call flow",
};

/** Whether a call in progress is in its flow: no line rings for it, and nobody talks. */
export function inFlow(call: Pick<CallSummary, "state" | "step">): boolean {
  return call.state !== "ended" && call.step != null && call.step.activity in flowActivities;
}

/** What the caller of a call in progress does: "Hears a prompt in Welcome", "Rings at (214) 555-0190". */
export function doing(call: Pick<CallSummary, "state" | "step" | "destination_display">): string {
  const line = call.destination_display ?? "the business line";
  const { activity, name, rings = [] } = call.step ?? {};
  const words = activity && flowActivities[activity];
  if (words) return name ? `${words}, step ${name}` : words;
  if (call.state === "talking") return `Talking to ${line}`;
  const [first = line, ...more] = rings;
  return `Rings at ${first}${more.length ? ` and ${more.length} more` : ""}`;
}

export function callStatus(call: Pick<CallSummary, "state" | "result"> & Partial<Pick<CallSummary, "step">>): Status {
  if (call.step?.activity === "leaves_message") return { tone: "live", word: "Leaving a message" };
  if (inFlow({ state: call.state, step: call.step })) return { tone: "live", word: "In the flow" };
  if (call.state !== "ended") return live[call.state] ?? { tone: "live", word: sentence(call.state) };
  return call.result ? resultStatus(call.result) : { tone: "off", word: "Ended" };
}

/** Whether screening refused a call before anything was looked up for it: neither earlier calls nor visits. */
export function refusedUnseen(call: Pick<CallDetail, "screening">): boolean {
  return call.screening?.verdict === "block";
}

/** What is known of the caller's earlier calls; nothing of a call for which nobody looked. */
export function callerWords(call: Pick<CallDetail, "first_time" | "screening">): string | undefined {
  if (refusedUnseen(call)) return undefined;
  return call.first_time ? "First call from this person" : "Has called before";
}

/** Why a call is marked for review. */
export const reviewWords = "A restart of the server cut this call: it may have been longer than it says";

/** "Sip error" for "sip_error": a code as a word when nothing better is known. */
export function sentence(code: string): string {
  const spaced = code.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** The second word of a source: what tells two calls of one source apart. */
export function sourceDetail(call: Pick<CallSummary, "source">): string {
  const source = call.source;
  return source?.term || source?.ad_campaign || source?.content || "";
}

export function sourceName(source: CallSummary["source"]): string {
  return source ? source.label : "Unknown";
}

/** Beginnings of the rules of known sites: what the site is that the visitor came from. */
const siteKinds = ["search", "social", "ai", "email", "video", "shopping"];

/** What decided a source, from the id of its rule: "the click identifier gclid", "the referrer is Bing". */
export function decidedBy(source: Pick<Schema<"Source">, "rule" | "label" | "source">): string {
  const { rule } = source;
  const [kind = "", ...rest] = rule.split("_");
  if (rule === "utm") return "the tags on the link";
  if (rule === "direct") return "no tag, no click identifier and no referrer";
  if (rule === "referral") return `the referrer is ${source.source}`;
  if (rule === "last_non_direct") return "the visit before: this one came directly and keeps its source";
  if (rule === "source_number") return "the number dialled, which belongs to this source alone";
  if (rule === "static_number") return `the number dialled, which is that of ${source.label}`;
  if (kind === "click") return `the click identifier ${rest.join("_")}`;
  if (kind === "own") return `your rule ${rest.join(" ")}`;
  if (kind === "payment") return "the referrer is a payment or sign-in page, which is no source";
  if (siteKinds.includes(kind)) return `the referrer is ${source.label.replace(/ organic$/, "")}`;
  return `the rule ${rule.replaceAll("_", " ")}`;
}

/** Results a call can have, as the filter offers them. */
export const resultChoices = [
  "answered",
  "no_answer",
  "busy",
  "abandoned",
  "failed",
  "refused",
  "voicemail",
  "turned_away",
  "blocked",
  "process_restarted",
].map((value) => ({ value, label: resultStatus(value).word }));

/** Channels of the source rules, as the filter offers them. */
export const channelChoices = [
  { value: "paid_search", label: "Paid search" },
  { value: "organic_search", label: "Organic search" },
  { value: "paid_social", label: "Paid social" },
  { value: "social", label: "Social" },
  { value: "paid_video", label: "Paid video" },
  { value: "organic_video", label: "Video" },
  { value: "paid_shopping", label: "Paid shopping" },
  { value: "organic_shopping", label: "Shopping" },
  { value: "cross_network", label: "Cross-network" },
  { value: "paid_other", label: "Paid, other" },
  { value: "ai_assistant", label: "AI assistant" },
  { value: "email", label: "Email" },
  { value: "display", label: "Display" },
  { value: "affiliate", label: "Affiliate" },
  { value: "audio", label: "Audio" },
  { value: "sms", label: "Text message" },
  { value: "push", label: "Push notification" },
  { value: "referral", label: "Referral" },
  { value: "direct", label: "Direct" },
  { value: "other", label: "Other" },
];
