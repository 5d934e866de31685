// One buyer: its destinations and contracts, its terms, its caps, and what it bought of late.

import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { api, take } from "../../api/client";
import { national } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { RowMenu } from "../../parts/RowMenu";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useMay, useZone } from "../access/session";
import { CapsCard } from "./CapsCard";
import { ContractTable } from "./ContractTable";
import { DestinationForm } from "./DestinationForm";
import { BuyerForm, ContractForm } from "./forms";
import { Latest } from "./Latest";
import { FormDialog, PauseSwitch, PutAway, ThingState } from "./parts";
import {
  at,
  buyersQuery,
  contractsQuery,
  destinationsQuery,
  useCurrency,
  useRefresh,
  type Buyer,
  type Destination,
} from "./queries";
import { LayerForm, layerProblem } from "./terms/LayerForm";
import { SaveTerms } from "./terms/SaveTerms";
import { LayerCard } from "./terms/TermsCard";
import { amount, kindWord } from "./words";

const above = { name: "Buyers", path: "/buyers" };

export default function BuyerPage({ id }: { id: string }) {
  const live = useQuery(buyersQuery());
  const away = useQuery(buyersQuery({ archived: true }));
  const buyer = [...(live.data ?? []), ...(away.data ?? [])].find((each) => each.id === id);
  if (live.data && away.data && !buyer) {
    return (
      <Page title="No such buyer" above={above}>
        <Empty title="There is no such buyer here">It belongs to another account, or its address is not complete.</Empty>
      </Page>
    );
  }
  return (
    <Page
      title={buyer?.name ?? "Buyer"}
      above={above}
      beside={
        buyer && (
          <span className="small wide-only">
            <ThingState of={buyer} byTerms={buyer.terms.live?.document.paused} />
          </span>
        )
      }
      actions={
        buyer &&
        !buyer.archived_at && (
          <PauseSwitch
            what={buyer.name}
            paused={buyer.paused}
            set={(paused) => take(api.PATCH("/api/v1/buyers/{id}", { params: at(buyer.id), body: { paused } }))}
          />
        )
      }
    >
      <Loaded query={live} title="The buyer did not arrive">
        {() => buyer && <Inside buyer={buyer} others={live.data ?? []} />}
      </Loaded>
    </Page>
  );
}

function Inside({ buyer, others }: { buyer: Buyer; others: Buyer[] }) {
  const [, go] = useLocation();
  const zone = useZone();
  const currency = useCurrency();
  const may = useMay();
  const [adding, addingIs] = useDisclosure(false);
  const [selling, sellingIs] = useDisclosure(false);
  const [editing, editingIs] = useDisclosure(false);
  const destinations = (useQuery(destinationsQuery()).data ?? []).filter((each) => each.buyer === buyer.id);
  const contracts = (useQuery(contractsQuery()).data ?? []).filter((each) => each.buyer === buyer.id);
  const company = others.find((each) => each.id === buyer.company);
  return (
    <>
      <div className="two-col">
        <div className="stack">
          <Card
            title="Destinations"
            lined
            right={
              may.write &&
              destinations.length > 0 && (
                <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
                  Add a destination
                </Button>
              )
            }
          >
            {destinations.length ? (
              <Destinations destinations={destinations} />
            ) : (
              <Empty
                title="No destinations yet"
                action={
                  may.write && (
                    <Button variant="filled" onClick={addingIs.open}>
                      Add the first destination
                    </Button>
                  )
                }
              >
                A phone number, a phone system, a server or a mailbox: where this buyer takes calls and leads.
              </Empty>
            )}
          </Card>
          <Card
            title="Contracts"
            lined
            right={
              may.write &&
              contracts.length > 0 && (
                <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={sellingIs.open}>
                  Add a contract
                </Button>
              )
            }
          >
            {contracts.length ? (
              <ContractTable contracts={contracts} show="campaign" />
            ) : (
              <Empty
                title="No contracts yet"
                action={
                  may.write &&
                  destinations.length > 0 && (
                    <Button variant="filled" onClick={sellingIs.open}>
                      Add the first contract
                    </Button>
                  )
                }
              >
                {destinations.length
                  ? "A contract says what of a campaign a destination takes, and what this buyer pays."
                  : "Add a destination first: a contract leads to one."}
              </Empty>
            )}
          </Card>
          <Latest buyer={buyer.id} />
        </div>
        <div className="stack">
          <Card
            title="Buyer"
            lined
            right={
              <>
                {may.write && !buyer.archived_at && (
                  <Button size="xs" onClick={editingIs.open}>
                    Change
                  </Button>
                )}
                <PutAway
                  name={buyer.name}
                  archived={Boolean(buyer.archived_at)}
                  run={(archived) =>
                    take(api.POST("/api/v1/buyers/{id}/archive", { params: at(buyer.id), body: { archived } }))
                  }
                  done={() => go("/buyers")}
                >
                  Nothing is offered to it any more, and it leaves the lists. What it bought stays. It can be taken out again.
                </PutAway>
              </>
            }
          >
            <dl className="facts pad">
              <dt>Company</dt>
              <dd>{company ? <Link href={`/buyers/${company.id}`}>{company.name}</Link> : "stands alone"}</dd>
              <dt>May owe</dt>
              <dd>{buyer.credit_limit ? amount(buyer.credit_limit, currency) : "none"}</dd>
              <dt>Time zone</dt>
              <dd>{buyer.zone ?? `${zone}, as the account`}</dd>
              {buyer.note && (
                <>
                  <dt>Note</dt>
                  <dd>{buyer.note}</dd>
                </>
              )}
            </dl>
          </Card>
          <CapsCard of={{ buyer: buyer.id }} nothing="No caps: it takes as much as comes. Set them in its terms or in those of a contract." />
          <LayerCard level="buyer" name={buyer.name} terms={buyer.terms} />
        </div>
      </div>
      <FormDialog opened={adding} close={addingIs.close} title="Add a destination" size={640}>
        <DestinationForm buyer={buyer.id} done={addingIs.close} cancel={addingIs.close} />
      </FormDialog>
      <FormDialog opened={selling} close={sellingIs.close} title="Add a contract" size={560}>
        <ContractForm buyer={buyer.id} done={(made) => go(`/contracts/${made.id}`)} cancel={sellingIs.close} />
      </FormDialog>
      <FormDialog opened={editing} close={editingIs.close} title="Change the buyer" size={560}>
        <BuyerForm buyer={buyer} done={editingIs.close} cancel={editingIs.close} />
      </FormDialog>
    </>
  );
}

