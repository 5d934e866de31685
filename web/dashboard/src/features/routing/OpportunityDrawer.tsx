// One opportunity over its log: what was known, who has it, the trace of every contract, the attempts, and what if.

import { ActionIcon, Drawer } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { Refused } from "../../api/client";
import { money, plural } from "../../base/figures";
import { minutesSeconds } from "../../base/time";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { Scroll } from "../../parts/Scroll";
import { Empty, Loaded } from "../../parts/Waiting";
import { At } from "../../parts/When";
import { scrim } from "../../theme/theme";
import { Bids, Given } from "./Bids";
import { Became, whoOf } from "./OpportunityTable";
import { opportunityQuery } from "./queries";
import { Trace } from "./Trace";
import { WhatIf } from "./WhatIf";
import { attemptWords } from "./words";

export type Detail = Schema<"OpportunityDetail">;

type DrawerProps = {
  id: string | undefined;
  /** The ids of the list below, for previous and next. */
  among: string[];
  address: (id: string) => string;
  closed: string;
};

export function OpportunityDrawer({ id, among, address, closed }: DrawerProps) {
  const [, go] = useLocation();
  const query = useQuery({ ...opportunityQuery(id), placeholderData: keepPreviousData });
  const place = id === undefined ? -1 : among.indexOf(id);
  const previous = place > 0 ? among[place - 1] : undefined;
  const next = place >= 0 ? among[place + 1] : undefined;
  const step = (to: string | undefined) => to && go(address(to), { replace: true });
  const close = () => go(closed);
  useHotkeys([
    ["j", () => step(next)],
    ["k", () => step(previous)],
  ]);
  const missing = query.error instanceof Refused && query.error.status === 404;
  const one = query.data?.id === id ? query.data : undefined;
  return (
    <Drawer.Root opened={id !== undefined} onClose={close} position="right" size={880} transitionProps={{ duration: 160 }}>
      <Drawer.Overlay {...scrim} />
      <Drawer.Content aria-label={one ? `What became of ${whoOf(one)}` : "Opportunity"}>
        <div className="drawer-head">
          <div className="row">
            <h2 className="tel" tabIndex={-1} data-autofocus>
              {one ? whoOf(one) : "Opportunity"}
            </h2>
            {one && <Became one={one} />}
            <span className="grow" />
            <ActionIcon aria-label="Previous" title="Previous (K)" disabled={!previous} onClick={() => step(previous)}>
              <Icon name="up" />
            </ActionIcon>
            <ActionIcon aria-label="Next" title="Next (J)" disabled={!next} onClick={() => step(next)}>
              <Icon name="down" />
            </ActionIcon>
            <ActionIcon aria-label="Close" title="Close (Esc)" onClick={close}>
              <Icon name="close" />
            </ActionIcon>
          </div>
          {one && (
            <div className="row soft" style={{ gap: 16 }}>
              <span className="cut">
                {one.campaign.name}
                {one.publisher ? `, from ${one.publisher.name}` : ""}
              </span>
              <span className="dim tel">
                <At at={one.came_at} />
              </span>
            </div>
          )}
        </div>
        <div className="drawer-in" aria-busy={query.isFetching}>
          {missing ? (
            <Empty title="There is no such opportunity here">
              It belongs to another account, or its address is not complete.
            </Empty>
          ) : (
            <Loaded query={query} title="The opportunity did not arrive">
              {(shown) => <Inside key={shown.id} one={shown} />}
            </Loaded>
          )}
        </div>
      </Drawer.Content>
    </Drawer.Root>
  );
}

