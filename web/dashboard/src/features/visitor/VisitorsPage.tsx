// Visitors: who came, from where, and what number they hold now.

import { Button, SegmentedControl, Select } from "@mantine/core";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { numbersQuery, sitesQuery } from "../../api/lists";
import { path, plural } from "../../base/figures";
import { startOfDay } from "../../base/time";
import { useNow } from "../../parts/now";
import { Scroll } from "../../parts/Scroll";
import { Empty, Failure, Lines } from "../../parts/Waiting";
import { Ago, At } from "../../parts/When";
import { Page } from "../../shell/Page";
import { useZone } from "../access/session";

type Session = Schema<"SessionSummary">;

const PAGE_SIZE = 50;
const REFRESH_MS = 15_000;

export default function VisitorsPage() {
  const zone = useZone();
  const minute = useNow(60_000);
  const sites = useQuery(sitesQuery());
  const [site, setSite] = useState<string | null>(null);
  const [time, setTime] = useState("all");
  const from = time === "today" ? startOfDay(minute, zone) : time === "week" ? startOfDay(minute, zone, 6) : undefined;
  const sessions = useInfiniteQuery({
    queryKey: ["sessions", site, from],
    queryFn: ({ pageParam }) =>
      take(
        api.GET("/api/v1/sessions", {
          params: { query: { limit: PAGE_SIZE, cursor: pageParam, site: site ?? undefined, from } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
  const items = sessions.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title="Visitors">
      <div className="row wrap">
        <SegmentedControl
          aria-label="Time"
          value={time}
          onChange={setTime}
          data={[
            { value: "all", label: "All" },
            { value: "today", label: "Today" },
            { value: "week", label: "7 days" },
          ]}
        />
        <Select
          aria-label="Site"
          placeholder="All sites"
          clearable
          data={sites.data?.map((each) => ({ value: each.id, label: each.name })) ?? []}
          value={site}
          onChange={setSite}
        />
      </div>
      <section className="card" aria-label="Visitors" aria-busy={sessions.isFetching}>
        {sessions.isError && (
          <Failure error={sessions.error} title="The visitors did not arrive" retry={() => void sessions.refetch()} />
        )}
        {sessions.data === undefined && !sessions.isError && <Lines rows={10} />}
        {sessions.data &&
          (items.length ? <List sessions={items} /> : <Nobody filtered={site !== null || time !== "all"} />)}
      </section>
      {items.length > 0 && (
        <div className="row between small dim">
          <span>{plural(items.length, "visit")} shown</span>
          {sessions.hasNextPage && (
            <Button size="xs" loading={sessions.isFetchingNextPage} onClick={() => void sessions.fetchNextPage()}>
              Older
            </Button>
          )}
        </div>
      )}
    </Page>
  );
}

function Nobody({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <Empty title="No visit fits">Choose a longer time or all sites.</Empty>
  ) : (
    <Empty
      title="No visitors yet"
      action={
        <Button variant="filled" component={Link} href="/sites">
          Go to the sites
        </Button>
      }
    >
      Visits show up here as soon as a page with the snippet is opened.
    </Empty>
  );
}

/** The numbers visitors hold now, by session. */
function useHeld(): Map<string, string> {
  const numbers = useQuery(numbersQuery()).data ?? [];
  return new Map(
    numbers.flatMap((number) => (number.holder ? [[number.holder.session, number.number_display] as const] : [])),
  );
}

const none = <span className="dim">—</span>;

function List({ sessions }: { sessions: Session[] }) {
  const [, go] = useLocation();
  const held = useHeld();
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Visitor
              </th>
              <th scope="col">Last seen</th>
              <th scope="col">Came</th>
              <th scope="col">Source</th>
              <th scope="col">First page</th>
              <th scope="col">Holds now</th>
              <th scope="col">Device</th>
              <th scope="col">Site</th>
            </tr>
          </thead>
          <tbody>
            {sessions.map((session) => (
              <tr key={session.id} className="to" onClick={() => go(`/visitors/${session.id}`)}>
                <td className="fix">
                  <Link className="cell med" href={`/visitors/${session.id}`}>
                    {session.visitor_label}
                  </Link>
                </td>
                <td>
                  <Ago at={session.seen_at} />
                </td>
                <td className="soft">
                  <At at={session.started_at} />
                </td>
                <td>
                  <Source session={session} />
                </td>
                <td className="soft">
                  {session.landing ? <span title={session.landing}>{path(session.landing)}</span> : none}
                </td>
                <td className="tel">{held.get(session.id) ?? none}</td>
                <td className="soft">{session.device}</td>
                <td className="soft">{session.site?.name ?? none}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {sessions.map((session) => (
          <li key={session.id}>
            <Link href={`/visitors/${session.id}`}>
              <span className="row between">
                <span className="med">
                  {session.visitor_label}, {session.device}
                </span>
                <span className="small dim tel">
                  <Ago at={session.seen_at} />
                </span>
              </span>
              <span className="row between small">
                <span className="soft cut">
                  <Source session={session} />
                </span>
                <span className="tel">{held.get(session.id)}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function Source({ session }: { session: Session }) {
  const detail = session.source.term || session.source.ad_campaign || "";
  return (
    <>
      {session.source.label} {detail && <span className="dim">{detail}</span>}
    </>
  );
}
