// Who was sent a lead, and who has it. Of one who did not answer, a person can say whether they have it.

import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { api, take } from "../../api/client";
import { count, plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Confirm } from "../../parts/Confirm";
import { StateWord } from "../../parts/State";
import { At } from "../../parts/When";
import { useMay } from "../access/session";
import { eventTold, legState, sum, type LeadDetail, type Leg } from "./words";

/** Everything that is shown of leads is asked again. */
export function useLeadsRefresh(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === "lead" || queryKey[0] === "leads" });
}

type LegsProps = { lead: LeadDetail; trace?: ReactNode };

export function Legs({ lead, trace }: LegsProps) {
  const refresh = useLeadsRefresh();
  const [asked, setAsked] = useState<{ leg: Leg; taken: boolean } | null>(null);
  const has = lead.legs.filter((leg) => leg.state === "accepted").length;
  const most = lead.buyers_max > 1 ? ` of at most ${count(lead.buyers_max)}` : "";
  return (
    <Card
      title="Who has it"
      lined
      right={
        <>
          {has > 0 && <span>{`${plural(has, "buyer")}${most}`}</span>}
          {trace}
        </>
      }
    >
      {lead.legs.length === 0 ? (
        <p className="pad dim">{lead.test ? "A test is sent to nobody." : "It was sent to nobody."}</p>
      ) : (
        <ol className="trace">
          {lead.legs.map((leg) => (
            <LegRow key={leg.contract.id} leg={leg} lead={lead} ask={(taken) => setAsked({ leg, taken })} />
          ))}
        </ol>
      )}
      <Confirm
        opened={asked !== null}
        close={() => setAsked(null)}
        title={asked?.taken ? `Does ${asked.leg.buyer.name} have it?` : `Does ${asked?.leg.buyer.name ?? "the buyer"} not have it?`}
        act={asked?.taken ? "They have it" : "They do not have it"}
        run={() =>
          take(
            api.POST("/api/v1/leads/{id}/legs/{contract}", {
              params: { path: { id: lead.id, contract: asked?.leg.contract.id ?? "" } },
              body: { taken: asked?.taken ?? false },
            }),
          )
        }
        done={() => void refresh()}
      >
        {asked?.taken
          ? "It is booked as sold to them, at the price they were asked for."
          : "What was held for them is let go, and the next buyer may be asked."}
      </Confirm>
    </Card>
  );
}

function LegRow({ leg, lead, ask }: { leg: Leg; lead: LeadDetail; ask: (taken: boolean) => void }) {
  const may = useMay();
  const { tone, word } = legState(leg);
  const price = leg.price ?? leg.bid;
  return (
    <li className={leg.state === "accepted" ? "taker" : undefined}>
      <span className="two trace-who">
        <span className="med cut">{leg.buyer.name || "Deleted buyer"}</span>
        <span className="sub cut">
          <Link href={`/contracts/${leg.contract.id}`}>{leg.contract.name || "Deleted contract"}</Link>
        </span>
      </span>
      <span className="two trace-why">
        <span className="row wrap">
          <StateWord tone={tone}>{word}</StateWord>
          {leg.at != null && (
            <span className="small dim tel">
              {leg.state === "unknown" ? "nobody else has it until " : ""}
              <At at={leg.at} />
            </span>
          )}
        </span>
        {(leg.told || leg.buyers_name) && (
          <span className="sub break">
            {[leg.told && eventTold(leg.told), leg.buyers_name && `they call it ${leg.buyers_name}`].filter(Boolean).join(", ")}
          </span>
        )}
        {leg.state === "unknown" && may.write && (
          <span className="row tight leg-acts">
            <Button size="compact-xs" onClick={() => ask(true)}>
              They have it
            </Button>
            <Button size="compact-xs" onClick={() => ask(false)}>
              They do not
            </Button>
          </span>
        )}
      </span>
      <span className="num trace-price">{price == null ? <span className="dim">—</span> : sum(price, lead.currency)}</span>
    </li>
  );
}
