// The log of leads: filters, pages, one of them open in its drawer, and tables that are taken in.

import { Button, Select, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { useNow } from "../../parts/now";
import { PagesFoot, useWay } from "../../parts/Pages";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { FormDialog } from "../routing/parts";
import { buyersQuery, campaignsQuery, feedsQuery, publishersQuery } from "../routing/queries";
import { FirstLead } from "./FirstLead";
import { fromAddress, queryText, testChoices, timeChoices, toAddress, toQuery, type Filters, type Name } from "./filters";
import { ImportTable } from "./ImportTable";
import { LeadDrawer } from "./LeadDrawer";
import { LeadTable } from "./LeadTable";
import { stateChoices } from "./words";

const PAGE_SIZE = 25;

export default function LeadsPage({ id }: { id?: string }) {
  const [, go] = useLocation();
  const filters = fromAddress(useSearch());
  const text = toAddress(filters);
  const way = useWay(text);
  const { cursor } = way;
  const query = toQuery(filters, useNow(60_000));
  const may = useMay();
  const [importing, importingIs] = useDisclosure(false);
  const found = useQuery({
    queryKey: ["leads", "list", query, cursor],
    queryFn: () =>
      take(api.GET("/api/v1/leads", { params: { query: { ...query, limit: PAGE_SIZE, ...(cursor ? { cursor } : {}) } } })),
    placeholderData: keepPreviousData,
    refetchInterval: cursor ? false : 10_000,
  });
  const feeds = useQuery(feedsQuery()).data ?? [];
  const list = (next: string) => (next ? `/leads?${next}` : "/leads");
  const address = (one: string) => (text ? `/leads/${one}?${text}` : `/leads/${one}`);
  const choose = (name: Name, value: string | null) => go(list(toAddress({ ...filters, [name]: value ?? undefined })));
  const filtered = Object.keys(filters).length > 0;
  const importable = may.write && feeds.length > 0;
  return (
    <Page
      title="Leads"
      actions={
        <>
          {(filtered || found.data?.items.length) && (
            <Button
              size="xs"
              component="a"
              href={`/api/v1/leads.csv?${queryText(query)}`}
              download
              leftSection={<Icon name="download" size={14} />}
            >
              CSV
            </Button>
          )}
          {importable && (
            <Button size="xs" leftSection={<Icon name="publisher" size={14} />} onClick={importingIs.open}>
              Import
            </Button>
          )}
        </>
      }
    >
      <FilterRow filters={filters} choose={choose} />
      <Card label="Leads">
        <Loaded query={found} rows={10} title="The leads did not arrive">
          {(page) =>
            page.items.length ? (
              <>
                <LeadTable items={page.items} chosen={id} address={address} />
                <PagesFoot way={way} next={page.next_cursor} />
              </>
            ) : filtered ? (
              <Empty title="No lead fits these filters" action={<Button onClick={() => go(list(""))}>Show all</Button>}>
                Take a filter away, or choose another.
              </Empty>
            ) : (
              <FirstLead feeds={feeds.length} importing={importable ? importingIs.open : undefined} />
            )
          }
        </Loaded>
      </Card>
      <LeadDrawer
        id={id}
        among={found.data?.items.map((one) => one.id) ?? []}
        address={address}
        closed={list(text)}
      />
      <FormDialog opened={importing} close={importingIs.close} title="Import a table of leads" size={760}>
        <ImportTable feeds={feeds} close={importingIs.close} />
      </FormDialog>
    </Page>
  );
}

type RowProps = { filters: Filters; choose: (name: Name, value: string | null) => void };

function FilterRow({ filters, choose }: RowProps) {
  const named = (items: { id: string; name: string }[] | undefined) =>
    (items ?? []).map((each) => ({ value: each.id, label: each.name }));
  const campaigns = useQuery(campaignsQuery()).data;
  const buyers = useQuery(buyersQuery()).data;
  const publishers = useQuery(publishersQuery()).data;
  const feed = useQuery(feedsQuery()).data?.find((each) => each.id === filters.feed);
  const pick = (name: Name, label: string, placeholder: string, data: { value: string; label: string }[]) => (
    <Select
      aria-label={label}
      placeholder={placeholder}
      clearable
      searchable={data.length > 8}
      data={data}
      value={filters[name] ?? null}
      onChange={(value) => choose(name, value)}
    />
  );
  return (
    <div className="row wrap filters">
      <Person value={filters.person ?? ""} set={(person) => choose("person", person)} />
      {pick("state", "State", "Any state", stateChoices)}
      {pick("campaign", "Of a campaign", "All campaigns", named(campaigns))}
      {pick("publisher", "From a publisher", "All publishers", named(publishers))}
      {pick("buyer", "Sent to a buyer", "All buyers", named(buyers))}
      {pick("time", "Came in", "Any time", timeChoices)}
      {pick("test", "Tests", "With tests", testChoices)}
      {filters.feed && (
        <button type="button" className="chip" onClick={() => choose("feed", null)}>
          Feed <b>{feed ? `${feed.publisher_name}, ${feed.campaign_name}` : "of its own"}</b>
          <Icon name="close" />
          <span className="sr">Take this filter away</span>
        </button>
      )}
    </div>
  );
}

/** Somebody is looked for by the whole of their number or address: what is stored is a hash. */
function Person({ value, set }: { value: string; set: (value: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const send = () => text.trim() !== value && set(text.trim());
  return (
    <TextInput
      aria-label="Of a person, by phone number or e-mail address"
      placeholder="Phone or e-mail, whole"
      leftSection={<Icon name="search" size={14} />}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={send}
      onKeyDown={(event) => event.key === "Enter" && send()}
    />
  );
}
