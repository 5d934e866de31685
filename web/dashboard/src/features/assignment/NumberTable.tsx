// The inventory of numbers as a table, as cards on a phone, each with its menu: calls, change, delete.

import { ActionIcon, Menu, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import { count, money, plural } from "../../base/figures";
import { Confirm } from "../../parts/Confirm";
import { Icon } from "../../parts/Icon";
import { useNow } from "../../parts/now";
import { Scroll } from "../../parts/Scroll";
import { StateWord } from "../../parts/State";
import { Ago } from "../../parts/When";
import { useMay, useZone } from "../access/session";
import { GiveBack } from "./GiveBack";
import { NumberForm } from "./NumberForm";
import { StaticForm } from "./StaticForm";
import { holdWords, kindName, leaseState, stageName, useOf, type TrackingNumber } from "./words";

type Asked = { what: "change" | "delete" | "release" | "static" | "back"; number: TrackingNumber } | null;

export function NumberTable({ numbers }: { numbers: TrackingNumber[] }) {
  const queries = useQueryClient();
  const [asked, setAsked] = useState<Asked>(null);
  const close = () => setAsked(null);
  const target = asked?.number;
  return (
    <>
      <Scroll className="wide-only">
        <Wide numbers={numbers} ask={setAsked} />
      </Scroll>
      <ul className="rows narrow-only">
        {numbers.map((number) => (
          <Narrow key={number.id} number={number} ask={setAsked} />
        ))}
      </ul>
      <Modal
        opened={asked?.what === "change"}
        onClose={close}
        title="Change the number"
        size={600}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {target && <NumberForm key={target.id} number={target} done={close} cancel={close} />}
      </Modal>
      <Confirm
        opened={asked?.what === "delete"}
        close={close}
        title={`Delete ${target?.number_display ?? "the number"}?`}
        act="Delete the number"
        run={() => take(api.DELETE("/api/v1/numbers/{id}", { params: { path: { id: target?.id ?? "" } } }))}
        done={() => {
          for (const key of ["numbers", "pools"]) void queries.invalidateQueries({ queryKey: [key] });
        }}
      >
        Calls to it are refused from then on. A number that was ever shown or called cannot be deleted: put it into
        quarantine instead, and release it when nobody calls it any more.
        {target && target.calls_30d > 0 && <b> It had {plural(target.calls_30d, "call")} in the last 30 days.</b>}
      </Confirm>
      <Confirm
        opened={asked?.what === "release"}
        close={close}
        title={`Release ${target?.number_display ?? "the number"}?`}
        act="Release the number"
        run={() =>
          take(
            api.PATCH("/api/v1/numbers/{id}", {
              params: { path: { id: target?.id ?? "" } },
              body: { stage: "released", insist: true },
            }),
          )
        }
        done={() => void queries.invalidateQueries({ queryKey: ["numbers"] })}
      >
        Its calls are refused from then on; its history stays. Give it back to the carrier afterwards.
        {target && target.calls_30d > 0 ? (
          <b> It had {plural(target.calls_30d, "call")} in the last 30 days, which will reach nobody.</b>
        ) : (
          " Nobody called it in the last 30 days."
        )}
      </Confirm>
      <Modal
        opened={asked?.what === "static"}
        onClose={close}
        title={`Where is ${target?.number_display ?? "the number"} published?`}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {target && <StaticForm key={target.id} number={target} done={close} />}
      </Modal>
      <GiveBack number={target} opened={asked?.what === "back"} close={close} />
    </>
  );
}

type AskProps = { ask: (asked: Asked) => void };

function Wide({ numbers, ask }: { numbers: TrackingNumber[] } & AskProps) {
  // A column of its own only where something was bought here.
  const bought = numbers.some((number) => number.cost);
  return (
    <table className="t">
      <thead>
        <tr>
          <th className="fix" scope="col">
            Number
          </th>
          <th scope="col">For</th>
          <th scope="col">Site</th>
          <th scope="col">Rings at</th>
          <th scope="col">Trunk</th>
          <th scope="col">Now</th>
          {bought && (
            <th scope="col" className="num">
              A month
            </th>
          )}
          <th scope="col" className="num">
            Calls, 30 d
          </th>
          <th scope="col">Last call</th>
          <th scope="col">
            <span className="sr">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {numbers.map((number) => (
          <tr key={number.id}>
            <td className="fix">
              <span className="tel med">{number.number_display}</span>{" "}
              {number.label && (
                <span className="dim label-cell" title={number.label}>
                  {number.label}
                </span>
              )}
            </td>
            <td>
              <span className="pair-cell block">
                <Use number={number} />
              </span>
            </td>
            <td className="soft">
              {number.site ? (
                <Link className="name-cell cut" href={`/sites/${number.site.id}`}>
                  {number.site.name}
                </Link>
              ) : (
                <span className="dim">—</span>
              )}
            </td>
            <td className="tel soft">{number.business_line_display}</td>
            <td className="soft">
              <span className="name-cell cut">{number.trunk.name}</span>
            </td>
            <td>
              <Now number={number} />
            </td>
            {bought && (
              <td className="num soft">
                {number.cost && number.cost.given_back_at == null ? (
                  money(number.cost.monthly_micros, number.cost.currency)
                ) : (
                  <span className="dim">—</span>
                )}
              </td>
            )}
            <td className="num">
              {number.calls_30d ? (
                <Link href={`/calls?number=${number.id}`}>{count(number.calls_30d)}</Link>
              ) : (
                <span className="dim">0</span>
              )}
            </td>
            <td>{number.last_call_at ? <Ago at={number.last_call_at} /> : <span className="dim">never</span>}</td>
            <td className="num">
              <Actions number={number} ask={ask} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Narrow({ number, ask }: { number: TrackingNumber } & AskProps) {
  return (
    <li>
      <div className="row">
        <span className="grow">
          <span className="row between">
            <span className="tel med">{number.number_display}</span>
            <span className="small">
              <Now number={number} />
            </span>
          </span>
          <span className="row between small">
            <span className="soft cut">
              <Use number={number} />
            </span>
            <span className="dim tel">{plural(number.calls_30d, "call")} in 30 d</span>
          </span>
        </span>
        <Actions number={number} ask={ask} />
      </div>
    </li>
  );
}

function Use({ number }: { number: TrackingNumber }) {
  return (
    <>
      {kindName(number.kind)} <span className="dim">{useOf(number)}</span>
    </>
  );
}

function Now({ number }: { number: TrackingNumber }) {
  const now = useNow(5_000);
  const zone = useZone();
  const held = holdWords(number, zone);
  if (number.leaked) return <StateWord tone="bad">probably published</StateWord>;
  if (number.stage !== "in_use")
    return (
      <StateWord tone="off">
        <span className="soft">{stageName(number.stage).toLowerCase()}</span>
        {held && <span className="dim small hold">{held}</span>}
      </StateWord>
    );
  if (held)
    return (
      <StateWord tone="off">
        <span className="soft small hold">{held}</span>
      </StateWord>
    );
  if (number.kind !== "pool") return <span className="dim">—</span>;
  const holder = number.holder;
  const state = leaseState(holder ?? { state: "idle" }, now);
  const word = <StateWord tone={state.tone}>{state.word}</StateWord>;
  return holder ? (
    <Link href={`/visitors/${holder.session}`} title={holder.source_label}>
      {word}
    </Link>
  ) : (
    word
  );
}

function Actions({ number, ask }: { number: TrackingNumber } & AskProps) {
  const may = useMay();
  // One that a carrier charges for is given back, and stays here with its history.
  const held = number.cost && number.cost.given_back_at == null;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={`Actions for ${number.number_display}`}>
          <Icon name="dots" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} href={`/calls?number=${number.id}`} leftSection={<Icon name="calls" />}>
          See its calls
        </Menu.Item>
        {may.write && (
          <Menu.Item leftSection={<Icon name="edit" />} onClick={() => ask({ what: "change", number })}>
            Change
          </Menu.Item>
        )}
        {may.write && number.kind === "pool" && (
          <Menu.Item leftSection={<Icon name="warn" />} onClick={() => ask({ what: "static", number })}>
            Make it a static number
          </Menu.Item>
        )}
        {may.write && number.stage === "quarantine" && (
          <Menu.Item leftSection={<Icon name="out" />} onClick={() => ask({ what: "release", number })}>
            Release
          </Menu.Item>
        )}
        {may.operate && held && (
          <Menu.Item leftSection={<Icon name="out" />} onClick={() => ask({ what: "back", number })}>
            Give back to the carrier
          </Menu.Item>
        )}
        {may.operate && !held && (
          <Menu.Item leftSection={<Icon name="trash" />} onClick={() => ask({ what: "delete", number })}>
            Delete
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
