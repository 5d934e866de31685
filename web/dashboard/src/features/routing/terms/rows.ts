// What a document says, row by row: a name, and the value in words.

import type { FeedDocument, Layer, RoutePlan } from "../documents";
import {
  amount,
  capWords,
  duplicateWords,
  filterWords,
  methodOf,
  priceWords,
  scheduleWords,
  type ListNames,
} from "../words";

export type Row = { name: string; value: string };

const row = (name: string, value: string): Row => ({ name, value });

/** The fields of a level, in the order in which people ask. */
export function layerRows(layer: Layer, currency: string, lists: ListNames): Row[] {
  const found: (Row | undefined)[] = [
    layer.paused ? row("Paused", "nothing is offered") : undefined,
    layer.price && row("Price", priceWords(layer.price, currency)),
    layer.payment && row("Pays", layer.payment === "prepaid" ? "from a balance" : "by invoice"),
    layer.filter && row("Takes", filterWords(layer.filter, lists)),
    layer.suppressed_by?.length
      ? row("Never", layer.suppressed_by.map((id) => lists.get(id) ?? "a deleted list").join(", "))
      : undefined,
    layer.schedule && row("Hours", `${scheduleWords(layer.schedule)} (${layer.schedule.zone})`),
    layer.last_call_s !== undefined ? row("Last call", `${layer.last_call_s} s before closing`) : undefined,
    ...(layer.caps ?? []).map((cap) => row(cap.name || "Cap", capWords(cap, currency))),
    layer.concurrency_max !== undefined ? row("At the same time", `${layer.concurrency_max} calls`) : undefined,
    layer.priority !== undefined ? row("Priority", String(layer.priority)) : undefined,
    layer.weight !== undefined ? row("Weight", String(layer.weight)) : undefined,
    ...(layer.duplicates ?? []).map((rule) => row("Came before", duplicateWords(rule))),
    layer.ring_timeout_s !== undefined ? row("Rings for", `${layer.ring_timeout_s} s`) : undefined,
    layer.recovery_s !== undefined ? row("Hang-up as no answer", `within ${layer.recovery_s} s`) : undefined,
    layer.prior_connects_max !== undefined ? row("Connections before", `at most ${layer.prior_connects_max}`) : undefined,
    layer.bid_timeout_ms !== undefined ? row("Wait for a bid", `${layer.bid_timeout_ms} ms`) : undefined,
    layer.reservation_percent !== undefined ? row("A bid takes", `${layer.reservation_percent}% of a place`) : undefined,
    layer.bid_max !== undefined ? row("Largest bid", amount(layer.bid_max, currency)) : undefined,
  ];
  return found.filter((each) => each !== undefined);
}

export function feedRows(feed: FeedDocument, currency: string): Row[] {
  const pings = feed.pings ?? {};
  const found: (Row | undefined)[] = [
    feed.paused ? row("Paused", "nothing is taken") : undefined,
    feed.payout && row("Payout", priceWords(feed.payout, currency)),
    feed.schedule && row("Hours", `${scheduleWords(feed.schedule)} (${feed.schedule.zone})`),
    ...(feed.caps ?? []).map((cap) => row(cap.name || "Cap", capWords(cap, currency))),
    ...(feed.duplicates ?? []).map((rule) => row("Came before", duplicateWords(rule))),
    feed.rate && row("Requests", `${feed.rate.per_minute} a minute`),
    pings.bid_min !== undefined ? row("Offers from", amount(pings.bid_min, currency)) : undefined,
    pings.bid_valid_s !== undefined ? row("A bid holds", `${pings.bid_valid_s} s`) : undefined,
    pings.ping_valid_s !== undefined ? row("A ping holds", `${pings.ping_valid_s} s`) : undefined,
    pings.deadline_ms !== undefined ? row("An auction takes", `at most ${pings.deadline_ms} ms`) : undefined,
    pings.on_mismatch === "reject" ? row("Broken bids", "are refused") : undefined,
  ];
  return found.filter((each) => each !== undefined);
}

/** A plan in a line per group, with the names of its contracts. */
export function planRows(plan: RoutePlan, names: ReadonlyMap<string, string>): Row[] {
  return Object.entries(plan.groups).map(([name, group]) => {
    const members = group.members.map((member) =>
      "contract" in member.to ? (names.get(member.to.contract) ?? "a deleted contract") : member.to.group,
    );
    return row(name, `${methodOf(group.method).label}: ${members.join(", ") || "nobody"}`);
  });
}