/** Where a destination is, as people write it. */
export function addressWords(destination: Destination): string {
  if (destination.kind === "phone") return national(destination.address);
  if (destination.kind === "http") {
    const endpoint = destination.endpoint as { url?: string; post?: { request?: { url?: string } }; ping?: { request?: { url?: string } } } | null;
    const url = endpoint?.url ?? endpoint?.post?.request?.url ?? endpoint?.ping?.request?.url ?? "";
    return url.replace(/^https:\/\//, "").split(/[/?]/)[0] || "no address yet";
  }
  return destination.address || "nothing is sent";
}

function Destinations({ destinations }: { destinations: Destination[] }) {
  const [changing, setChanging] = useState<Destination | null>(null);
  const [terms, setTerms] = useState<Destination | null>(null);
  const refresh = useRefresh();
  const may = useMay();
  const change = async (destination: Destination, body: { paused: boolean }) => {
    await take(api.PATCH("/api/v1/destinations/{id}", { params: at(destination.id), body }));
    await refresh();
  };
  const putAway = async (destination: Destination) => {
    await take(
      api.POST("/api/v1/destinations/{id}/archive", { params: at(destination.id), body: { archived: true } }),
    );
    await refresh();
  };
  const [failure, setFailure] = useState<string | null>(null);
  const attempt = (run: Promise<unknown>) => {
    setFailure(null);
    run.catch((error: unknown) => setFailure(error instanceof Error ? error.message : "Something went wrong."));
  };
  return (
    <>
      {failure && (
        <p className="pad bad" role="alert">
          {failure}
        </p>
      )}
      <ul className="rows">
        {destinations.map((destination) => (
          <li key={destination.id}>
            <div className="row">
              <span className="two grow">
                <span className="med cut">{destination.name}</span>
                <span className="sub cut">
                  {kindWord(destination.kind)}, <span className="tel">{addressWords(destination)}</span>
                </span>
              </span>
              <span className="small">
                <ThingState of={destination} byTerms={destination.terms.live?.document.paused} />
              </span>
              <RowMenu
                about={destination.name}
                acts={
                  may.write
                    ? [
                        { icon: "edit", label: "Change", run: () => setChanging(destination) },
                        { icon: "tag", label: "Terms", run: () => setTerms(destination) },
                        destination.paused
                          ? { icon: "play", label: "Go on", run: () => attempt(change(destination, { paused: false })) }
                          : { icon: "pause", label: "Pause", run: () => attempt(change(destination, { paused: true })) },
                        { icon: "trash", label: "Put away", run: () => attempt(putAway(destination)) },
                      ]
                    : []
                }
              />
            </div>
          </li>
        ))}
      </ul>
      <FormDialog opened={changing !== null} close={() => setChanging(null)} title="Change the destination" size={640}>
        {changing && (
          <DestinationForm
            buyer={changing.buyer}
            destination={changing}
            done={() => setChanging(null)}
            cancel={() => setChanging(null)}
          />
        )}
      </FormDialog>
      {terms && (
        <SaveTerms
          title={`Terms of ${terms.name}`}
          terms={terms.terms}
          opened
          close={() => setTerms(null)}
          empty={{}}
          check={layerProblem}
        >
          {(document, set) => <LayerForm level="destination" document={document} set={set} />}
        </SaveTerms>
      )}
    </>
  );
}
