// Every cap, live: the fullest first, by campaign and buyer.

import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearch } from "wouter";
import { plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { CapMeter, PlaceMeter, taken, type Standing } from "./CapMeters";
import { buyersQuery, campaignsQuery, capsQuery } from "./queries";

export default function CapsPage() {
  const [, go] = useLocation();
  const chosen = new URLSearchParams(useSearch());
  const of = {
    ...(chosen.get("campaign") ? { campaign: chosen.get("campaign") ?? "" } : {}),
    ...(chosen.get("buyer") ? { buyer: chosen.get("buyer") ?? "" } : {}),
  };
  const caps = useQuery(capsQuery(of));
  const campaigns = useQuery(campaignsQuery()).data ?? [];
  const buyers = useQuery(buyersQuery()).data ?? [];
  const choose = (name: string, value: string | null) => {
    const next = new URLSearchParams(of);
    if (value) next.set(name, value);
    else next.delete(name);
    const text = next.toString();
    go(text ? `/caps?${text}` : "/caps", { replace: true });
  };
  return (
    <Page title="Caps">
      <div className="row wrap filters">
        <Select
          aria-label="Of a campaign"
          placeholder="All campaigns"
          clearable
          searchable
          data={campaigns.map((each) => ({ value: each.id, label: each.name }))}
          value={of.campaign ?? null}
          onChange={(value) => choose("campaign", value)}
        />
        <Select
          aria-label="Of a buyer"
          placeholder="All buyers"
          clearable
          searchable
          data={buyers.map((each) => ({ value: each.id, label: each.name }))}
          value={of.buyer ?? null}
          onChange={(value) => choose("buyer", value)}
        />
        <span className="key">
          <span>
            <i className="key-used" /> used
          </span>
          <span>
            <i className="key-reserved" /> reserved
          </span>
          <span>
            <i className="key-left" /> left
          </span>
        </span>
      </div>
      <Loaded query={caps} title="The caps did not arrive">
        {(standing) => <Meters standing={standing} filtered={Object.keys(of).length > 0} />}
      </Loaded>
    </Page>
  );
}

function Meters({ standing, filtered }: { standing: Standing; filtered: boolean }) {
  const caps = [...standing.caps].sort((a, b) => taken(b) - taken(a));
  const places = [...standing.concurrency].sort(
    (a, b) => taken({ ...b, used: b.legs }) - taken({ ...a, used: a.legs }),
  );
  if (caps.length + places.length === 0) {
    return (
      <section className="card">
        <Empty title={filtered ? "None of these has a cap" : "No caps yet"}>
          A cap says how much is sold, offered or spent in an hour, a day or a month, and is never overshot. Set one in the
          terms of a <Link href="/campaigns">campaign</Link>, a <Link href="/buyers">buyer</Link> or a contract, or in a route
          plan.
        </Empty>
      </section>
    );
  }
  return (
    <>
      <div className="cap-columns">
        {caps.length > 0 && (
          <Card title="Sales and spending" lined right={`${plural(caps.length, "cap")}, live`}>
            <div className="cap-list">
              {caps.map((cap) => (
                <CapMeter key={`${cap.cap} ${cap.feed?.id ?? ""}`} cap={cap} currency={standing.currency} owner />
              ))}
            </div>
          </Card>
        )}
        {places.length > 0 && (
          <Card title="At the same time" lined right="live">
            <div className="cap-list">
              {places.map((place) => (
                <PlaceMeter key={`${place.of.id} ${place.of.group ?? ""}`} place={place} owner />
              ))}
            </div>
          </Card>
        )}
      </div>
      {standing.left_out > 0 && (
        <p className="small dim">{plural(standing.left_out, "more cap")} are not shown: choose a campaign or a buyer.</p>
      )}
    </>
  );
}
