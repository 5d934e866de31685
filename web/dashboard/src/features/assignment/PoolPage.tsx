// One pool: how many of its numbers are in use, who holds what now, and what happens when none is free.

import { Button, Modal } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { api, Refused, take } from "../../api/client";
import { plural } from "../../base/figures";
import { Card, Tile } from "../../parts/Card";
import { Confirm } from "../../parts/Confirm";
import { Icon } from "../../parts/Icon";
import { Empty, Loaded } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { Advice } from "./Advice";
import { HoldersChart } from "./HoldersChart";
import { NumberForm } from "./NumberForm";
import { PoolForm } from "./PoolForm";
import { PoolMeter } from "./PoolMeter";
import { Holders } from "./Holders";
import { visitorsOf, type Lease, type Pool } from "./words";

const above = { name: "Numbers and pools", path: "/numbers" };
const REFRESH_MS = 5_000;
const HOUR_MS = 60 * 60_000;
const CALLS_MAX = 200;
type Asked = "change" | "numbers" | "delete" | null;

export default function PoolPage({ id }: { id: string }) {
  const [asked, setAsked] = useState<Asked>(null);
  const may = useMay();
  const pool = useQuery({
    queryKey: ["pool", id],
    queryFn: () => take(api.GET("/api/v1/pools/{id}", { params: { path: { id } } })),
    refetchInterval: REFRESH_MS,
  });
  const leases = useQuery({
    queryKey: ["leases", id],
    queryFn: () => take(api.GET("/api/v1/pools/{id}/leases", { params: { path: { id } } })),
    refetchInterval: REFRESH_MS,
  });
  const calls = useQuery({
    queryKey: ["calls", "hour"],
    queryFn: () =>
      take(api.GET("/api/v1/calls", { params: { query: { from: Date.now() - HOUR_MS, limit: CALLS_MAX } } })),
    refetchInterval: REFRESH_MS * 2,
  });
  if (pool.error instanceof Refused && pool.error.status === 404) {
    return (
      <Page title="No such pool" above={above}>
        <Empty title="There is no such pool here">It was deleted, or belongs to another account.</Empty>
      </Page>
    );
  }
  const actions = pool.data && (
    <>
      {may.write && (
        <Button size="xs" onClick={() => setAsked("change")}>
          Settings
        </Button>
      )}
      {may.operate && (
        <Button
          size="xs"
          variant="filled"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => setAsked("numbers")}
        >
          Add<span className="wide-only">&nbsp;numbers</span>
        </Button>
      )}
    </>
  );
  return (
    <Page title={pool.data?.name ?? "Pool"} above={above} actions={actions}>
      <Loaded query={pool} title="The pool did not arrive">
        {(data) => (
          <>
            <Figures pool={data} leases={leases.data?.items ?? []} />
            <TurnedAway pool={data} />
            <div className="two-col">
              <div className="stack">
                <Loaded query={leases} title="The holders did not arrive">
                  {(held) =>
                    held.items.length ? (
                      <>
                        <Advice pool={data} />
                        <HoldersChart leases={held.items} calls={calls.data?.items ?? []} now={held.now} />
                        <Holders leases={held.items} now={held.now} />
                      </>
                    ) : (
                      <Empty
                        title="No numbers in this pool"
                        action={
                          may.operate && (
                            <Button variant="filled" onClick={() => setAsked("numbers")}>
                              Add numbers
                            </Button>
                          )
                        }
                      >
                        Until it has some, visitors see the number of their source.
                      </Empty>
                    )
                  }
                </Loaded>
              </div>
              <div className="stack">
                <Card title="In use now">
                  <div className="body">
                    <PoolMeter pool={data} />
                  </div>
                </Card>
                <Overflow pool={data} />
                <Rules pool={data} ask={may.write ? setAsked : undefined} />
              </div>
            </div>
            <Dialogs pool={data} asked={asked} close={() => setAsked(null)} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Figures({ pool, leases }: { pool: Pool; leases: Lease[] }) {
  const silent = pool.free - leases.filter((lease) => lease.state === "idle").length;
  return (
    <section className="card tiles" aria-label="The pool in figures">
      <Tile
        label="Held or on call now"
        figure={`${pool.held + pool.in_call} of ${pool.size}`}
        detail={`${leases.filter((lease) => lease.state === "provisional").length} just given, page still loading`}
      />
      <Tile
        label="Free"
        figure={pool.free}
        detail={
          leases.length > 0 && silent > 0 ? `${silent} of them seen lately, taken last` : "the one unseen longest goes first"
        }
      />
      <Tile label="On call" figure={pool.in_call} detail="kept until the call ends" />
      <Tile
        label="Site"
        figure={
          <Link className="figure-words" href={`/sites/${pool.site.id}`}>
            {pool.site.name}
          </Link>
        }
        detail={pool.strict ? "strict" : "shared by longest idle"}
      />
    </section>
  );
}

/** A flood of visitors from one network, or an office larger than expected: the owner can tell which. */
function TurnedAway({ pool }: { pool: Pool }) {
  const away = pool.turned_away;
  if (!away) return null;
  return (
    <div className="note warn" role="status">
      <Icon name="warn" />
      <span>
        <span className="med">The pool was protected.</span> {plural(away.times, "visitor")} of one network found no
        number while it held its share, last <span className="tel">{away.network}</span> <Ago at={away.last_at} />. They
        saw the number of their source.
      </span>
    </div>
  );
}

function Overflow({ pool }: { pool: Pool }) {
  return (
    <Card title="When none is free" lined>
      {pool.overflow.length === 0 ? (
        <p className="pad soft">
          Visitors see the original number, and their calls cannot be told apart. Add a number per source to keep at
          least the source right.
        </p>
      ) : (
        <ul className="rows">
          {pool.overflow.map((line) => (
            <li key={`${line.source_label} ${line.number}`}>
              <div className="row between">
                <span className="cut">{line.source_label}</span>
                <span className="tel soft">{line.number_display}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Rules({ pool, ask }: { pool: Pool; ask: ((asked: Asked) => void) | undefined }) {
  return (
    <Card
      title="Rules in force"
      right={
        ask && (
          <Button size="xs" variant="subtle" onClick={() => ask("change")}>
            Change
          </Button>
        )
      }
    >
      <dl className="facts body">
        <dt>Never taken while visible in the last</dt>
        <dd>{pool.strict ? "30 min" : "60 s"}</dd>
        {!pool.strict && (
          <>
            <dt>Normally moves on after</dt>
            <dd>5 min unseen</dd>
          </>
        )}
        <dt>Rests after a call, for its caller, for</dt>
        <dd>15 min</dd>
        <dt>Given back when the page does not show it within</dt>
        <dd>90 s</dd>
        <dt>Mode</dt>
        <dd>{pool.strict ? "strict lock" : "longest idle"}</dd>
        <dt>Most for one network once half is taken</dt>
        <dd>{Math.max(3, Math.floor(pool.size / 4))}</dd>
        <dt>Visitors</dt>
        <dd>{visitorsOf(pool) ?? "all"}</dd>
      </dl>
      {ask && (
        <div className="foot">
          <Button size="xs" className="danger" onClick={() => ask("delete")}>
            Delete this pool
          </Button>
        </div>
      )}
    </Card>
  );
}

function Dialogs({ pool, asked, close }: { pool: Pool; asked: Asked; close: () => void }) {
  const [, go] = useLocation();
  const queries = useQueryClient();
  const button = { "aria-label": "Close" };
  return (
    <>
      <Modal
        opened={asked === "change"}
        onClose={close}
        title={`Change ${pool.name}`}
        size={520}
        closeButtonProps={button}
      >
        <PoolForm pool={pool} done={close} cancel={close} />
      </Modal>
      <Modal
        opened={asked === "numbers"}
        onClose={close}
        title={`Add numbers to ${pool.name}`}
        size={600}
        closeButtonProps={button}
      >
        <NumberForm start={{ kind: "pool", pool: pool.id }} done={close} cancel={close} />
      </Modal>
      <Confirm
        opened={asked === "delete"}
        close={close}
        title={`Delete ${pool.name}?`}
        act="Delete the pool"
        run={() => take(api.DELETE("/api/v1/pools/{id}", { params: { path: { id: pool.id } } }))}
        done={() => {
          void queries.invalidateQueries({ queryKey: ["pools"] });
          go("/numbers");
        }}
      >
        {pool.size > 0
          ? `It still has ${plural(pool.size, "number")}: give them another use first.`
          : "Visitors of its site see the number of their source from then on."}
      </Confirm>
    </>
  );
}
