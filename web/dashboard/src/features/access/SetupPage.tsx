// Set up: from an empty account to the first call, one step at a time, with checks that notice by themselves.

import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link, useLocation } from "wouter";
import { countsQuery, numbersQuery, sitesQuery, trunksQuery } from "../../api/lists";
import { zoneName } from "../../base/time";
import { Icon, Logo } from "../../parts/Icon";
import { Lines } from "../../parts/Waiting";
import { SchemeToggle } from "../../shell/Page";
import { useMe } from "./session";
import { setupSteps, stepAt, type Step } from "./setupSteps";
import { SetupStep } from "./SetupStep";

export default function SetupPage({ step: wanted }: { step?: string }) {
  const me = useMe();
  const [, go] = useLocation();
  const sites = useQuery(sitesQuery());
  const trunks = useQuery(trunksQuery());
  const numbers = useQuery(numbersQuery());
  const counts = useQuery(countsQuery());
  useEffect(() => {
    document.title = "Set up - Trunkline";
  }, []);

  const known = sites.data && trunks.data && numbers.data && counts.data;
  const steps = setupSteps({
    account: me.account.name,
    zone: zoneName(me.account.zone),
    sites: sites.data?.map((site) => ({ name: site.name, seen: site.last_seen != null })) ?? [],
    trunks: trunks.data?.map((trunk) => trunk.name) ?? [],
    numbers: numbers.data?.length ?? 0,
    calls: counts.data?.all ?? 0,
  });
  const step = stepAt(steps, wanted);
  const at = steps.indexOf(step);
  const next = steps[at + 1];

  return (
    <div style={{ minHeight: "100%" }}>
      <header className="top" style={{ gap: 12 }}>
        <Link className="brand" href="/live" style={{ padding: 0 }}>
          <Logo />
          Trunkline
        </Link>
        <span className="dim wide-only">
          Set up, step {at + 1} of {steps.length}
        </span>
        <span className="tail">
          <Button variant="subtle" component={Link} href="/live">
            Leave for now
          </Button>
          <SchemeToggle />
        </span>
      </header>
      <main className="setup">
        <Steps steps={steps} step={step} />
        {known ? (
          <SetupStep
            step={step}
            sites={sites.data}
            next={next}
            goOn={() => (next ? go(`/setup/${next.id}`) : go("/live"))}
          />
        ) : (
          <Lines />
        )}
      </main>
    </div>
  );
}

function Steps({ steps, step }: { steps: Step[]; step: Step }) {
  return (
    <nav aria-label="Steps">
      <ol className="steps">
        {steps.map((each, i) => (
          <li
            key={each.id}
            className={`${each.done ? "done" : ""} ${each === step ? "now" : ""}`}
            aria-current={each === step ? "step" : undefined}
          >
            <span className="n" aria-hidden="true">
              {each.done ? <Icon name="check" size={14} /> : i + 1}
            </span>
            <span>
              {each.id === "account" ? (
                <span className="med block name">{each.name}</span>
              ) : (
                <Link className="med block name" href={`/setup/${each.id}`}>
                  {each.name}
                </Link>
              )}
              <span className="small dim">
                {each.detail}
                {each.done && <span className="sr">, done</span>}
              </span>
            </span>
          </li>
        ))}
      </ol>
      <div className="card pad wide-only">
        <p className="small soft">
          You can leave at any time. What is done stays done, and calls already ring the business.
        </p>
      </div>
    </nav>
  );
}
