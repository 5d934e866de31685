// One contract: what is in force and who said it, its own terms, its caps, and where it leads.

import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { Scroll } from "../../parts/Scroll";
import { Shape } from "../../parts/State";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { addressWords } from "./BuyerPage";
import { CapsCard } from "./CapsCard";
import type { Layer } from "./documents";
import { ContractForm } from "./forms";
import { FormDialog, PauseSwitch, PutAway, ThingState } from "./parts";
import { contractsIn } from "./plan/plan";
import {
  at,
  buyersQuery,
  byId,
  campaignsQuery,
  contractsQuery,
  destinationsQuery,
  effectiveQuery,
  useCurrency,
  useListNames,
  type Contract,
  type Effective,
} from "./queries";
import { layerRows } from "./terms/rows";
import { LayerCard } from "./terms/TermsCard";
import { kindWord } from "./words";

export default function ContractPage({ id }: { id: string }) {
  const live = useQuery(contractsQuery());
  const away = useQuery(contractsQuery({ archived: true }));
  const campaigns = byId(useQuery(campaignsQuery()).data);
  const contract = [...(live.data ?? []), ...(away.data ?? [])].find((each) => each.id === id);
  const campaign = campaigns.get(contract?.campaign ?? "");
  if (live.data && away.data && !contract) {
    return (
      <Page title="No such contract" above={{ name: "Campaigns", path: "/campaigns" }}>
        <Empty title="There is no such contract here">It belongs to another account, or its address is not complete.</Empty>
      </Page>
    );
  }
  const plan = campaign?.plan.live?.document;
  const idle = contract && plan && contractsIn(plan).includes(contract.id) ? undefined : "not in the plan";
  return (
    <Page
      title={contract?.name ?? "Contract"}
      above={campaign ? { name: campaign.name, path: `/campaigns/${campaign.id}/contracts` } : { name: "Campaigns", path: "/campaigns" }}
      beside={
        contract && (
          <span className="small wide-only">
            <ThingState of={contract} byTerms={contract.terms.live?.document.paused} idle={idle} />
          </span>
        )
      }
      actions={
        contract &&
        !contract.archived_at && (
          <PauseSwitch
            what={contract.name}
            paused={contract.paused}
            set={(paused) => take(api.PATCH("/api/v1/contracts/{id}", { params: at(contract.id), body: { paused } }))}
          />
        )
      }
    >
      <Loaded query={live} title="The contract did not arrive">
        {() => contract && <Inside contract={contract} planned={idle === undefined} />}
      </Loaded>
    </Page>
  );
}

function Inside({ contract, planned }: { contract: Contract; planned: boolean }) {
  const [, go] = useLocation();
  const [editing, editingIs] = useDisclosure(false);
  const may = useMay();
  const campaign = byId(useQuery(campaignsQuery()).data).get(contract.campaign);
  const destination = byId(useQuery(destinationsQuery()).data).get(contract.destination);
  const buyer = byId(useQuery(buyersQuery()).data).get(destination?.buyer ?? "");
  return (
    <>
      {!planned && campaign && !contract.archived_at && (
        <div className="note warn" role="note">
          <Shape tone="warn" />
          <div className="grow">
            <div className="med">It is never asked</div>
            <div className="small soft">It does not stand in the route plan of {campaign.name} that is in force.</div>
          </div>
          <Button size="xs" component={Link} href={`/campaigns/${campaign.id}/plan`}>
            Open the plan
          </Button>
        </div>
      )}
      <div className="two-col">
        <div className="stack">
          <LayerCard level="contract" name={contract.name} terms={contract.terms} vertical={campaign?.vertical} />
          {!contract.archived_at && <EffectiveCard contract={contract} />}
        </div>
        <div className="stack">
          <Card
            title="Contract"
            lined
            right={
              <>
                {may.write && !contract.archived_at && (
                  <Button size="xs" onClick={editingIs.open}>
                    Rename
                  </Button>
                )}
                <PutAway
                  name={contract.name}
                  archived={Boolean(contract.archived_at)}
                  run={(archived) =>
                    take(api.POST("/api/v1/contracts/{id}/archive", { params: at(contract.id), body: { archived } }))
                  }
                  done={() => go(campaign ? `/campaigns/${campaign.id}/contracts` : "/campaigns")}
                >
                  It takes nothing any more, and leaves the lists. Take it out of the route plan before.
                </PutAway>
              </>
            }
          >
            <dl className="facts pad">
              <dt>Campaign</dt>
              <dd>{campaign ? <Link href={`/campaigns/${campaign.id}`}>{campaign.name}</Link> : "put away"}</dd>
              <dt>Buyer</dt>
              <dd>{buyer ? <Link href={`/buyers/${buyer.id}`}>{buyer.name}</Link> : "put away"}</dd>
              <dt>Goes to</dt>
              <dd>{destination ? destination.name : "put away"}</dd>
              {destination && (
                <>
                  <dt>{kindWord(destination.kind)}</dt>
                  <dd className="tel">{addressWords(destination)}</dd>
                </>
              )}
            </dl>
          </Card>
          <CapsCard
            of={{ campaign: contract.campaign }}
            only={contract.id}
            nothing="No caps of this contract. Those of its buyer and campaign hold too."
          />
        </div>
      </div>
      <FormDialog opened={editing} close={editingIs.close} title="Rename the contract">
        <ContractForm contract={contract} done={editingIs.close} cancel={editingIs.close} />
      </FormDialog>
    </>
  );
}

