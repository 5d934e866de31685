// One campaign: overview, route plan, contracts, feeds, terms; each part has its address.

import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { api, take, words } from "../../api/client";
import { count } from "../../base/figures";
import { Card, Tile } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { Shape } from "../../parts/State";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { LeadFields } from "../lead/LeadFields";
import { CampaignCompliance } from "./CampaignCompliance";
import { CampaignDuplicates } from "./CampaignDuplicates";
import { CampaignRecordings } from "./CampaignRecordings";
import { CapsCard } from "./CapsCard";
import { ContractTable } from "./ContractTable";
import { FeedTable } from "./FeedTable";
import { CampaignForm, ContractForm, FeedForm } from "./forms";
import { KeyShown } from "./KeyShown";
import { Latest } from "./Latest";
import { FormDialog, PauseSwitch, PutAway, ThingState } from "./parts";
import { PlanBuilder } from "./plan/PlanBuilder";
import { contractsIn } from "./plan/plan";
import {
  at,
  campaignsQuery,
  contractsQuery,
  feedsQuery,
  useRefresh,
  useVertical,
  type Campaign,
  type Contract,
  type Feed,
} from "./queries";
import { LayerCard } from "./terms/TermsCard";
import { methodOf } from "./words";

const above = { name: "Campaigns", path: "/campaigns" };
const parts = [
  { id: "overview", name: "Overview" },
  { id: "plan", name: "Route plan" },
  { id: "contracts", name: "Contracts" },
  { id: "feeds", name: "Feeds" },
  { id: "terms", name: "Terms" },
] as const;
type Part = (typeof parts)[number]["id"];

export default function CampaignPage({ id, part }: { id: string; part?: string }) {
  const live = useQuery(campaignsQuery());
  const away = useQuery(campaignsQuery({ archived: true }));
  const campaign = [...(live.data ?? []), ...(away.data ?? [])].find((each) => each.id === id);
  if (live.data && away.data && !campaign) {
    return (
      <Page title="No such campaign" above={above}>
        <Empty title="There is no such campaign here">It belongs to another account, or its address is not complete.</Empty>
      </Page>
    );
  }
  const chosen = parts.find((each) => each.id === part)?.id ?? "overview";
  return (
    <Page
      title={campaign?.name ?? "Campaign"}
      above={above}
      beside={
        campaign && (
          <span className="small wide-only">
            <ThingState
              of={campaign}
              byTerms={campaign.terms.live?.document.paused}
              idle={campaign.plan.live ? undefined : "no plan yet"}
            />
          </span>
        )
      }
      actions={
        campaign &&
        !campaign.archived_at && (
          <PauseSwitch
            what={campaign.name}
            paused={campaign.paused}
            set={(paused) => take(api.PATCH("/api/v1/campaigns/{id}", { params: at(campaign.id), body: { paused } }))}
          />
        )
      }
    >
      <nav className="tabs" aria-label="Parts of the campaign">
        {parts.map((each) => (
          <Link
            key={each.id}
            href={each.id === "overview" ? `/campaigns/${id}` : `/campaigns/${id}/${each.id}`}
            aria-current={each.id === chosen ? "page" : undefined}
          >
            {each.name}
          </Link>
        ))}
      </nav>
      <Loaded query={live} title="The campaign did not arrive">
        {() => campaign && <Inside campaign={campaign} part={chosen} />}
      </Loaded>
    </Page>
  );
}

