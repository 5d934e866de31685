// Campaigns: what is sold under one name, with its plan and who takes part; and the terms that hold for all of them.

import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearch } from "wouter";
import { api, take } from "../../api/client";
import { plural } from "../../base/figures";
import { Icon } from "../../parts/Icon";
import { Scroll } from "../../parts/Scroll";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useMay, useMe } from "../access/session";
import type { Layer } from "./documents";
import { CampaignForm } from "./forms";
import { FormDialog, ThingState } from "./parts";
import { at, byId, campaignsQuery, contractsQuery, feedsQuery, verticalsQuery, type Campaign, type Terms } from "./queries";
import { LayerCard } from "./terms/TermsCard";
import { methodOf } from "./words";

export default function CampaignsPage() {
  const [, go] = useLocation();
  const part = new URLSearchParams(useSearch()).get("show") ?? "live";
  const [adding, addingIs] = useDisclosure(false);
  const may = useMay();
  const campaigns = useQuery(campaignsQuery({ archived: part === "away" }));
  const add = (
    <Button size="xs" variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
      Add campaign
    </Button>
  );
  return (
    <Page title="Campaigns" actions={campaigns.data?.length && may.write && part === "live" ? add : undefined}>
      <nav className="tabs" aria-label="Campaigns to show">
        <Link href="/campaigns" aria-current={part === "live" ? "page" : undefined}>
          Campaigns
        </Link>
        <Link href="/campaigns?show=terms" aria-current={part === "terms" ? "page" : undefined}>
          Terms of all campaigns
        </Link>
        <Link href="/campaigns?show=away" aria-current={part === "away" ? "page" : undefined}>
          Put away
        </Link>
      </nav>
      {part === "terms" ? (
        <AccountTerms />
      ) : (
        <section className="card" aria-label="Campaigns">
          <Loaded query={campaigns} title="The campaigns did not arrive">
            {(items) =>
              items.length ? (
                <List campaigns={items} />
              ) : part === "away" ? (
                <Empty title="Nothing is put away">A campaign without feeds can be put away; it keeps its history.</Empty>
              ) : (
                <Empty
                  title="No campaigns yet"
                  action={
                    may.write && (
                      <Button variant="filled" onClick={addingIs.open}>
                        Add the first campaign
                      </Button>
                    )
                  }
                >
                  A campaign is what you sell under one name, such as solar leads in Texas. Its plan says which buyers are
                  asked for each call or lead, in which order, and at what price.
                </Empty>
              )
            }
          </Loaded>
        </section>
      )}
      <FormDialog opened={adding} close={addingIs.close} title="Add a campaign">
        <CampaignForm done={(made) => go(`/campaigns/${made.id}`)} cancel={addingIs.close} />
      </FormDialog>
    </Page>
  );
}

function AccountTerms() {
  const me = useMe();
  const terms = useQuery({
    queryKey: ["terms", me.account.id],
    queryFn: async () =>
      (await take(api.GET("/api/v1/terms/{id}", { params: at(me.account.id) }))) as unknown as Terms<Layer>,
  });
  return (
    <div className="reading-wide">
      <Loaded query={terms} title="The terms did not arrive">
        {(found) => <LayerCard level="account" name="" terms={found} />}
      </Loaded>
    </div>
  );
}

/** What the plan of a campaign does, in a word. */
function planWord(campaign: Campaign): string | undefined {
  const plan = campaign.plan.live?.document;
  const method = plan?.groups[plan.start]?.method;
  return method && methodOf(method).label;
}

function List({ campaigns }: { campaigns: Campaign[] }) {
  const [, go] = useLocation();
  const contracts = useQuery(contractsQuery()).data ?? [];
  const feeds = useQuery(feedsQuery()).data ?? [];
  const trades = byId(useQuery(verticalsQuery()).data);
  const of = (list: { campaign: string }[], id: string) => list.filter((each) => each.campaign === id).length;
  const idle = (campaign: Campaign) => (campaign.plan.live ? undefined : "no plan yet");
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Campaign
              </th>
              <th scope="col">Trade</th>
              <th scope="col">Plan</th>
              <th scope="col" className="num">
                Contracts
              </th>
              <th scope="col" className="num">
                Feeds
              </th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {campaigns.map((campaign) => (
              <tr key={campaign.id} className="to" onClick={() => go(`/campaigns/${campaign.id}`)}>
                <td className="fix">
                  <Link className="cell med" href={`/campaigns/${campaign.id}`}>
                    {campaign.name}
                  </Link>
                </td>
                <td className="soft">
                  {trades.get(campaign.vertical ?? "")?.name ?? campaign.vertical ?? <span className="dim">—</span>}
                </td>
                <td>{planWord(campaign) ?? <span className="dim">—</span>}</td>
                <td className="num">{of(contracts, campaign.id)}</td>
                <td className="num">{of(feeds, campaign.id)}</td>
                <td>
                  <ThingState of={campaign} byTerms={campaign.terms.live?.document.paused} idle={idle(campaign)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {campaigns.map((campaign) => (
          <li key={campaign.id}>
            <Link href={`/campaigns/${campaign.id}`}>
              <span className="row between">
                <span className="med cut">{campaign.name}</span>
                <span className="small">
                  <ThingState of={campaign} byTerms={campaign.terms.live?.document.paused} idle={idle(campaign)} />
                </span>
              </span>
              <span className="small dim cut block">
                {[
                  planWord(campaign),
                  plural(of(contracts, campaign.id), "contract"),
                  plural(of(feeds, campaign.id), "feed"),
                ]
                  .filter(Boolean)
                  .join(", ")}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
