// The caps of one thing, live: of a campaign, a buyer, a feed or a contract.

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { Card } from "../../parts/Card";
import { Loaded } from "../../parts/Waiting";
import { CapMeter, PlaceMeter, taken } from "./CapMeters";
import { capsQuery } from "./queries";

type CapsCardProps = {
  of: { campaign?: string; buyer?: string };
  /** Only those of one thing; with whose it is when left out. */
  only?: string;
  nothing: string;
};

/** Caps shown of a campaign or buyer: the fullest; the rest is a page of its own. */
const SHOWN = 5;

export function CapsCard({ of, only, nothing }: CapsCardProps) {
  const caps = useQuery(capsQuery(of));
  const search = new URLSearchParams(of).toString();
  return (
    <Card title="Caps" lined right={only ? "live" : <Link href={`/caps?${search}`}>See all</Link>}>
      <Loaded query={caps} rows={4} title="The caps did not arrive">
        {(standing) => {
          const own = only
            ? standing.caps.filter((cap) => cap.of.id === only)
            : [...standing.caps].sort((a, b) => taken(b) - taken(a)).slice(0, SHOWN);
          const places = only
            ? standing.concurrency.filter((place) => place.of.id === only)
            : standing.concurrency.slice(0, Math.max(1, SHOWN - own.length));
          if (own.length + places.length === 0) return <p className="pad dim">{nothing}</p>;
          return (
            <div className="cap-list">
              {own.map((cap) => (
                <CapMeter
                  key={`${cap.cap} ${cap.feed?.id ?? ""}`}
                  cap={cap}
                  currency={standing.currency}
                  owner={!only}
                />
              ))}
              {places.map((place) => (
                <PlaceMeter key={`${place.of.id} ${place.of.group ?? ""}`} place={place} owner={!only} />
              ))}
            </div>
          );
        }}
      </Loaded>
    </Card>
  );
}
