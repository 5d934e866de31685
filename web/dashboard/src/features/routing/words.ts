// Distribution in words: prices, caps, hours, filters and rules as sentences and table cells.

import { money } from "../../base/figures";
import { weekWords } from "../call/flows/hours";
import type {
  Cap,
  CapUnit,
  Decimal,
  DuplicateRule,
  Filter,
  Method,
  Period,
  PriceRules,
  Rate,
  Schedule,
  ValueTest,
} from "./documents";

/** "$45.00" */
export function amount(value: Decimal, currency: string): string {
  return money(Math.round(Number(value) * 1_000_000), currency);
}

export function rateWords(rate: Rate, currency: string): string {
  const sum = (value: Decimal) => amount(value, currency);
  if ("fixed" in rate) return sum(rate.fixed);
  if ("tiered" in rate) {
    const tiers = rate.tiered.map((tier) => `${sum(tier.amount)} from ${tier.from_s} s`);
    return tiers.join(", ") || "no tier";
  }
  if ("per_bid" in rate) return "what is bid";
  if ("percent_of_other" in rate) return `${rate.percent_of_other}% of the other side`;
  if ("per_minute" in rate) return `${sum(rate.per_minute.amount)} a minute`;
  if ("base_and_bonus" in rate) {
    const { base, bonus, bonus_from_s } = rate.base_and_bonus;
    return `${sum(base)}, and ${sum(bonus)} from ${bonus_from_s} s`;
  }
  if ("volume" in rate) return rate.volume.map((tier) => `${sum(tier.amount)} from sale ${tier.from + 1}`).join(", ") || "no tier";
  return `what is reported, up to ${sum(rate.reported.most)}`;
}

/** "$45.00 from 60 s", "$45.00 and 2 more rules" */
export function priceWords(price: PriceRules | undefined, currency: string): string {
  const [first, ...more] = price?.rules ?? [];
  if (!price || !first) return "nothing";
  const after = price.billable_from_s ? ` after ${price.billable_from_s} s` : "";
  const rest = more.length ? ` and ${more.length} more ${more.length === 1 ? "rule" : "rules"}` : "";
  return `${rateWords(first.rate, currency)}${after}${rest}`;
}

export const methods: { value: Method; label: string; hint: string }[] = [
  { value: "waterfall", label: "In order", hint: "One after the other, from the top." },
  { value: "weighted", label: "By weight", hint: "They take turns; who has twice the weight is asked twice as often." },
  { value: "round_robin", label: "In turn", hint: "Each is asked as often as the others." },
  { value: "performance", label: "By results", hint: "Who brought most per offer of late is asked first." },
  { value: "simultaneous", label: "All at once", hint: "All ring together; the first who answers has the call." },
  { value: "auction", label: "Auction", hint: "All are asked for a bid; the best one has it." },
];

export function methodOf(method: Method) {
  return methods.find((each) => each.value === method) ?? (methods[0] as (typeof methods)[number]);
}

export const capUnits: { value: CapUnit; label: string; noun: string }[] = [
  { value: "billable", label: "Sales (the buyer pays)", noun: "sales" },
  { value: "connected", label: "Connected calls and accepted leads", noun: "connected" },
  { value: "offered", label: "Offers made", noun: "offers" },
  { value: "revenue", label: "What buyers pay", noun: "revenue" },
  { value: "payout", label: "What publishers are paid", noun: "payout" },
];

export const periods: { value: Period; label: string; a: string; now: string }[] = [
  { value: "minute", label: "A minute", a: "a minute", now: "this minute" },
  { value: "hour", label: "An hour", a: "an hour", now: "this hour" },
  { value: "day", label: "A day", a: "a day", now: "today" },
  { value: "week", label: "A week", a: "a week", now: "this week" },
  { value: "month", label: "A month", a: "a month", now: "this month" },
  { value: "all", label: "For ever", a: "for ever", now: "in all" },
];

export const periodOf = (period: string) => periods.find((each) => each.value === period) ?? (periods[2] as (typeof periods)[number]);
export const unitOf = (unit: string | undefined) =>
  capUnits.find((each) => each.value === (unit ?? "billable")) ?? (capUnits[0] as (typeof capUnits)[number]);

/** "20 sales a day", "$500.00 revenue a week" */
export function capWords(cap: Cap, currency: string): string {
  const unit = unitOf(cap.counts);
  const money = unit.value === "revenue" || unit.value === "payout";
  const most = money ? amount(cap.max, currency) : Number(cap.max).toLocaleString("en-US");
  return `${most} ${unit.noun} ${periodOf(cap.window.period).a}`;
}

export function scheduleWords(schedule: Schedule | undefined): string {
  if (!schedule) return "always open";
  return weekWords(schedule.weekly);
}

