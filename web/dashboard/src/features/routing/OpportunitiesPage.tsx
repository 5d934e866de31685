// The log of opportunities: filters, pages, and one of them open in its drawer.

import { Button, Select } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useLocation, useSearch } from "wouter";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { PagesFoot, useWay } from "../../parts/Pages";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { OpportunityDrawer } from "./OpportunityDrawer";
import { OpportunityTable } from "./OpportunityTable";
import { buyersQuery, campaignsQuery, publishersQuery } from "./queries";
import { reasonChoices } from "./words";

const PAGE_SIZE = 25;
const names = ["campaign", "buyer", "publisher", "reason"] as const;
type Name = (typeof names)[number];

export default function OpportunitiesPage({ id }: { id?: string }) {
  const [, go] = useLocation();
  const search = useSearch();
  const params = new URLSearchParams(search);
  const filters = Object.fromEntries(
    names.map((name) => [name, params.get(name) ?? ""]).filter(([, value]) => value),
  ) as Partial<Record<Name, string>>;
  const text = new URLSearchParams(filters).toString();
  const way = useWay(text);
  const { cursor } = way;
  const found = useQuery({
    queryKey: ["opportunities", "list", text, cursor],
    queryFn: () =>
      take(
        api.GET("/api/v1/opportunities", {
          params: { query: { ...filters, limit: PAGE_SIZE, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: cursor ? false : 15_000,
  });
  const campaigns = useQuery(campaignsQuery()).data ?? [];
  const buyers = useQuery(buyersQuery()).data ?? [];
  const publishers = useQuery(publishersQuery()).data ?? [];
  const list = (next: string) => (next ? `/opportunities?${next}` : "/opportunities");
  const address = (one: string) => (text ? `/opportunities/${one}?${text}` : `/opportunities/${one}`);
  const choose = (name: Name, value: string | null) => {
    const { [name]: _, ...rest } = filters;
    go(list(new URLSearchParams(value ? { ...rest, [name]: value } : rest).toString()));
  };
  const named = (items: { id: string; name: string }[]) => items.map((each) => ({ value: each.id, label: each.name }));
  const pick = (name: Name, label: string, placeholder: string, data: { value: string; label: string }[]) => (
    <Select
      aria-label={label}
      placeholder={placeholder}
      clearable
      searchable
      data={data}
      value={filters[name] ?? null}
      onChange={(value) => choose(name, value)}
    />
  );
  return (
    <Page title="Opportunities">
      <div className="row wrap filters">
        {pick("campaign", "Of a campaign", "All campaigns", named(campaigns))}
        {pick("buyer", "Sold to", "All buyers", named(buyers))}
        {pick("publisher", "From a publisher", "All publishers", named(publishers))}
        {pick("reason", "Not sold because", "Any result", reasonChoices)}
      </div>
      <Card label="Opportunities">
        <Loaded query={found} rows={10} title="The opportunities did not arrive">
          {(page) =>
            page.items.length ? (
              <>
                <OpportunityTable items={page.items} chosen={id} address={address} />
                <PagesFoot way={way} next={page.next_cursor} />
              </>
            ) : Object.keys(filters).length ? (
              <Empty title="No opportunity fits these filters" action={<Button onClick={() => go(list(""))}>Show all</Button>}>
                Take a filter away, or choose another.
              </Empty>
            ) : (
              <Empty title="No opportunities yet">
                Each call and lead that reaches a campaign shows up here: who took it and at what price, who else could have,
                and which rule stopped the others.
              </Empty>
            )
          }
        </Loaded>
      </Card>
      <OpportunityDrawer
        id={id}
        among={found.data?.items.map((one) => one.id) ?? []}
        address={address}
        closed={list(text)}
      />
    </Page>
  );
}