function Inside({ campaign, part }: { campaign: Campaign; part: Part }) {
  const [, go] = useLocation();
  const [adding, addingIs] = useDisclosure(false);
  const [feeding, feedingIs] = useDisclosure(false);
  const [made, setMade] = useState<Feed | null>(null);
  const may = useMay();
  const contracts = (useQuery(contractsQuery()).data ?? []).filter((each) => each.campaign === campaign.id);
  const feeds = (useQuery(feedsQuery()).data ?? []).filter((each) => each.campaign === campaign.id);
  return (
    <>
      {part === "overview" && (
        <Overview campaign={campaign} contracts={contracts} feeds={feeds} addContract={addingIs.open} addFeed={feedingIs.open} />
      )}
      {part === "plan" && <PlanBuilder campaign={campaign} addContractToo={addingIs.open} />}
      {part === "contracts" && (
        <Card
          title="Contracts"
          lined
          right={
            may.write &&
            contracts.length > 0 && (
              <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
                Add a contract
              </Button>
            )
          }
        >
          {contracts.length ? (
            <ContractTable contracts={contracts} plan={campaign.plan.live?.document} show="buyer" />
          ) : (
            <Empty
              title="No contracts yet"
              action={
                may.write && (
                  <Button variant="filled" onClick={addingIs.open}>
                    Add the first contract
                  </Button>
                )
              }
            >
              A contract says which destination of a buyer takes what of this campaign, and what the buyer pays.
            </Empty>
          )}
        </Card>
      )}
      {part === "feeds" && (
        <div className="stack">
          {made?.key && <KeyShown feed={made} secret={made.key} />}
          <Card
            title="Feeds"
            lined
            right={
              may.write &&
              feeds.length > 0 && (
                <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={feedingIs.open}>
                  Add a feed
                </Button>
              )
            }
          >
            {feeds.length ? (
              <FeedTable feeds={feeds} show="publisher" />
            ) : (
              <Empty
                title="No feeds yet"
                action={
                  may.write && (
                    <Button variant="filled" onClick={feedingIs.open}>
                      Add the first feed
                    </Button>
                  )
                }
              >
                A feed is what one publisher sends for this campaign: with its own keys, numbers, payout and caps. Calls to
                your own numbers need none.
              </Empty>
            )}
          </Card>
        </div>
      )}
      {part === "terms" && (
        <div className="two-col">
          <LayerCard level="campaign" name={campaign.name} terms={campaign.terms} vertical={campaign.vertical} />
          <div className="stack">
            <LeadFields campaign={campaign} />
            <CampaignCompliance campaign={campaign} />
            <CampaignDuplicates campaign={campaign} />
            <CampaignRecordings campaign={campaign} />
          </div>
        </div>
      )}
      <FormDialog opened={adding} close={addingIs.close} title="Add a contract" size={560}>
        <ContractForm
          campaign={campaign.id}
          done={() => {
            addingIs.close();
            if (part === "overview") go(`/campaigns/${campaign.id}/contracts`);
          }}
          cancel={addingIs.close}
        />
      </FormDialog>
      <FormDialog opened={feeding} close={feedingIs.close} title="Add a feed" size={560}>
        <FeedForm
          campaign={campaign.id}
          done={(feed) => {
            setMade(feed);
            feedingIs.close();
            go(`/campaigns/${campaign.id}/feeds`);
          }}
          cancel={feedingIs.close}
        />
      </FormDialog>
    </>
  );
}

type OverviewProps = {
  campaign: Campaign;
  contracts: Contract[];
  feeds: Feed[];
  addContract: () => void;
  addFeed: () => void;
};

