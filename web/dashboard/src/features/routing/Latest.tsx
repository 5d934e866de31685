// The latest calls and leads of a campaign or a buyer, and what became of them.

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { Loaded } from "../../parts/Waiting";
import { OpportunityTable } from "./OpportunityTable";

const LATEST = 10;

export function Latest({ campaign, buyer }: { campaign?: string; buyer?: string }) {
  const query = { ...(campaign ? { campaign } : {}), ...(buyer ? { buyer } : {}) };
  const found = useQuery({
    queryKey: ["opportunities", "latest", query],
    queryFn: () => take(api.GET("/api/v1/opportunities", { params: { query: { ...query, limit: LATEST } } })),
    refetchInterval: 15_000,
  });
  const search = new URLSearchParams(query).toString();
  return (
    <Card
      title={buyer ? "Latest sales" : "Latest opportunities"}
      lined
      right={found.data?.items.length ? <Link href={`/opportunities?${search}`}>See all</Link> : undefined}
    >
      <Loaded query={found} rows={5} title="The opportunities did not arrive">
        {(page) =>
          page.items.length ? (
            <OpportunityTable items={page.items} short address={(id) => `/opportunities/${id}`} />
          ) : (
            <p className="pad dim">
              {buyer
                ? "Nothing was sold yet. Each sale shows up here with its price."
                : "Nothing came yet. Each call and lead shows up here with who took it, and why the others did not."}
            </p>
          )
        }
      </Loaded>
    </Card>
  );
}
