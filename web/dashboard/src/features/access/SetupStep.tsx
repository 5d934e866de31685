// What stands beside the list of steps: the form of the step, and what it waits for.

import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { numbersQuery, poolsQuery, trunksQuery } from "../../api/lists";
import { Card } from "../../parts/Card";
import { Icon } from "../../parts/Icon";
import { Badge } from "../../parts/State";
import { Empty } from "../../parts/Waiting";
import { NumberForm } from "../assignment/NumberForm";
import { PoolForm } from "../assignment/PoolForm";
import { CallBadge } from "../call/columns";
import { useLive } from "../call/live";
import { TrunkForm } from "../call/TrunkForm";
import { LiveCheck, useWatchedSite } from "../visitor/LiveCheck";
import { SiteForm } from "../visitor/SiteForm";
import { SnippetCard } from "../visitor/SnippetCard";
import { useMe } from "./session";
import type { Step } from "./setupSteps";

type Site = Schema<"Site">;
type StepProps = { sites: Site[]; step: Step; next: Step | undefined; goOn: () => void };

export function SetupStep(props: StepProps) {
  switch (props.step.id) {
    case "account":
    case "site":
      return <SiteStep {...props} />;
    case "snippet":
      return <SnippetStep {...props} />;
    case "trunk":
      return <TrunkStep {...props} />;
    case "numbers":
      return <NumbersStep {...props} />;
    case "call":
      return <CallStep />;
  }
}

function Body({
  title,
  says,
  children,
  aside,
}: {
  title: string;
  says: string;
  children: ReactNode;
  aside?: ReactNode;
}) {
  return (
    <>
      <div className="stack" style={{ gap: 20 }}>
        <div>
          <h1 className="head">{title}</h1>
          <p className="soft" style={{ maxWidth: "60ch", marginTop: 4 }}>
            {says}
          </p>
        </div>
        {children}
      </div>
      <aside className="stack">{aside}</aside>
    </>
  );
}

function Onwards({ next, goOn, filled = true }: { next: Step | undefined; goOn: () => void; filled?: boolean }) {
  return (
    <div className="row">
      <Button variant={filled ? "filled" : "default"} onClick={goOn} rightSection={<Icon name="right" />}>
        {next ? `Go on: ${next.name.toLowerCase()}` : "Go to Live"}
      </Button>
    </div>
  );
}

function SiteStep({ sites, next, goOn }: StepProps) {
  const site = sites[0];
  return (
    <Body
      title="Add the site"
      says="The business's own web site, with the number its visitors see today. That number stays where it is; visitors are shown one of yours in its place."
    >
      <Card>
        <div className="pad">
          <SiteForm key={site?.id ?? "new"} site={site} done={goOn} />
        </div>
      </Card>
      {site && <Onwards next={next} goOn={goOn} filled={false} />}
    </Body>
  );
}

function SnippetStep({ sites, next, goOn }: StepProps) {
  const watched = useWatchedSite(sites[0]?.id);
  const site = watched.data ?? sites[0];
  if (!site) return <Needs what="a site" path="/setup/site" name="Add the site" />;
  return (
    <Body
      title="Paste the snippet"
      says={`One block for every page of ${site.name}. If our server should ever be away, the page simply keeps its own number.`}
      aside={<LiveCheck site={site} />}
    >
      <SnippetCard site={site} />
      <Onwards next={next} goOn={goOn} />
    </Body>
  );
}

function TrunkStep({ next, goOn }: StepProps) {
  const { user } = useMe();
  const trunks = useQuery(trunksQuery()).data ?? [];
  return (
    <Body
      title="Add a trunk"
      says="The line to your carrier: calls to your numbers come in on it, and calls to the business go out on it."
    >
      {trunks.length > 0 && (
        <Card title="There already" lined>
          <ul className="rows">
            {trunks.map((trunk) => (
              <li key={trunk.id}>
                <div className="row between">
                  <span className="med">{trunk.name}</span>
                  <Badge tone="ok">Ready to use</Badge>
                </div>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {trunks.length === 0 &&
        (user.operator ? (
          <Card>
            <div className="pad">
              <TrunkForm done={goOn} />
            </div>
          </Card>
        ) : (
          <Empty title="Only the operator can add a trunk">
            Ask whoever runs this server. The other steps do not have to wait.
          </Empty>
        ))}
      <Onwards next={next} goOn={goOn} filled={trunks.length > 0} />
    </Body>
  );
}

function NumbersStep({ sites, next, goOn }: StepProps) {
  const { user } = useMe();
  const numbers = useQuery(numbersQuery()).data ?? [];
  const pools = useQuery(poolsQuery()).data ?? [];
  if (!sites.length) return <Needs what="a site" path="/setup/site" name="Add the site" />;
  return (
    <Body
      title="Get numbers"
      says="A pool shows each visitor a number of their own, so that a call leads back to one visit. Begin with one number for every five people who are on the site at the same time."
    >
      {pools.length === 0 ? (
        <Card title="First a pool" lined>
          <div className="pad">
            <PoolForm done={() => {}} />
          </div>
        </Card>
      ) : (
        <Card title="Numbers for the pool" lined right={numbers.length ? `${numbers.length} so far` : undefined}>
          {user.operator ? (
            <div className="pad">
              <NumberForm key={numbers.length} start={{ kind: "pool", pool: pools[0]?.id }} done={() => {}} />
            </div>
          ) : (
            <p className="pad soft">
              Whoever runs this server adds the numbers that the carrier gave. They show up here.
            </p>
          )}
        </Card>
      )}
      <Onwards next={next} goOn={goOn} filled={false} />
    </Body>
  );
}

function CallStep() {
  const live = useLive();
  const numbers = useQuery(numbersQuery()).data ?? [];
  const calls = [...live.calls, ...live.recent].slice(0, 5);
  const first = numbers.find((number) => number.stage === "in_use");
  if (!first) return <Needs what="a number" path="/setup/numbers" name="Get numbers" />;
  return (
    <Body
      title="Place a test call"
      says="Open the site, look at the number it shows you, and dial it. The call shows up here while it still rings, with your own visit beside it."
    >
      <Card
        title="Waiting for a call"
        lined
        right={
          <Badge tone={live.status === "open" ? "live" : "off"}>
            {live.status === "open" ? "Listening" : "Connecting"}
          </Badge>
        }
      >
        {calls.length === 0 ? (
          <p className="pad soft">
            Nothing yet. Any of your numbers will do, for instance{" "}
            <span className="med tel">{first.number_display}</span>.
          </p>
        ) : (
          <ul className="rows" aria-live="polite">
            {calls.map((call) => (
              <li key={call.id} className={live.fresh.has(call.id) ? "new" : ""}>
                <Link href={`/calls/${call.id}`} className="row between" style={{ display: "flex" }}>
                  <span className="med tel">{call.caller_display}</span>
                  <span className="soft cut">{call.source?.label ?? "Source unknown"}</span>
                  <CallBadge call={call} />
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Card>
      <div className="row">
        <Button variant={calls.length ? "filled" : "subtle"} component={Link} href="/live">
          Go to Live
        </Button>
      </div>
    </Body>
  );
}

function Needs({ what, path, name }: { what: string; path: string; name: string }) {
  return (
    <Body title={`First ${what}`} says="This step builds on one that is not done yet.">
      <div className="row">
        <Button variant="filled" component={Link} href={path}>
          {name}
        </Button>
      </div>
    </Body>
  );
}
