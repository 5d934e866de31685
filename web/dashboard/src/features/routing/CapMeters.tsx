// Caps as meters: used solid, reserved hatched, left empty, all three in figures; from 90% amber with a triangle.

import { Link } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { count, money } from "../../base/figures";
import { Shape } from "../../parts/State";
import { clockMinutes, day, zoneName } from "../../base/time";
import { periodOf, unitOf } from "./words";

export type Standing = Schema<"Standing">;
export type CapStanding = Schema<"CapStanding">;
export type Concurrency = Schema<"ConcurrencyStanding">;
type Owner = Schema<"CapOwner">;

/** From here on a cap is shown amber. */
const NEAR = 0.9;

/** The share of a cap that is taken, 0 to 1. */
export function taken(cap: { max: number; used: number; reserved: number }): number {
  if (cap.max <= 0) return 1;
  return Math.min(1, (cap.used + cap.reserved) / cap.max);
}

/** How much of what in which span: "20 sales today", "$500.00 revenue this week". */
export function capTitle(cap: CapStanding): string {
  const unit = unitOf(cap.counts);
  const span = cap.rolling ? `in the last ${cap.period}` : periodOf(cap.period).now;
  const noun = unit.noun.charAt(0).toUpperCase() + unit.noun.slice(1);
  return cap.name || `${noun} ${span}`;
}

/** When its window ends, on its own clock. */
export function resetWords(cap: CapStanding): string {
  if (cap.period === "all") return "never resets";
  if (cap.rolling) return "rolling";
  if (cap.period === "week" || cap.period === "month") return `resets ${day(cap.to, cap.zone)}`;
  return `resets ${clockMinutes(cap.to, cap.zone)} ${zoneName(cap.zone)}`;
}

/** Whose a cap is, in words; a link where it has a page. */
export function OwnerWords({ of, feed }: { of: Owner; feed?: { name: string } | null }) {
  const words: Record<string, string> = {
    account: "The account",
    campaign: "Campaign",
    plan: "Group",
    feed: "Feed",
    buyer: "Buyer",
    destination: "Destination",
    contract: "Contract",
  };
  const address: Record<string, string> = {
    campaign: `/campaigns/${of.id}`,
    plan: `/campaigns/${of.campaign?.id ?? ""}/plan`,
    feed: `/feeds/${of.id}`,
    buyer: `/buyers/${of.id}`,
    destination: `/buyers/${of.buyer?.id ?? ""}`,
    contract: `/contracts/${of.id}`,
  };
  const name = of.kind === "plan" ? (of.group ?? "") : of.name;
  const to = address[of.kind];
  return (
    <>
      <span className="dim">{words[of.kind] ?? of.kind}</span> {to ? <Link href={to}>{name}</Link> : name}
      {of.kind === "plan" && of.campaign && <span className="dim"> of {of.campaign.name}</span>}
      {feed && <span className="dim">, feed of {feed.name}</span>}
    </>
  );
}

type MeterProps = {
  title: React.ReactNode;
  right: React.ReactNode;
  max: number;
  used: number;
  reserved: number;
  left: number;
  show: (value: number) => string;
  label: string;
  words?: { used: string; reserved: string };
};

/** One meter, with its three figures. */
export function Meter({ title, right, max, used, reserved, left, show, label, words }: MeterProps) {
  const share = (value: number) => (max > 0 ? `${Math.min(100, (value / max) * 100)}%` : "0%");
  const near = taken({ max, used, reserved }) >= NEAR;
  return (
    <div className={near ? "meter warn" : "meter"}>
      <div className="row between meter-head">
        <span className="cut">{title}</span>
        <span className="small dim cut">{right}</span>
      </div>
      <div
        className="bar"
        role="img"
        aria-label={`${label}: ${show(used)} used, ${show(reserved)} reserved, ${show(left)} left of ${show(max)}`}
      >
        <i className="used" style={{ width: share(used) }} />
        <i className="res" style={{ width: share(reserved) }} />
      </div>
      <div className="leg" aria-hidden="true">
        <span>
          <b>{show(used)}</b> {words?.used ?? "used"}
        </span>
        <span>
          <b>{show(reserved)}</b> {words?.reserved ?? "reserved"}
        </span>
        <span className={near ? "row tight warn" : undefined}>
          {near && <Shape tone="warn" />}
          <b>{show(left)}</b> left
        </span>
      </div>
    </div>
  );
}

export function CapMeter({ cap, currency, owner }: { cap: CapStanding; currency: string; owner: boolean }) {
  const show = cap.money ? (value: number) => money(value, currency) : count;
  return (
    <div className="cap">
      <Meter
        label={capTitle(cap)}
        title={capTitle(cap)}
        right={
          <>
            of {show(cap.max)}, {resetWords(cap)}
          </>
        }
        max={cap.max}
        used={cap.used}
        reserved={cap.reserved}
        left={cap.left}
        show={show}
      />
      {(owner || cap.left_now != null || cap.feed) && (
        <p className="small cap-of">
          {owner ? <OwnerWords of={cap.of} feed={cap.feed} /> : cap.feed && <span className="dim">Feed of {cap.feed.name}</span>}
          {cap.left_now != null && <span className="dim"> Spread over the day: {show(cap.left_now)} left this hour.</span>}
        </p>
      )}
    </div>
  );
}

export function PlaceMeter({ place, owner }: { place: Concurrency; owner: boolean }) {
  return (
    <div className="cap">
      <Meter
        label="Calls at the same time"
        title="Calls at the same time"
        right={`of ${count(place.max)} ${place.max === 1 ? "line" : "lines"}`}
        max={place.max}
        used={place.legs}
        reserved={place.reserved}
        left={place.left}
        show={count}
        words={{ used: "on calls", reserved: "reserved" }}
      />
      {owner && (
        <p className="small cap-of">
          <OwnerWords of={place.of} />
        </p>
      )}
    </div>
  );
}