const names: Record<string, string> = {
  schedule: "Hours",
  last_call_s: "Last call",
  price: "Price",
  payment: "Pays",
  duplicates: "Came before",
  priority: "Priority",
  weight: "Weight",
  ring_timeout_s: "Rings for",
  recovery_s: "Hang-up as no answer",
  prior_connects_max: "Connections before",
  bid_timeout_ms: "Wait for a bid",
  bid_max: "Largest bid",
  reservation_percent: "A bid takes",
  filter: "Takes",
  suppressed_by: "Never",
  caps: "Caps",
  concurrency_max: "At the same time",
};
const usual: Record<string, string> = {
  schedule: "always open",
  price: "nothing",
  bid_max: "no limit",
  duplicates: "taken like anybody",
};
const levels: Record<string, string> = {
  default: "the usual",
  account: "the account",
  campaign: "the campaign",
  buyer: "the buyer",
  destination: "the destination",
  contract: "this contract",
};

/** What is in force of a contract, value by value, and who said it. */
function EffectiveCard({ contract }: { contract: Contract }) {
  const query = useQuery(effectiveQuery(contract.id));
  return (
    <Card title="What is in force" lined right={<span className="wide-only">of most values the nearest level counts</span>}>
      <Loaded query={query} title="What is in force did not arrive">
        {(effective) => <EffectiveTable effective={effective} />}
      </Loaded>
    </Card>
  );
}

function EffectiveTable({ effective }: { effective: Effective }) {
  const currency = useCurrency();
  const lists = useListNames();
  const words = (field: string, value: unknown): string => {
    if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return usual[field] ?? "—";
    const rows = layerRows({ [field]: value } as Layer, currency, lists);
    return rows.map((row) => row.value).join("; ") || usual[field] || String(value);
  };
  const all = [...effective.values, ...effective.together];
  return (
    <>
      {effective.paused_by && (
        <p className="pad warn row tight">
          <Shape tone="warn" />
          Paused by {levels[effective.paused_by] ?? effective.paused_by}
        </p>
      )}
      <Scroll label="What is in force">
        <table className="t effective">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">In force</th>
              <th scope="col">Said by</th>
            </tr>
          </thead>
          <tbody>
            {all.map((value, i) => (
              <tr key={`${value.field} ${value.from} ${i}`}>
                <td className="soft">{names[value.field] ?? value.field}</td>
                <td className="wrap">{words(value.field, value.value)}</td>
                <td className={value.from === "default" ? "dim" : value.from === "contract" ? "med" : undefined}>
                  {levels[value.from] ?? value.from}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}
