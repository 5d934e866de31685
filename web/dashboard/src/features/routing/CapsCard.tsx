// The caps of one thing, live: of a campaign, a buyer, a feed or a contract.

import { useQuery } from "@tanstack/react-query";
import { Card } from "../../parts/Card";
import { Loaded } from "../../parts/Waiting";
import { CapMeter, PlaceMeter } from "./CapMeters";
import { capsQuery } from "./queries";

type CapsCardProps = {
  of: { campaign?: string; buyer?: string };
  /** Only those of one thing; with whose it is when left out. */
  only?: string;
  nothing: string;
};

export function CapsCard({ of, only, nothing }: CapsCardProps) {
  const caps = useQuery(capsQuery(of));
  return (
    <Card title="Caps" lined right="live">
      <Loaded query={caps} rows={4} title="The caps did not arrive">
        {(standing) => {
          const own = standing.caps.filter((cap) => !only || cap.of.id === only);
          const places = standing.concurrency.filter((place) => !only || place.of.id === only);
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
