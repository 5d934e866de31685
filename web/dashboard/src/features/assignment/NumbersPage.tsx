// Numbers and pools: how full each pool is now, and every number with its use, its holder and its calls.

import { Button, Menu, Modal, SegmentedControl, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { numbersQuery, poolsQuery } from "../../api/lists";
import { digits, plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { NumberForm } from "./NumberForm";
import { NumberTable } from "./NumberTable";
import { PoolForm } from "./PoolForm";
import { PoolMeter } from "./PoolMeter";
import { useOf, type Pool, type TrackingNumber } from "./words";

const REFRESH_MS = 10_000;
type Adding = "numbers" | "pool" | null;

export default function NumbersPage() {
  const [, go] = useLocation();
  const [adding, setAdding] = useState<Adding>(null);
  const may = useMay();
  const pools = useQuery({ ...poolsQuery(), refetchInterval: REFRESH_MS });
  const numbers = useQuery({ ...numbersQuery(), refetchInterval: REFRESH_MS });
  const close = () => setAdding(null);
  return (
    <Page title="Numbers and pools" actions={may.write && <AddMenu add={setAdding} numbers={may.operate} />}>
      <Loaded query={pools} rows={3} title="The pools did not arrive">
        {(items) =>
          items.length > 0 && (
            <div className="pool-cards">
              {items.map((pool) => (
                <PoolCard key={pool.id} pool={pool} />
              ))}
            </div>
          )
        }
      </Loaded>
      <Loaded query={numbers} rows={10} title="The numbers did not arrive">
        {(items) =>
          items.length ? (
            <Inventory numbers={items} />
          ) : (
            <section className="card">
              <Empty
                title="No numbers yet"
                action={
                  may.operate && (
                    <Button variant="filled" onClick={() => setAdding("numbers")}>
                      Add numbers
                    </Button>
                  )
                }
              >
                A tracking number stands in for the business number on the page, and rings the business line behind it.
                {may.operate
                  ? " Add those your carrier gave you."
                  : " Whoever runs this server adds those the carrier gave."}
              </Empty>
            </section>
          )
        }
      </Loaded>
      <Modal
        opened={adding === "numbers"}
        onClose={close}
        title="Add numbers"
        size={600}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <NumberForm
          start={{
            kind: pools.data?.length ? "pool" : "static",
            pool: pools.data?.length === 1 ? pools.data[0]?.id : undefined,
          }}
          done={close}
          cancel={close}
        />
      </Modal>
      <Modal
        opened={adding === "pool"}
        onClose={close}
        title="Add a pool"
        size={520}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <PoolForm done={(pool) => go(`/numbers/pools/${pool.id}`)} cancel={close} />
      </Modal>
    </Page>
  );
}

function AddMenu({ add, numbers }: { add: (what: Adding) => void; numbers: boolean }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="filled" leftSection={<Icon name="plus" size={14} />}>
          Add
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {numbers && (
          <Menu.Item component={Link} href="/numbers/buy">
            Buy a number
          </Menu.Item>
        )}
        {numbers && <Menu.Item onClick={() => add("numbers")}>Numbers</Menu.Item>}
        <Menu.Item onClick={() => add("pool")}>A pool</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function PoolCard({ pool }: { pool: Pool }) {
  return (
    <Card
      title={<Link href={`/numbers/pools/${pool.id}`}>{pool.name}</Link>}
      right={
        <span className="cut">
          {pool.site.name}
          {pool.strict ? ", strict" : ""}
        </span>
      }
    >
      <div className="body">
        {pool.size > 0 ? (
          <PoolMeter pool={pool} />
        ) : (
          <p className="small soft">No numbers in it yet, so every visitor sees the source's number.</p>
        )}
      </div>
    </Card>
  );
}

function Inventory({ numbers }: { numbers: TrackingNumber[] }) {
  const [kind, setKind] = useState("all");
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const shown = numbers.filter(
    (number) =>
      (kind === "all" || number.kind === kind) &&
      (wanted === "" ||
        (digits(wanted).length > 2 && digits(number.number).includes(digits(wanted))) ||
        [number.label, number.site?.name ?? "", useOf(number)].some((each) => each.toLowerCase().includes(wanted))),
  );
  const of = (which: string) => numbers.filter((number) => which === "all" || number.kind === which).length;
  return (
    <>
      <div className="row wrap between">
        <SegmentedControl
          aria-label="Kind of number"
          value={kind}
          onChange={setKind}
          data={[
            ["all", "All"],
            ["pool", "Pool"],
            ["source", "Source"],
            ["static", "Static"],
          ].map(([value = "", label]) => ({ value, label: `${label} ${of(value)}` }))}
        />
        <TextInput
          aria-label="Find a number"
          placeholder="Number, label or site"
          leftSection={<Icon name="search" />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          style={{ width: 240 }}
        />
      </div>
      <section className="card" aria-label="Numbers">
        {shown.length ? (
          <NumberTable numbers={shown} />
        ) : (
          <Empty title="No number fits">Write less of it, or choose All.</Empty>
        )}
      </section>
      <span className="small dim">{plural(shown.length, "number")}</span>
    </>
  );
}
