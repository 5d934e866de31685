// What is delivered outside and did not arrive: laid aside after its tries, or perhaps arrived; sent again by a person.

import { Button, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../../api/client";
import { count, plural } from "../../base/figures";
import { Confirm } from "../../parts/Confirm";
import { Scroll } from "../../parts/Scroll";
import { Empty, Failure, Lines } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { deliveryStates, kindWords, type DeliveryState, type OutboxEvent } from "./deliveries";

function useDeliveries(state: DeliveryState) {
  return useInfiniteQuery({
    queryKey: ["deliveries", state],
    queryFn: ({ pageParam, signal }) =>
      take(api.GET("/api/v1/outbox", { params: { query: { state, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    refetchInterval: 10_000,
  });
}

export default function DeliveriesPage() {
  const [state, setState] = useState<DeliveryState>("dead");
  const [again, setAgain] = useState<OutboxEvent | null>(null);
  const deliveries = useDeliveries(state);
  const queries = useQueryClient();
  const shown = deliveryStates[state];
  const items = deliveries.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title="Deliveries">
      <SegmentedControl
        aria-label="Which deliveries"
        value={state}
        onChange={(value) => setState(value as DeliveryState)}
        data={Object.entries(deliveryStates).map(([value, { label }]) => ({ value, label }))}
      />
      <section className="card" aria-label="Deliveries">
        {deliveries.isError && (
          <Failure
            title="The deliveries did not arrive"
            error={deliveries.error}
            retry={() => void deliveries.refetch()}
            busy={deliveries.isFetching}
          />
        )}
        {deliveries.isPending && <Lines rows={4} />}
        {deliveries.isSuccess && items.length === 0 && <Empty title={shown.none}>{shown.means}</Empty>}
        {items.length > 0 && (
          <>
            <p className="soft">{shown.means}</p>
            <Table items={items} ask={setAgain} />
          </>
        )}
        {deliveries.hasNextPage && (
          <Button
            variant="subtle"
            loading={deliveries.isFetchingNextPage}
            onClick={() => void deliveries.fetchNextPage()}
          >
            Show more
          </Button>
        )}
      </section>
      <Confirm
        opened={again !== null}
        close={() => setAgain(null)}
        title="Send it again?"
        act="Send again"
        run={() => take(api.POST("/api/v1/outbox/{id}/resend", { params: { path: { id: again?.id ?? "" } } }))}
        done={() => void queries.invalidateQueries({ queryKey: ["deliveries"] })}
      >
        {again?.state === "unknown"
          ? "It may have arrived the first time: ask the buyer before, or it is delivered twice."
          : "It is tried at once, and again on the usual schedule when that fails."}
      </Confirm>
    </Page>
  );
}

function Table({ items, ask }: { items: OutboxEvent[]; ask: (event: OutboxEvent) => void }) {
  const may = useMay();
  return (
    <Scroll label="Deliveries">
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">About</th>
            <th scope="col">Made</th>
            <th scope="col" className="num">
              Tries
            </th>
            <th scope="col">What went wrong</th>
            <th scope="col">
              <span className="sr">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((event) => (
            <tr key={event.id}>
              <td>{kindWords(event.kind)}</td>
              <td className="mono">{event.about ?? <span className="dim">Nothing</span>}</td>
              <td>
                <Ago at={event.made_at} />
              </td>
              <td className="num" title={plural(event.tries, "try", "tries")}>
                {count(event.tries)}
              </td>
              <td>{event.trouble || <span className="dim">Nothing</span>}</td>
              <td>
                {may.write && (event.state === "dead" || event.state === "unknown") && (
                  <Button size="compact-xs" variant="default" onClick={() => ask(event)}>
                    Send again
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
