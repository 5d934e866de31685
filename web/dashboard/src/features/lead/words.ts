// The words for leads: where they stand, what happened to them, what buyers said, returns, and rows of tables.

import type { Schema } from "@trunkline/api-client";
import { money } from "../../base/figures";
import type { Tone } from "../../parts/State";
import { shortReason } from "../routing/words";

export type LeadSummary = Schema<"LeadSummary">;
export type LeadDetail = Schema<"Lead">;
export type Leg = Schema<"LeadLeg">;
export type LeadReturn = Schema<"LeadReturn">;
export type ImportedRow = Schema<"ImportedLeadRow">;

type Told = { tone: Tone; word: string };

const states: Record<string, Told> = {
  ping_received: { tone: "live", word: "Ping came" },
  ping_rejected: { tone: "off", word: "Ping refused" },
  ping_accepted: { tone: "live", word: "Offered a price" },
  posted: { tone: "live", word: "Posted" },
  validating: { tone: "live", word: "Being checked" },
  rejected: { tone: "off", word: "Refused" },
  selling: { tone: "live", word: "Being sold" },
  sold: { tone: "ok", word: "Sold" },
  unsold: { tone: "off", word: "Not sold" },
  queued: { tone: "warn", word: "Waits for a buyer" },
  returned: { tone: "bad", word: "Given back" },
};

export function leadState(state: string): Told {
  return states[state] ?? { tone: "off", word: state };
}

/** The states that people look for; the others last less than a second. */
export const stateChoices = ["sold", "unsold", "queued", "rejected", "returned", "selling", "ping_accepted", "ping_rejected"].map(
  (value) => ({ value, label: leadState(value).word }),
);

export const cameByWords: Record<string, string> = {
  ping: "Ping and post",
  post: "Post",
  form: "Form on a page",
  snippet: "Form, by the snippet",
  import: "Table",
};

/** "Missing field: zip" for `MISSING_FIELD:zip`. */
export function reasonWords(reason: string): string {
  const [code = "", field] = reason.split(":", 2);
  const words = shortReason(code);
  return field ? `${words}: ${field}` : words;
}

/** A decimal of the API, such as "28.04", as money. */
export function sum(decimal: string, currency: string): string {
  return money(Math.round(Number(decimal) * 1_000_000), currency);
}

const eventWords: Record<string, Told> = {
  pinged: { tone: "off", word: "Ping came" },
  offered: { tone: "live", word: "A price was offered" },
  no_bid: { tone: "off", word: "Nobody bid" },
  posted: { tone: "off", word: "Came" },
  refused: { tone: "bad", word: "Refused" },
  sending: { tone: "live", word: "Sent to" },
  accepted: { tone: "ok", word: "Taken by" },
  declined: { tone: "off", word: "Declined by" },
  no_answer: { tone: "warn", word: "No answer from" },
  too_late: { tone: "warn", word: "Taken too late by" },
  queued: { tone: "warn", word: "Waits to be offered again" },
  again: { tone: "live", word: "Offered again" },
  unsold: { tone: "off", word: "Not sold" },
  sold: { tone: "ok", word: "Sold" },
  return_asked: { tone: "warn", word: "Return asked for by" },
  return_decided: { tone: "off", word: "Return decided for" },
};

export function eventState(kind: string): Told {
  return eventWords[kind] ?? { tone: "off", word: kind };
}

/** What an event tells beyond its kind: a code in words, everything else as it stands. */
export function eventTold(told: string): string {
  return /^[A-Z_]{3,}(:[\w.-]+)?$/.test(told) ? reasonWords(told) : told;
}

const legWords: Record<string, Told> = {
  sending: { tone: "live", word: "Being sent" },
  unknown: { tone: "warn", word: "Did not answer" },
  accepted: { tone: "ok", word: "Has it" },
  rejected: { tone: "off", word: "Declined" },
  returned: { tone: "bad", word: "Gave it back" },
};

export function legState(leg: Pick<Leg, "state">): Told {
  return legWords[leg.state] ?? { tone: "off", word: leg.state };
}

export const returnReasons = [
  { value: "wrong_number", label: "Wrong number" },
  { value: "disconnected", label: "Number is out of service" },
  { value: "duplicate", label: "Had the person before" },
  { value: "outside_terms", label: "Outside of the terms" },
  { value: "no_consent", label: "No consent" },
  { value: "false_data", label: "False data" },
  { value: "other", label: "Something else" },
];
export const returnReason = (word: string) => returnReasons.find((each) => each.value === word)?.label ?? word;

export function returnState(of: Pick<LeadReturn, "state" | "percent">): Told {
  const part = of.percent > 0 && of.percent < 100 ? `, ${of.percent}%` : "";
  switch (of.state) {
    case "requested":
      return { tone: "warn", word: "Waits for a decision" };
    case "in_review":
      return { tone: "warn", word: "Being looked at" };
    case "auto_approved":
      return { tone: "ok", word: `Granted at once${part}` };
    case "approved":
      return { tone: "ok", word: `Granted${part}` };
    case "rejected":
      return { tone: "off", word: "Refused" };
    default:
      return { tone: "off", word: of.percent > 0 ? `Closed, granted${part}` : "Closed, refused" };
  }
}

/** Whether a person may still decide it. */
export function isOpen(of: Pick<LeadReturn, "state">): boolean {
  return of.state === "requested" || of.state === "in_review";
}

/** Contracts by which a buyer has the lead and has not asked to give it back. */
export function returnable(lead: Pick<LeadDetail, "legs" | "returns">): Leg[] {
  const asked = new Set(lead.returns.map((each) => each.contract.id));
  return lead.legs.filter((leg) => leg.state === "accepted" && !asked.has(leg.contract.id));
}

const fates: Record<string, Told> = {
  good: { tone: "ok", word: "Is a lead" },
  kept: { tone: "ok", word: "Taken in" },
  known: { tone: "off", word: "Was there before" },
  refused: { tone: "bad", word: "Refused" },
  same: { tone: "warn", word: "Same person" },
  unreadable: { tone: "bad", word: "Cannot be read" },
  too_many: { tone: "bad", word: "Too many rows" },
};

export function rowFate(row: Pick<ImportedRow, "fate">): Told {
  return fates[row.fate] ?? { tone: "off", word: row.fate };
}

/** Why a row is not a new lead, in words. */
export function rowTold(row: Pick<ImportedRow, "fate" | "same_as" | "reason_code" | "problems">): string {
  if (row.same_as != null) return `As in row ${row.same_as}`;
  if (row.problems.length) return row.problems.join("; ");
  return row.reason_code ? reasonWords(row.reason_code) : "";
}

/** "field_name" as a person writes it: "Field name". */
export function fieldName(name: string): string {
  const spaced = name.replaceAll(/[_.]+/g, " ").trim();
  return spaced ? spaced.charAt(0).toUpperCase() + spaced.slice(1) : name;
}
