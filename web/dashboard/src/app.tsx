// The dashboard as a whole: who may enter, and which page an address opens.

import { Button } from "@mantine/core";
import { lazy, Suspense, useEffect } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { onSignedOut, Refused } from "./api/client";
import { MeProvider, useMeQuery } from "./features/access/session";
import { FirstPassword } from "./features/access/FirstPassword";
import { SignIn } from "./features/access/SignIn";
import { LiveProvider } from "./features/call/live";
import { Boundary } from "./parts/Boundary";
import { Empty, Failure, Lines } from "./parts/Waiting";
import { Page } from "./shell/Page";
import { Shell } from "./shell/Shell";

const code = {
  live: () => import("./features/call/LivePage"),
  calls: () => import("./features/call/CallsPage"),
  flows: () => import("./features/call/flows/FlowsPage"),
  flow: () => import("./features/call/flows/FlowPage"),
  prompts: () => import("./features/call/prompts/PromptsPage"),
  visitors: () => import("./features/visitor/VisitorsPage"),
  visitor: () => import("./features/visitor/VisitorPage"),
  sites: () => import("./features/visitor/SitesPage"),
  site: () => import("./features/visitor/SitePage"),
  numbers: () => import("./features/assignment/NumbersPage"),
  buy: () => import("./features/assignment/BuyPage"),
  pool: () => import("./features/assignment/PoolPage"),
  sources: () => import("./features/report/SourcesPage"),
  deliveries: () => import("./features/routing/DeliveriesPage"),
  campaigns: () => import("./features/routing/CampaignsPage"),
  campaign: () => import("./features/routing/CampaignPage"),
  buyers: () => import("./features/routing/BuyersPage"),
  buyer: () => import("./features/routing/BuyerPage"),
  contract: () => import("./features/routing/ContractPage"),
  publishers: () => import("./features/routing/PublishersPage"),
  publisher: () => import("./features/routing/PublisherPage"),
  feed: () => import("./features/routing/FeedPage"),
  leads: () => import("./features/lead/LeadsPage"),
  opportunities: () => import("./features/routing/OpportunitiesPage"),
  caps: () => import("./features/routing/CapsPage"),
  lists: () => import("./features/routing/ListsPage"),
  trunks: () => import("./features/call/TrunksPage"),
  trunk: () => import("./features/call/TrunkPage"),
  settings: () => import("./features/access/SettingsPage"),
  setup: () => import("./features/access/SetupPage"),
};

const pages = {
  live: lazy(code.live),
  calls: lazy(code.calls),
  flows: lazy(code.flows),
  flow: lazy(code.flow),
  prompts: lazy(code.prompts),
  visitors: lazy(code.visitors),
  visitor: lazy(code.visitor),
  sites: lazy(code.sites),
  site: lazy(code.site),
  numbers: lazy(code.numbers),
  buy: lazy(code.buy),
  pool: lazy(code.pool),
  sources: lazy(code.sources),
  deliveries: lazy(code.deliveries),
  campaigns: lazy(code.campaigns),
  campaign: lazy(code.campaign),
  buyers: lazy(code.buyers),
  buyer: lazy(code.buyer),
  contract: lazy(code.contract),
  publishers: lazy(code.publishers),
  publisher: lazy(code.publisher),
  feed: lazy(code.feed),
  leads: lazy(code.leads),
  opportunities: lazy(code.opportunities),
  caps: lazy(code.caps),
  lists: lazy(code.lists),
  trunks: lazy(code.trunks),
  trunk: lazy(code.trunk),
  settings: lazy(code.settings),
  setup: lazy(code.setup),
};

/** How long the first page has the network to itself before the other pages are fetched. */
const AHEAD_MS = 3_000;

/** Fetches the other pages once the first one stands, so that going there is instant. */
function useAhead(): void {
  useEffect(() => {
    const timer = setTimeout(() => {
      // Best effort: a page that does not arrive now is asked for again when somebody goes there.
      for (const load of Object.values(code)) load().catch(() => undefined);
    }, AHEAD_MS);
    return () => clearTimeout(timer);
  }, []);
}

