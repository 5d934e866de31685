// The call log: views, filters, columns, and one call open in its drawer.

import { Button, Menu } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { api, take } from "../../api/client";
import { countsQuery } from "../../api/lists";
import { count } from "../../base/figures";
import { Icon } from "../../parts/Icon";
import { useNow } from "../../parts/now";
import { useStored } from "../../parts/stored";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useZone } from "../access/session";
import { CallDrawer } from "./CallDrawer";
import { CallTable } from "./CallTable";
import { columns, defaultColumns } from "./columns";
import { FilterBar } from "./FilterBar";
import { fromAddress, noFilters, queryText, toAddress, toQuery, type CallFilters } from "./filters";
import { useLive } from "./live";
import { Views } from "./Views";

const PAGE_SIZE = 25;

export default function CallsPage({ id }: { id?: string }) {
  const [, go] = useLocation();
  const search = useSearch();
  const zone = useZone();
  const minute = useNow(60_000);
  const filters = useMemo(() => fromAddress(search), [search]);
  const address = toAddress(filters);
  const query = useMemo(() => toQuery(filters, minute, zone), [filters, minute, zone]);
  const pages = usePages(address);
  const [shown, setShown] = useStored("trunkline_call_columns", defaultColumns);

  const calls = useQuery({
    queryKey: ["calls", "list", query, pages.cursor],
    queryFn: () =>
      take(api.GET("/api/v1/calls", { params: { query: { ...query, limit: PAGE_SIZE, cursor: pages.cursor } } })),
    placeholderData: keepPreviousData,
  });
  const counts = useQuery(countsQuery());
  const live = useLive();
  // Calls in progress come from the live stream wherever they are counted.
  const shownCounts = counts.data && live.known ? { ...counts.data, live: live.calls.length } : counts.data;
  const items = calls.data?.items ?? [];
  const change = (next: CallFilters) => go(withSearch("/calls", toAddress(next)));
  const older = calls.data?.next_cursor;
  const first = pages.index * PAGE_SIZE + 1;

  return (
    <Page title="Calls">
      <div className="row between">
        <Views search={address} counts={shownCounts} />
        <div className="row wide-only">
          <ColumnChooser shown={shown} setShown={setShown} />
          <Button
            size="xs"
            component="a"
            href={withSearch("/api/v1/calls.csv", queryText(query))}
            download
            leftSection={<Icon name="download" size={14} />}
          >
            CSV
          </Button>
        </div>
      </div>
      <FilterBar key={address} filters={filters} change={change} />
      <section className="card" aria-label="Calls" aria-busy={calls.isFetching}>
        <Loaded query={calls} rows={10} title="The calls did not arrive">
          {() =>
            items.length ? (
              <CallTable
                calls={items}
                shown={shown}
                chosen={id}
                address={(call) => withSearch(`/calls/${call}`, address)}
              />
            ) : (
              <NoCalls filtered={address !== ""} clear={() => change(noFilters)} />
            )
          }
        </Loaded>
      </section>
      {items.length > 0 && (
        <div className="row between small dim">
          <span>
            Rows {count(first)} to {count(first + items.length - 1)}
            {address === "" && counts.data ? ` of ${count(counts.data.all)}` : ""}
          </span>
          <span className="row">
            <Button size="xs" disabled={pages.index === 0} onClick={pages.newer}>
              Newer
            </Button>
            <Button size="xs" disabled={!older || calls.isPlaceholderData} onClick={() => older && pages.older(older)}>
              Older
            </Button>
          </span>
        </div>
      )}
      <CallDrawer
        id={id}
        among={items.map((call) => call.id)}
        address={(call) => withSearch(`/calls/${call}`, address)}
        closed={withSearch("/calls", address)}
      />
    </Page>
  );
}

function withSearch(path: string, search: string): string {
  return search ? `${path}?${search}` : path;
}

/** Cursors only lead onwards, so the way back is kept here. */
function usePages(address: string) {
  const [cursors, setCursors] = useState<(string | undefined)[]>([undefined]);
  useEffect(() => setCursors([undefined]), [address]);
  return {
    cursor: cursors.at(-1),
    index: cursors.length - 1,
    older: (next: string) => setCursors((before) => [...before, next]),
    newer: () => setCursors((before) => (before.length > 1 ? before.slice(0, -1) : before)),
  };
}

function ColumnChooser({ shown, setShown }: { shown: string[]; setShown: (shown: string[]) => void }) {
  const toggle = (id: string) => setShown(shown.includes(id) ? shown.filter((each) => each !== id) : [...shown, id]);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" leftSection={<Icon name="columns" size={14} />}>
          Columns
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {columns.map((column) => (
          <Menu.CheckboxItem
            key={column.id}
            checked={shown.includes(column.id)}
            onChange={() => toggle(column.id)}
            closeMenuOnClick={false}
          >
            {column.label}
          </Menu.CheckboxItem>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => setShown(defaultColumns)}>As delivered</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function NoCalls({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  return filtered ? (
    <Empty title="No call fits these filters" action={<Button onClick={clear}>Show all calls</Button>}>
      Take a filter away, or choose a longer time.
    </Empty>
  ) : (
    <Empty
      title="No calls yet"
      action={
        <Button variant="filled" component={Link} href="/setup/call">
          Place a test call
        </Button>
      }
    >
      Calls show up here the moment they ring. Place a test call to see one.
    </Empty>
  );
}