function Overview({ campaign, contracts, feeds, addContract, addFeed }: OverviewProps) {
  const [, go] = useLocation();
  const [editing, editingIs] = useDisclosure(false);
  const refresh = useRefresh();
  const may = useMay();
  const vertical = useVertical(campaign.vertical);
  const drafting = useMutation({
    mutationFn: () => take(api.POST("/api/v1/campaigns/{id}/flow", { params: at(campaign.id) })),
    onSuccess: (flow) => go(`/flows/${flow.id}`),
  });
  const plan = campaign.plan.live?.document;
  const inPlan = plan ? contractsIn(plan).length : 0;
  const base = `/campaigns/${campaign.id}`;
  const steps = [
    {
      done: contracts.length > 0,
      name: "Add a contract",
      hint: "Which destination takes what, and what it pays.",
      run: addContract,
    },
    { done: inPlan > 0, name: "Make the route plan", hint: "Who is asked first, and who after.", run: () => go(`${base}/plan`) },
    { done: feeds.length > 0, name: "Add a feed", hint: "A publisher who sends calls or leads, with its keys.", run: addFeed },
  ];
  const open = steps.filter((step) => !step.done);
  return (
    <>
      <section className="card tiles" aria-label="Figures">
        <Tile
          label="Contracts"
          figure={count(contracts.length)}
          detail={`${count(contracts.filter((each) => !each.paused && !each.terms.live?.document.paused).length)} live`}
        />
        <Tile
          label="In the plan"
          figure={count(inPlan)}
          detail={inPlan < contracts.length ? `${contracts.length - inPlan} never asked` : "all are asked"}
        />
        <Tile
          label="Method"
          figure={
            <span className="figure-words">{plan ? methodOf(plan.groups[plan.start]?.method ?? "waterfall").label : "No plan yet"}</span>
          }
          detail={plan ? `version ${campaign.plan.live?.version}` : "nothing is asked"}
        />
        <Tile label="Feeds" figure={count(feeds.length)} detail={`${count(feeds.filter((feed) => !feed.paused).length)} live`} />
      </section>
      {open.length > 0 && may.write && !campaign.archived_at && (
        <Card title="Next steps" lined>
          <ul className="rows">
            {steps.map((step) => (
              <li key={step.name}>
                <div className="row">
                  <span className={step.done ? "ok" : "dim"}>
                    <Shape tone={step.done ? "ok" : "off"} />
                  </span>
                  <span className="two grow">
                    <span className={step.done ? "soft" : "med"}>{step.name}</span>
                    <span className="sub">{step.done ? "done" : step.hint}</span>
                  </span>
                  {!step.done && (
                    <Button size="xs" onClick={step.run}>
                      {step.name}
                    </Button>
                  )}
                </div>
              </li>
            ))}
          </ul>
        </Card>
      )}
      <div className="two-col">
        <Latest campaign={campaign.id} />
        <div className="stack">
          <CapsCard of={{ campaign: campaign.id }} nothing="No caps: as much is sold as comes. Set them in the terms of the campaign, of a contract, or in the plan." />
          <Card
            title="Campaign"
            lined
            right={
              <>
                {may.write && !campaign.archived_at && (
                  <Button size="xs" onClick={editingIs.open}>
                    Change
                  </Button>
                )}
                <PutAway
                  name={campaign.name}
                  archived={Boolean(campaign.archived_at)}
                  run={(archived) =>
                    take(api.POST("/api/v1/campaigns/{id}/archive", { params: at(campaign.id), body: { archived } }))
                  }
                  done={() => go("/campaigns")}
                >
                  Nothing of it is offered any more, and it leaves the lists. What was sold stays. It can be taken out again.
                </PutAway>
              </>
            }
          >
            <dl className="facts pad">
              <dt>Trade</dt>
              <dd>{vertical?.name ?? campaign.vertical ?? "not given"}</dd>
              <dt>Fields of its leads</dt>
              <dd>
                <Link href={`${base}/terms`}>{campaign.fields.length ? count(campaign.fields.length) : "none set"}</Link>
              </dd>
              {vertical && may.write && !campaign.archived_at && (
                <>
                  <dt>Questions to callers</dt>
                  <dd>
                    <Button size="xs" loading={drafting.isPending} onClick={() => drafting.mutate()}>
                      Draft a call flow
                    </Button>
                    {drafting.isError && <div className="small bad">{words(drafting.error)}</div>}
                  </dd>
                </>
              )}
            </dl>
          </Card>
        </div>
      </div>
      <FormDialog opened={editing} close={editingIs.close} title="Change the campaign">
        <CampaignForm
          campaign={campaign}
          done={() => {
            void refresh();
            editingIs.close();
          }}
          cancel={editingIs.close}
        />
      </FormDialog>
    </>
  );
}