export function App() {
  const me = useMeQuery();
  useEffect(() => onSignedOut(() => void me.refetch()), [me.refetch]);

  const signedOut = me.error instanceof Refused && me.error.status === 401;
  if (signedOut) return <SignIn />;
  if (me.data === undefined) {
    return (
      <main className="page reading">
        {me.isError ? (
          <Failure
            title="Trunkline could not be reached"
            error={me.error}
            retry={() => void me.refetch()}
            busy={me.isFetching}
          />
        ) : (
          <Lines />
        )}
      </main>
    );
  }
  if (me.data.user.password_once) return <FirstPassword email={me.data.user.email} />;
  return (
    <MeProvider value={me.data}>
      <LiveProvider key={me.data.account.id}>
        <Boundary address="/setup">
          <Suspense fallback={<Lines />}>
            <Switch>
              <Route path="/setup/:step?">{(params) => <pages.setup step={params.step} />}</Route>
              <Route>
                <Inside />
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </LiveProvider>
    </MeProvider>
  );
}

function Inside() {
  const [address] = useLocation();
  useAhead();
  return (
    <Shell>
      <Boundary address={address}>
        <Suspense fallback={<Lines />}>
          <Switch>
            <Route path="/">
              <Redirect to="/live" replace />
            </Route>
            <Route path="/live">
              <pages.live />
            </Route>
            <Route path="/calls/:id?">{(params) => <pages.calls id={params.id} />}</Route>
            <Route path="/flows">
              <pages.flows />
            </Route>
            <Route path="/flows/:id">{(params) => <pages.flow key={params.id} id={params.id} />}</Route>
            <Route path="/sounds">
              <pages.prompts />
            </Route>
            <Route path="/visitors">
              <pages.visitors />
            </Route>
            <Route path="/visitors/:id">{(params) => <pages.visitor id={params.id} />}</Route>
            <Route path="/sites">
              <pages.sites />
            </Route>
            <Route path="/sites/:id">{(params) => <pages.site id={params.id} />}</Route>
            <Route path="/numbers">
              <pages.numbers />
            </Route>
            <Route path="/numbers/buy">
              <pages.buy />
            </Route>
            <Route path="/numbers/pools/:id">{(params) => <pages.pool id={params.id} />}</Route>
            <Route path="/sources">
              <pages.sources />
            </Route>
            <Route path="/deliveries">
              <pages.deliveries />
            </Route>
            <Route path="/campaigns">
              <pages.campaigns />
            </Route>
            <Route path="/campaigns/:id/:part?">
              {(params) => <pages.campaign key={params.id} id={params.id} part={params.part} />}
            </Route>
            <Route path="/buyers">
              <pages.buyers />
            </Route>
            <Route path="/buyers/:id">{(params) => <pages.buyer key={params.id} id={params.id} />}</Route>
            <Route path="/contracts/:id">{(params) => <pages.contract key={params.id} id={params.id} />}</Route>
            <Route path="/publishers">
              <pages.publishers />
            </Route>
            <Route path="/publishers/:id">{(params) => <pages.publisher key={params.id} id={params.id} />}</Route>
            <Route path="/feeds/:id">{(params) => <pages.feed key={params.id} id={params.id} />}</Route>
            <Route path="/leads/:id?">{(params) => <pages.leads id={params.id} />}</Route>
            <Route path="/opportunities/:id?">{(params) => <pages.opportunities id={params.id} />}</Route>
            <Route path="/caps">
              <pages.caps />
            </Route>
            <Route path="/lists">
              <pages.lists />
            </Route>
            <Route path="/trunks">
              <pages.trunks />
            </Route>
            <Route path="/trunks/:id">{(params) => <pages.trunk key={params.id} id={params.id} />}</Route>
            <Route path="/settings/:part?">{(params) => <pages.settings part={params.part} />}</Route>
            <Route>
              <NoPage />
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
    </Shell>
  );
}

function NoPage() {
  return (
    <Page title="No such page">
      <Empty
        title="This address leads nowhere"
        action={
          <Button component={Link} href="/live" variant="filled">
            Go to Live
          </Button>
        }
      >
        The link may be cut off, or the page has moved.
      </Empty>
    </Page>
  );
}