export const fields: { value: string; label: string; hint: string; number?: boolean }[] = [
  { value: "state", label: "State", hint: "TX" },
  { value: "zip", label: "ZIP code", hint: "75201" },
  { value: "area_code", label: "Area code", hint: "214" },
  { value: "country", label: "Country", hint: "US" },
  { value: "kind", label: "Call or lead", hint: "call" },
  { value: "score", label: "Score", hint: "60", number: true },
  { value: "channel", label: "Channel", hint: "paid_search" },
  { value: "medium", label: "Medium", hint: "cpc" },
  { value: "source", label: "Source", hint: "google" },
  { value: "ad_campaign", label: "Ad campaign", hint: "spring-roofs" },
  { value: "term", label: "Keyword", hint: "roof repair" },
  { value: "content", label: "Ad or placement", hint: "headline-b" },
  { value: "times_before", label: "Times they came before", hint: "1", number: true },
  { value: "attestation", label: "What the carrier vouches for", hint: "full" },
  { value: "phone", label: "Phone number", hint: "+12145550187" },
  { value: "phone_sha256", label: "Hash of the phone number", hint: "9f86d0…" },
  { value: "email_sha256", label: "Hash of the e-mail address", hint: "9f86d0…" },
];

export type TestSort = "yes" | "text" | "list" | "number" | "range" | "itemlist";
export const tests: { value: string; label: string; sort: TestSort }[] = [
  { value: "is", label: "is", sort: "text" },
  { value: "is_one_of", label: "is one of", sort: "list" },
  { value: "present", label: "is known", sort: "yes" },
  { value: "absent", label: "is not known", sort: "yes" },
  { value: "starts_with", label: "starts with", sort: "text" },
  { value: "ends_with", label: "ends with", sort: "text" },
  { value: "contains", label: "contains", sort: "text" },
  { value: "matches", label: "fits the pattern", sort: "text" },
  { value: "at_least", label: "is at least", sort: "number" },
  { value: "at_most", label: "is at most", sort: "number" },
  { value: "above", label: "is above", sort: "number" },
  { value: "below", label: "is below", sort: "number" },
  { value: "between", label: "is between", sort: "range" },
  { value: "in_list", label: "is in the list", sort: "itemlist" },
  { value: "hash_in_list", label: "is a hash in the list", sort: "itemlist" },
];

/** Which comparison a value test is, and with what. */
export function readTest(value: ValueTest): { test: string; with: unknown } {
  const [word = "is", found] = Object.entries(value)[0] ?? [];
  if (word === "present") return { test: found === false ? "absent" : "present", with: undefined };
  return { test: word, with: found };
}

export function writeTest(test: string, value: unknown): ValueTest {
  if (test === "present") return { present: true };
  if (test === "absent") return { present: false };
  return { [test]: value };
}

export type ListNames = ReadonlyMap<string, string>;

function valueWords(value: ValueTest, lists: ListNames): string {
  const { test, with: found } = readTest(value);
  const word = tests.find((each) => each.value === test)?.label ?? test;
  if (found === undefined) return word;
  if (test === "in_list" || test === "hash_in_list") return `${word} ${lists.get(String(found)) ?? "that was deleted"}`;
  if (test === "between" && Array.isArray(found)) return `${word} ${found[0]} and ${found[1]}`;
  if (Array.isArray(found)) return found.length === 1 ? `is ${found[0]}` : `${word} ${found.join(", ")}`;
  return `${word} ${String(found) || "…"}`;
}

/** "state is one of TX, OK and not (tag debt is below 5000)" */
export function filterWords(filter: Filter | undefined, lists: ListNames = new Map()): string {
  if (!filter) return "everything";
  if ("all" in filter || "any" in filter) {
    const all = "all" in filter;
    const parts = all ? filter.all : filter.any;
    if (parts.length === 0) return all ? "everything" : "nothing";
    const told = parts.map((part) => {
      const words = filterWords(part, lists);
      return "all" in part || "any" in part ? `(${words})` : words;
    });
    return told.join(all ? " and " : " or ");
  }
  if ("not" in filter) return `not (${filterWords(filter.not, lists)})`;
  if ("tag" in filter) return `tag ${filter.tag.name || "…"} ${valueWords(filter.tag.value, lists)}`;
  if ("field" in filter) {
    const name = fields.find((each) => each.value === filter.field.name)?.label ?? filter.field.name;
    return `${name.charAt(0).toLowerCase()}${name.slice(1)} ${valueWords(filter.field.value, lists)}`;
  }
  if ("when" in filter) return weekWords([filter.when]);
  return `within ${filter.zip_within.miles} miles of ${filter.zip_within.zip || "…"}`;
}

