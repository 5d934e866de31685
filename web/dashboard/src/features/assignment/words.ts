// What a number is for and what it does now, in words.

import type { Schema } from "@trunkline/api-client";
import type { Tone } from "../../parts/State";
import { digits } from "../../base/figures";
import { day, span } from "../../base/time";

export type TrackingNumber = Schema<"TrackingNumber">;
export type Pool = Schema<"Pool">;
export type Lease = Schema<"PoolLease">;

/** A number seen within this time counts as visible: the heartbeat comes every 20 s, three may fail. */
export const VISIBLE_MS = 60_000;

export type Kind = "pool" | "source" | "static";

export const kinds: Record<Kind, { name: string; means: string }> = {
  pool: { name: "Pool", means: "One visitor at a time sees it" },
  source: { name: "Source", means: "Every visitor from one source sees it" },
  static: { name: "Static", means: "The same for everybody, such as a number on a van" },
};

export type Stage = "warming" | "in_use" | "quarantine" | "released";

export const stages: Record<Stage, { name: string; means: string }> = {
  in_use: { name: "In use", means: "Visitors see it" },
  warming: { name: "Warming up", means: "Takes calls; shown after 7 days if no strangers call it" },
  quarantine: { name: "Quarantine", means: "Not shown any more; still takes calls" },
  released: { name: "Released", means: "Takes no calls; its history stays" },
};

/** The name of a stage, also of one that this build does not know yet. */
export function stageName(stage: string): string {
  return stages[stage as Stage]?.name ?? stage;
}

/** "Paid search, pages below /roofing": the visitors a pool is for, or null for everybody. */
export function visitorsOf(pool: Pick<Pool, "source" | "page">): string | null {
  const { source, page } = pool;
  const named = [source?.source, source?.medium].filter(Boolean).join(" / ");
  const parts = [source?.channel?.replaceAll("_", " "), named, page && `pages below ${page}`].filter(Boolean);
  return parts.length ? parts.join(", ") : null;
}

/** The name of a kind, also of one that this build does not know yet. */
export function kindName(kind: string): string {
  return kinds[kind as Kind]?.name ?? kind;
}

/** "Pool Dallas Roofing", "Source google / cpc", "Static". */
export function useOf(number: Pick<TrackingNumber, "kind" | "pool" | "source">): string {
  if (number.kind === "pool") return number.pool?.name ?? "No pool yet";
  if (number.kind === "source") {
    const source = number.source;
    return (
      [source?.source, source?.medium].filter(Boolean).join(" / ") ||
      source?.channel?.replaceAll("_", " ") ||
      "Any source"
    );
  }
  return "The same for all";
}

/**
 * "held until Dec 12: copies of the block of Lone Star still show it", or nothing when pools may take the number or the
 * block in force carries it anyway.
 */
export function holdWords(number: Pick<TrackingNumber, "held">, zone: string): string | null {
  const { held } = number;
  if (!held || held.in_block) return null;
  return `held until ${day(held.until_at, zone)}: copies of the block of ${held.site.name} still show it`;
}

/** The state of a pool number now: the one place where it gets its word, for the inventory and the pool alike. */
export function leaseState(lease: Pick<Lease, "state" | "last_visible_at">, now: number): { tone: Tone; word: string } {
  const quiet = lease.last_visible_at == null ? null : now - lease.last_visible_at;
  switch (lease.state) {
    case "in_call":
      return { tone: "live", word: "on call" };
    case "provisional":
      return { tone: "off", word: "page loading" };
    case "held":
      return quiet !== null && quiet > VISIBLE_MS
        ? { tone: "off", word: `not seen for ${span(roundedMinutes(quiet))}` }
        : { tone: "live", word: "visible now" };
    case "cooling":
      return { tone: "off", word: "rests after a call" };
    default:
      return { tone: "off", word: "free" };
  }
}

/** Whole minutes from one minute on: a silence that ticks by seconds only makes noise. */
function roundedMinutes(ms: number): number {
  return ms < VISIBLE_MS ? ms : Math.floor(ms / 60_000) * 60_000;
}

/** Digits of a number that is written again, at least: a part of it would fit others too. */
const REPEATED_MIN = 7;

/** What is wrong with a number that is to be written again before something is done that cannot be undone. */
export function repeated(number: TrackingNumber, written: string): string | undefined {
  const again = digits(written);
  if (!again) return `Nothing is written: write ${number.number_display}, so that no other number is given back`;
  if (!digits(number.number).endsWith(again)) return `This is another number: write ${number.number_display}`;
  return again.length < REPEATED_MIN ? `This is a part of the number: write the whole ${number.number_display}` : undefined;
}
