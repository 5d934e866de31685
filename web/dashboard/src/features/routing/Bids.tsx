// What buyers answered who were asked for a bid, the winner first; and what the publisher was given for a call to come.

import { Link } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { count, money, plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Scroll } from "../../parts/Scroll";
import { StateWord, type Tone } from "../../parts/State";
import { At } from "../../parts/When";
import { shortReason } from "./words";

export type Bid = Schema<"Bid">;
export type GivenBid = Schema<"GivenBid">;

/** Answers that are nobody's fault: the buyer spoke in time, and was not needed or not good enough. */
const calm = new Set(["AUCTION_LOST", "NO_BID", "BELOW_FLOOR", "BUYER_REJECTED"]);

/** What became of a bid, in a few words. */
export function bidState(bid: Bid): { tone: Tone; word: string } {
  if (bid.outcome === "won") return { tone: "ok", word: "Won" };
  if (bid.outcome === "next") return { tone: "off", word: `Takes over as number ${bid.place ?? 1}` };
  const code = bid.reason?.code ?? "";
  return { tone: calm.has(code) ? "off" : "warn", word: shortReason(code) };
}

/** "3 of 5 bid, the best $48.00" */
export function bidsInShort(bids: readonly Bid[], currency: string): string {
  const amounts = bids.map((bid) => bid.bid_micros).filter((micros) => micros != null);
  const best = amounts.length ? `, the best ${money(Math.max(...amounts), currency)}` : "";
  return `${count(amounts.length)} of ${count(bids.length)} bid${best}`;
}

/** Nothing when nobody was asked. */
export function Bids({ bids, currency }: { bids: Bid[]; currency: string }) {
  if (bids.length === 0) return null;
  const auctions = new Set(bids.map((bid) => bid.attempt)).size;
  return (
    <Card title={auctions > 1 ? `Bids of ${plural(auctions, "auction")}` : "Bids"} lined right={bidsInShort(bids, currency)}>
      <Scroll label="Bids">
        <table className="t tall">
          <thead>
            <tr>
              <th scope="col">Buyer</th>
              <th scope="col">Outcome</th>
              <th scope="col" className="num">
                Answered in
              </th>
              <th scope="col" className="num">
                Bid
              </th>
            </tr>
          </thead>
          <tbody>
            {bids.map((bid) => (
              <tr key={`${bid.attempt} ${bid.contract.id}`}>
                <td>
                  <span className="two">
                    <span className="med cut">{bid.buyer.name}</span>
                    <span className="sub cut">
                      <Link href={`/contracts/${bid.contract.id}`}>
                        {bid.contract.name}
                      </Link>
                      {auctions > 1 && `, attempt ${bid.attempt}`}
                    </span>
                  </span>
                </td>
                <td>
                  <BidOutcome bid={bid} />
                </td>
                <td className="num">{bid.latency_ms == null ? <span className="dim">—</span> : `${count(bid.latency_ms)} ms`}</td>
                <td className="num">
                  {bid.bid_micros == null ? <span className="dim">—</span> : money(bid.bid_micros, currency)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}

function BidOutcome({ bid }: { bid: Bid }) {
  const { tone, word } = bidState(bid);
  const more = [
    bid.said && `“${bid.said}”`,
    bid.outcome === "won" && bid.min_seconds ? `pays from ${plural(bid.min_seconds, "second")} on` : null,
  ].filter(Boolean);
  return (
    <span className="two" title={bid.reason?.sentence}>
      <StateWord tone={tone}>{word}</StateWord>
      {more.length > 0 && <span className="sub cut bid-said">{more.join(", ")}</span>}
    </span>
  );
}

const states: Record<string, { tone: Tone; word: string }> = {
  waiting: { tone: "live", word: "Waits for its call" },
  called: { tone: "ok", word: "Called" },
  missed: { tone: "off", word: "Nobody called in time" },
};

export function GivenState({ bid }: { bid: GivenBid }) {
  const { tone, word } = states[bid.state] ?? { tone: "off" as Tone, word: bid.state };
  return <StateWord tone={tone}>{word}</StateWord>;
}

/** What the publisher was given; nothing when they did not ask. */
export function Given({ given }: { given: GivenBid[] }) {
  return given.map((bid) => (
    <Card key={bid.id} title="Given to the publisher" lined right={<GivenState bid={bid} />}>
      <dl className="facts pad">
        <dt>Pays</dt>
        <dd className="tel">
          {money(bid.amount_micros, bid.currency)}
          {bid.min_seconds ? ` from ${plural(bid.min_seconds, "second")} on` : ""}
        </dd>
        <dt>To be called</dt>
        <dd className="tel">{bid.number_display}</dd>
        <dt>By</dt>
        <dd className="tel">{bid.caller_display ?? "anybody who calls the number"}</dd>
        <dt>Held until</dt>
        <dd className="tel">
          <At at={bid.expires_at} />
        </dd>
        {bid.call && bid.arrived_at != null && (
          <>
            <dt>Called</dt>
            <dd className="tel">
              <Link href={`/calls/${bid.call}`}>
                <At at={bid.arrived_at} />
              </Link>
            </dd>
          </>
        )}
      </dl>
    </Card>
  ));
}