function Inside({ one }: { one: Detail }) {
  return (
    <>
      {one.state === "unsold" && one.reason && (
        <div className="note" role="note">
          <Icon name="bad" />
          <div className="grow">
            <div className="med">{one.stopped ?? one.reason.sentence}</div>
            <div className="small soft">
              {one.trace.length
                ? `${plural(one.trace.length, "contract")} ${one.trace.length === 1 ? "was" : "were"} looked at.`
                : "It was stopped before the plan; nothing is paid for it."}
            </div>
          </div>
        </div>
      )}
      <Trace lines={one.trace} currency={one.currency} />
      <Bids bids={one.bids} currency={one.currency} />
      {one.attempts.length > 0 && <Attempts one={one} />}
      <Given given={one.given} />
      <div className="halves">
        <Asked one={one} />
        <Card title="Money and versions" lined>
          <dl className="facts pad">
            <dt>Revenue</dt>
            <dd className="tel">{one.revenue_micros == null ? "—" : money(one.revenue_micros, one.currency)}</dd>
            <dt>Payout</dt>
            <dd className="tel">{one.payout_micros == null ? "—" : money(one.payout_micros, one.currency)}</dd>
            {one.kind === "call" && one.state === "sold" && (
              <>
                <dt>Minutes</dt>
                <dd className="tel">
                  {one.telephony_cost_micros == null ? "not known" : money(one.telephony_cost_micros, one.currency)}
                </dd>
              </>
            )}
            <dt>Profit</dt>
            <dd className="tel">{one.profit_micros == null ? "—" : money(one.profit_micros, one.currency)}</dd>
            <dt>Route plan</dt>
            <dd>{one.plan_version == null ? "none" : `version ${one.plan_version}`}</dd>
            {one.feed && (
              <>
                <dt>Feed</dt>
                <dd>
                  <Link href={`/feeds/${one.feed}`}>{one.publisher?.name ?? "Feed"}</Link>
                  {one.feed_version == null ? "" : `, version ${one.feed_version}`}
                </dd>
              </>
            )}
            {one.kind === "lead" && (
              <>
                <dt>Lead</dt>
                <dd>
                  <Link href={`/leads/${one.id}`}>Open the lead</Link>
                </dd>
              </>
            )}
            {one.call && (
              <>
                <dt>Call</dt>
                <dd>
                  <Link href={`/calls/${one.call}`}>Open the call</Link>
                </dd>
              </>
            )}
          </dl>
        </Card>
      </div>
      <WhatIf id={one.id} currency={one.currency} />
    </>
  );
}

function Attempts({ one }: { one: Detail }) {
  return (
    <Card title="Attempts" lined right={plural(one.attempts.length, "attempt")}>
      <Scroll label="Attempts">
        <table className="t">
          <thead>
            <tr>
              <th scope="col">Contract</th>
              <th scope="col">Result</th>
              <th scope="col">Begun</th>
              <th scope="col" className="num">
                Talk
              </th>
              <th scope="col" className="num">
                Price
              </th>
              <th scope="col" className="num">
                Paid
              </th>
            </tr>
          </thead>
          <tbody>
            {one.attempts.map((attempt) => (
              <tr key={attempt.n}>
                <td>
                  <span className="med">{attempt.contract.name}</span> <span className="dim">{attempt.buyer.name}</span>
                </td>
                <td title={attempt.reason?.sentence}>
                  {attempt.outcome ? (attemptWords[attempt.outcome] ?? attempt.outcome) : "Going on"}
                </td>
                <td className="tel">
                  <At at={attempt.started_at} />
                </td>
                <td className="num">{attempt.connected_ms == null ? "—" : minutesSeconds(attempt.connected_ms / 1_000)}</td>
                <td className="num">
                  {attempt.bid_micros != null
                    ? money(attempt.bid_micros, one.currency)
                    : attempt.price_micros != null
                      ? money(attempt.price_micros, one.currency)
                      : "—"}
                </td>
                <td className="num">
                  {attempt.revenue_micros == null ? "—" : money(attempt.revenue_micros, one.currency)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}

const vouched: Record<string, string> = {
  full: "the number",
  partial: "the customer",
  gateway: "nothing but the way in",
  nothing: "nothing",
  forged: "it is forged",
};

function Asked({ one }: { one: Detail }) {
  const { asked } = one;
  const facts: [string, string | null | undefined][] = [
    ["State", asked.state],
    ["ZIP code", asked.zip],
    ["Country", asked.country],
    ["Source", asked.source?.label],
    ["Score", asked.score == null ? null : String(asked.score)],
    ["Carrier vouches for", asked.attestation && (vouched[asked.attestation] ?? asked.attestation)],
    ["Came before", asked.times_before ? plural(asked.times_before, "time") : "never"],
    ...Object.entries(asked.tags).map(([name, value]): [string, string] => [name, value]),
  ];
  const known = facts.filter((fact): fact is [string, string] => Boolean(fact[1]));
  return (
    <Card title="What was known" lined>
      <dl className="facts pad">
        {known.map(([name, value]) => (
          <div key={name} className="contents">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
