// Trunks: the lines to carriers. The operator of the server changes them, everybody else sees which there are.

import { Button, Modal } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import { numbersQuery, trunksQuery } from "../../api/lists";
import { plural } from "../../base/figures";
import { Confirm } from "../../parts/Confirm";
import { Icon } from "../../parts/Icon";
import { RowMenu } from "../../parts/RowMenu";
import { Scroll } from "../../parts/Scroll";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useMay, useMe } from "../access/session";
import { CallMe } from "./CallMe";
import { TrunkForm } from "./TrunkForm";
import { TrunkState } from "./TrunkState";
import { comesFrom, goesTo, type Trunk, transportOf } from "./trunk";

type Asked = { what: "change" | "delete" | "call"; trunk: Trunk } | { what: "add" } | null;

/** Health and registrations change by themselves. */
const REFRESH_MS = 10_000;

export default function TrunksPage() {
  const { user } = useMe();
  const [asked, setAsked] = useState<Asked>(null);
  const trunks = useQuery({ ...trunksQuery(), refetchInterval: REFRESH_MS });
  const add = () => setAsked({ what: "add" });
  return (
    <Page
      title="Trunks"
      actions={
        user.operator &&
        Boolean(trunks.data?.length) && (
          <Button size="xs" variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={add}>
            Add trunk
          </Button>
        )
      }
    >
      {!user.operator && (
        <p className="small soft">
          Trunks belong to the server. Whoever runs it adds and changes them; your numbers can use those listed here.
        </p>
      )}
      <section className="card" aria-label="Trunks">
        <Loaded query={trunks} title="The trunks did not arrive">
          {(items) =>
            items.length ? (
              <List trunks={items} ask={setAsked} />
            ) : (
              <Empty
                title="No trunk yet"
                action={
                  user.operator && (
                    <Button variant="filled" onClick={add}>
                      Add the first trunk
                    </Button>
                  )
                }
              >
                {user.operator
                  ? "A trunk is the line to your carrier: calls to your numbers come in on it, and calls to the business go out on it."
                  : "Ask whoever runs this server to add one. Without a trunk no number can ring."}
              </Empty>
            )
          }
        </Loaded>
      </section>
      <Dialogs asked={asked} close={() => setAsked(null)} />
    </Page>
  );
}

function List({ trunks, ask }: { trunks: Trunk[]; ask: (asked: Asked) => void }) {
  const numbers = useQuery(numbersQuery()).data ?? [];
  const used = (trunk: Trunk) => numbers.filter((number) => number.trunk.id === trunk.id).length;
  const actions = (trunk: Trunk) => <Actions trunk={trunk} ask={ask} />;
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Trunk
              </th>
              <th scope="col">Calls come from</th>
              <th scope="col">Calls go out to</th>
              <th scope="col">State</th>
              <th scope="col" className="num">
                Your numbers
              </th>
              <th scope="col">Used by</th>
              <th scope="col">
                <span className="sr">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {trunks.map((trunk) => (
              <tr key={trunk.id}>
                <td className="fix med">
                  <Link href={`/trunks/${trunk.id}`}>{trunk.name}</Link>
                </td>
                <td className="soft">{comesFrom(trunk)}</td>
                <td className="soft">
                  {goesTo(trunk)} <span className="dim">{transportOf(trunk)}</span>
                </td>
                <td>
                  <TrunkState trunk={trunk} />
                </td>
                <td className="num">{used(trunk)}</td>
                <td className="soft">{trunk.shared ? "all accounts" : "this account"}</td>
                <td className="num">{actions(trunk)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {trunks.map((trunk) => (
          <li key={trunk.id}>
            <div className="row">
              <span className="grow">
                <Link className="med block" href={`/trunks/${trunk.id}`}>
                  {trunk.name}
                </Link>
                <span className="small dim break block">
                  {goesTo(trunk)} {transportOf(trunk)}, {plural(used(trunk), "number")}
                </span>
                <TrunkState trunk={trunk} />
              </span>
              {actions(trunk)}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Actions({ trunk, ask }: { trunk: Trunk; ask: (asked: Asked) => void }) {
  const may = useMay();
  const queries = useQueryClient();
  const check = useMutation({
    mutationFn: () => take(api.POST("/api/v1/trunks/{id}/check", { params: { path: { id: trunk.id } } })),
    onSettled: () => void queries.invalidateQueries({ queryKey: ["trunks"] }),
  });
  const { dials } = trunk;
  return (
    <RowMenu
      about={trunk.name}
      busy={check.isPending}
      acts={[
        dials && may.write && { icon: "clock", label: "Check now", run: () => check.mutate() },
        dials && may.own && { icon: "calls", label: "Call me", run: () => ask({ what: "call", trunk }) },
        may.operate && { icon: "edit", label: "Change", run: () => ask({ what: "change", trunk }) },
        may.operate && { icon: "trash", label: "Delete", run: () => ask({ what: "delete", trunk }) },
      ]}
    />
  );
}

function Dialogs({ asked, close }: { asked: Asked; close: () => void }) {
  const queries = useQueryClient();
  const trunk = asked && "trunk" in asked ? asked.trunk : undefined;
  return (
    <>
      <Modal
        opened={asked?.what === "add" || asked?.what === "change"}
        onClose={close}
        title={trunk ? `Change ${trunk.name}` : "Add a trunk"}
        size={600}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <TrunkForm key={trunk?.id ?? "new"} trunk={trunk} done={close} cancel={close} />
      </Modal>
      <CallMe trunk={trunk} opened={asked?.what === "call"} close={close} />
      <Confirm
        opened={asked?.what === "delete"}
        close={close}
        title={`Delete ${trunk?.name ?? "the trunk"}?`}
        act="Delete the trunk"
        run={() => take(api.DELETE("/api/v1/trunks/{id}", { params: { path: { id: trunk?.id ?? "" } } }))}
        done={() => void queries.invalidateQueries({ queryKey: ["trunks"] })}
      >
        Calls from its addresses are refused from then on. A trunk that numbers still use cannot be deleted.
      </Confirm>
    </>
  );
}
