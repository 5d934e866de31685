// The bids that a feed was given for calls to come: on the feed's page, one page at a time.

import { SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import { money } from "../../base/figures";
import { Card } from "../../parts/Card";
import { PagesFoot, useWay } from "../../parts/Pages";
import { Scroll } from "../../parts/Scroll";
import { Loaded } from "../../parts/Waiting";
import { At } from "../../parts/When";
import { GivenState } from "./Bids";
import { at } from "./queries";

const PAGE_SIZE = 10;
const which = [
  { value: "", label: "All" },
  { value: "waiting", label: "Waiting" },
  { value: "called", label: "Called" },
  { value: "missed", label: "Missed" },
];

/** Nothing as long as the feed never asked. */
export function GivenBids({ feed }: { feed: string }) {
  const [state, setState] = useState("");
  const way = useWay(`${feed} ${state}`);
  const { cursor } = way;
  const found = useQuery({
    queryKey: ["feed", feed, "bids", state, cursor],
    queryFn: () =>
      take(
        api.GET("/api/v1/feeds/{id}/bids", {
          params: { ...at(feed), query: { limit: PAGE_SIZE, ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: cursor ? false : 15_000,
  });
  if (!state && !found.isError && !found.data?.items.length) return null;
  return (
    <Card
      title="Bids given"
      lined
      right={<SegmentedControl size="xs" aria-label="Which bids" value={state} data={which} onChange={setState} />}
    >
      <Loaded query={found} rows={3} title="The bids did not arrive">
        {(page) =>
          page.items.length === 0 ? (
            <p className="pad dim">None of this kind.</p>
          ) : (
            <>
              <Scroll label="Bids given">
                <table className="t">
                  <thead>
                    <tr>
                      <th scope="col">Given</th>
                      <th scope="col">For a call from</th>
                      <th scope="col">State</th>
                      <th scope="col">Buyer</th>
                      <th scope="col" className="num">
                        Pays
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {page.items.map((bid) => (
                      <tr key={bid.id}>
                        <td>
                          <Link href={`/opportunities/${bid.opportunity}`}>
                            <At at={bid.given_at} />
                          </Link>
                        </td>
                        <td className="tel">{bid.caller_display ?? <span className="dim">anybody</span>}</td>
                        <td>
                          <GivenState bid={bid} />
                        </td>
                        <td>{bid.buyer?.name ?? <span className="dim">deleted</span>}</td>
                        <td className="num">{money(bid.amount_micros, bid.currency)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </Scroll>
              <PagesFoot way={way} next={page.next_cursor} />
            </>
          )
        }
      </Loaded>
    </Card>
  );
}
