// One lead over its log: who has it, who else was asked, what it said, what happened, its consent, and what was given back.

import { ActionIcon, Drawer } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import { api, Refused, take } from "../../api/client";
import { national, plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { Empty, Loaded } from "../../parts/Waiting";
import { At } from "../../parts/When";
import { scrim } from "../../theme/theme";
import { Bids } from "../routing/Bids";
import { at, opportunityQuery } from "../routing/queries";
import { ConsentCard } from "./ConsentCard";
import { Legs } from "./Legs";
import { LeadState, whoOf } from "./LeadTable";
import { Returns } from "./Returns";
import { cameByWords, eventState, eventTold, fieldName, reasonWords, sum, type LeadDetail } from "./words";

type DrawerProps = {
  id: string | undefined;
  /** The ids of the list below, for previous and next. */
  among: string[];
  address: (id: string) => string;
  closed: string;
};

/** A lead that is still being decided is looked at again soon. */
const SOON_MS = 2_000;
const undecided = new Set(["ping_received", "posted", "validating", "selling"]);

export function LeadDrawer({ id, among, address, closed }: DrawerProps) {
  const [, go] = useLocation();
  const query = useQuery({
    queryKey: ["lead", id],
    queryFn: () => take(api.GET("/api/v1/leads/{id}", { params: at(id ?? "") })),
    enabled: id !== undefined,
    placeholderData: keepPreviousData,
    retry: (failures, error) => !(error instanceof Refused && error.status === 404) && failures < 2,
    refetchInterval: (of) => (of.state.data && undecided.has(of.state.data.state) ? SOON_MS : false),
  });
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
  const lead = query.data?.id === id ? query.data : undefined;
  return (
    <Drawer.Root opened={id !== undefined} onClose={close} position="right" size={880} transitionProps={{ duration: 160 }}>
      <Drawer.Overlay {...scrim} />
      <Drawer.Content aria-label={lead ? `Lead ${whoOf(lead)}` : "Lead"}>
        <div className="drawer-head">
          <div className="row">
            <h2 className="tel cut" tabIndex={-1} data-autofocus>
              {lead ? whoOf(lead) : "Lead"}
            </h2>
            {lead && <LeadState lead={lead} />}
            {lead?.test && <span className="badge">Test</span>}
            <span className="grow" />
            <ActionIcon aria-label="Previous lead" title="Previous lead (K)" disabled={!previous} onClick={() => step(previous)}>
              <Icon name="up" />
            </ActionIcon>
            <ActionIcon aria-label="Next lead" title="Next lead (J)" disabled={!next} onClick={() => step(next)}>
              <Icon name="down" />
            </ActionIcon>
            <ActionIcon aria-label="Close" title="Close (Esc)" onClick={close}>
              <Icon name="close" />
            </ActionIcon>
          </div>
          {lead && (
            <div className="row soft" style={{ gap: 16 }}>
              <span className="cut">
                {lead.campaign.name}, from {lead.publisher.name}
              </span>
              <span className="dim tel">
                <At at={lead.came_at} />
              </span>
            </div>
          )}
        </div>
        <div className="drawer-in" aria-busy={query.isFetching}>
          {missing ? (
            <Empty title="There is no such lead here">It belongs to another account, or its address is not complete.</Empty>
          ) : (
            <Loaded query={query} title="The lead did not arrive">
              {(shown) => <Inside key={shown.id} lead={shown} />}
            </Loaded>
          )}
        </div>
      </Drawer.Content>
    </Drawer.Root>
  );
}

function Inside({ lead }: { lead: LeadDetail }) {
  // A lead that was refused at the door was never an opportunity.
  const opportunity = useQuery(opportunityQuery(lead.test ? undefined : lead.id)).data;
  const why = lead.reason && lead.state !== "sold" ? lead.reason : undefined;
  return (
    <>
      {why && (
        <div className="note" role="note">
          <Icon name="bad" />
          <div className="grow">
            <div className="med">{reasonWords(why)}</div>
            <div className="small soft">
              {lead.next_at != null ? (
                <>
                  It is offered again <At at={lead.next_at} />
                  {lead.offered_again ? `, after ${plural(lead.offered_again, "try", "tries")}` : ""}.
                </>
              ) : (
                <>
                  The publisher was told <code>{why}</code>.
                </>
              )}
            </div>
          </div>
        </div>
      )}
      <Legs
        lead={lead}
        trace={
          opportunity && (
            <Link className="small" href={`/opportunities/${lead.id}`}>
              Why these buyers
            </Link>
          )
        }
      />
      {opportunity && <Bids bids={opportunity.bids} currency={opportunity.currency} />}
      <div className="halves">
        <div className="stack close">
          <Fields lead={lead} />
          <Money lead={lead} />
        </div>
        <div className="stack close">
          <Events lead={lead} />
          <Returns lead={lead} />
        </div>
      </div>
      <ConsentCard consent={lead.consent} />
    </>
  );
}

/** A value as a person reads it: numbers in the form of the country. */
const shown = (value: string) => (/^\+\d{8,15}$/.test(value) ? national(value) : value);

function Fields({ lead }: { lead: LeadDetail }) {
  const personal = new Set(lead.personal);
  const fields = Object.entries(lead.fields);
  const extra = Object.entries(lead.extra);
  return (
    <Card title="What it says" lined right={fields.length ? plural(fields.length, "field") : undefined}>
      {fields.length + extra.length === 0 ? (
        <p className="pad dim">Nothing is kept of it.</p>
      ) : (
        <dl className="facts pad">
          {fields.map(([name, value]) => (
            <div key={name} className="contents">
              <dt title={personal.has(name) ? "Tells who somebody is: no ping carries it" : undefined}>{fieldName(name)}</dt>
              <dd>{shown(value)}</dd>
            </div>
          ))}
          {extra.map(([name, value]) => (
            <div key={`extra ${name}`} className="contents">
              <dt className="dim" title="Came beside the campaign's fields">
                {fieldName(name)}
              </dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}

function Money({ lead }: { lead: LeadDetail }) {
  const amount = (of: string | null | undefined) => (of == null ? "—" : sum(of, lead.currency));
  return (
    <Card title="Money and way" lined>
      <dl className="facts pad">
        <dt>Revenue</dt>
        <dd className="tel">{amount(lead.revenue)}</dd>
        <dt>Payout</dt>
        <dd className="tel">{amount(lead.payout)}</dd>
        {lead.quoted != null && (
          <>
            <dt>Promised</dt>
            <dd className="tel">
              {amount(lead.quoted)}
              {lead.expires_at != null && lead.posted_at == null && (
                <>
                  {" "}
                  until <At at={lead.expires_at} />
                </>
              )}
            </dd>
          </>
        )}
        <dt>Came by</dt>
        <dd>{cameByWords[lead.came_by] ?? lead.came_by}</dd>
        <dt>Feed</dt>
        <dd>
          <Link href={`/feeds/${lead.feed}`}>
            {lead.publisher.name}, {lead.campaign.name}
          </Link>
        </dd>
        {lead.source && (
          <>
            <dt>Source</dt>
            <dd>{lead.source}</dd>
          </>
        )}
        {lead.session && (
          <>
            <dt>Visit</dt>
            <dd>
              <Link href={`/visitors/${lead.session}`}>Open the visit</Link>
            </dd>
          </>
        )}
      </dl>
    </Card>
  );
}

function Events({ lead }: { lead: LeadDetail }) {
  return (
    <Card title="What happened" lined>
      <ol className="happened">
        {lead.events.map((event, i) => {
          const { tone, word } = eventState(event.kind);
          return (
            <li key={i}>
              <span className={`sh ${tone}`} aria-hidden="true" />
              <span className="two">
                <span>
                  {word}
                  {event.contract ? ` ${event.contract.name || "a deleted contract"}` : ""}
                </span>
                {event.told && <span className="sub break">{eventTold(event.told)}</span>}
              </span>
              <span className="tel small dim">
                <At at={event.at} />
              </span>
            </li>
          );
        })}
      </ol>
    </Card>
  );
}