export const scopes: { value: DuplicateRule["scope"]; label: string }[] = [
  { value: "contract", label: "the same contract" },
  { value: "buyer", label: "the same buyer" },
  { value: "buyer_company", label: "the buyer's company" },
  { value: "campaign", label: "the campaign" },
  { value: "feed", label: "the feed" },
  { value: "account", label: "the account" },
];
export const afters: { value: NonNullable<DuplicateRule["after"]>; label: string }[] = [
  { value: "billable", label: "was paid for" },
  { value: "connected", label: "was connected" },
  { value: "any", label: "came at all" },
];
export const actions: { value: DuplicateRule["action"]; label: string }[] = [
  { value: "skip", label: "leave the contract out" },
  { value: "other_buyer", label: "send to another buyer" },
  { value: "unpaid", label: "take it unpaid" },
  { value: "block", label: "refuse it" },
  { value: "flow", label: "go the flow's way for duplicates" },
];

export function withinWords(hours: number | undefined): string {
  if (hours === undefined) return "ever";
  if (hours % 24 === 0) return `within ${hours / 24} ${hours === 24 ? "day" : "days"}`;
  return `within ${hours} h`;
}

export function duplicateWords(rule: DuplicateRule): string {
  const scope = scopes.find((each) => each.value === rule.scope)?.label ?? rule.scope;
  const after = afters.find((each) => each.value === (rule.after ?? "billable"))?.label ?? "";
  const action = actions.find((each) => each.value === rule.action)?.label ?? rule.action;
  return `Person of ${scope} who ${after} ${withinWords(rule.within_h)}: ${action}`;
}

export const kinds: { value: "phone" | "sip" | "http" | "email" | "none"; label: string; hint: string }[] = [
  { value: "phone", label: "Phone", hint: "Calls ring at a number." },
  { value: "sip", label: "SIP", hint: "Calls ring at an address of the buyer's phone system, with no carrier between." },
  { value: "http", label: "Server", hint: "The buyer's server is asked for bids, and told of leads and calls." },
  { value: "email", label: "E-mail", hint: "Leads are mailed." },
  { value: "none", label: "No delivery", hint: "The buyer looks here." },
];
export const kindWord = (kind: string) => kinds.find((each) => each.value === kind)?.label ?? kind;

export const listKinds: { value: string; label: string; hint: string }[] = [
  { value: "numbers", label: "Phone numbers", hint: "(214) 555-0187" },
  { value: "zips", label: "ZIP codes", hint: "75201" },
  { value: "hashes", label: "SHA-256 hashes", hint: "64 hexadecimal digits" },
  { value: "texts", label: "Texts", hint: "roofing" },
];

export const attemptWords: Record<string, string> = {
  taken: "Took it",
  no_answer: "No answer",
  busy: "Busy",
  failed: "Could not be reached",
  declined: "Said no",
  given_back: "Hung up at once",
  abandoned: "Caller hung up",
  lost: "Lost to another",
  no_room: "No room any more",
  unknown: "Unknown",
};

const shortReasons: Record<string, string> = {
  DNC: "On a do-not-call list",
  LITIGATOR: "Known to sue",
  ATTESTATION_LOW: "Attestation too low",
  CONSENT_MISSING: "No proof of consent",
  CONTRACT_PAUSED: "Paused",
  CONTRACT_CLOSED: "Closed",
  FILTER_MISMATCH: "Filter does not fit",
  BUYER_DUPLICATE: "Had them before",
  SUPPRESSED: "On a suppression list",
  PRIOR_CONNECTS: "Connected too often",
  NO_PRICE: "No price",
  BALANCE_LOW: "Balance too low",
  CAP_REACHED: "Over its cap",
  CAP_PACED: "Ahead of its pace",
  CONCURRENCY_FULL: "All lines taken",
  BELOW_FLOOR: "Price too low",
  WEIGHT_ZERO: "Weight of zero",
  NO_CANDIDATE: "Nobody could take it",
  NOT_TAKEN: "Nobody took it",
  CALLER_LEFT: "Caller left",
  UNREACHABLE: "Cannot be reached",
  AUCTION_LOST: "Another bid was better",
  NO_BID: "Bids nothing",
  BID_LATE: "Answered too late",
  TIMED_OUT: "No answer in time",
};

/** A reason code as a few words: the house's where it has some, else the code's own. */
export function shortReason(code: string): string {
  const own = shortReasons[code];
  if (own) return own;
  const words = code.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const reasonChoices = Object.keys(shortReasons)
  .concat([
    "FEED_PAUSED",
    "CAMPAIGN_PAUSED",
    "FEED_CLOSED",
    "FEED_CAPPED",
    "DUPLICATE",
    "BLOCKED",
    "BUYER_REJECTED",
    "SYSTEM_ERROR",
  ])
  .filter((code) => !["WEIGHT_ZERO", "PRIOR_CONNECTS", "NO_PRICE", "FILTER_MISMATCH", "UNREACHABLE", "AUCTION_LOST", "NO_BID", "BID_LATE"].includes(code))
  .map((code) => ({ value: code, label: shortReason(code) }))
  .sort((a, b) => a.label.localeCompare(b.label));
