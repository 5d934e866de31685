// Who is this? The likeliest visitors of a call, and one click that says which one it is. It credits the call and
// teaches the site.

import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { api, take, words } from "../../api/client";
import { pageName, percent } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Badge } from "../../parts/State";
import { Failure, Lines } from "../../parts/Waiting";
import { Ago, At } from "../../parts/When";
import { useMay } from "../access/session";

type Matches = Schema<"CallMatches">;
type Match = Schema<"CallMatch">;

/** While a call goes on its visitors move: so often they are asked for again. */
const REFRESH_MS = 5_000;

function useMatches(call: string, live: boolean) {
  return useQuery({
    queryKey: ["call", call, "matches"],
    queryFn: () => take(api.GET("/api/v1/calls/{id}/matches", { params: { path: { id: call } } })),
    refetchInterval: live ? REFRESH_MS : false,
  });
}

function useConfirming(call: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (session: string | null) =>
      take(
        api.POST("/api/v1/calls/{id}/confirmation", { params: { path: { id: call } }, body: { session } }),
      ),
    onSuccess: (told) => {
      queries.setQueryData(["call", call, "matches"], told);
      void queries.invalidateQueries({ queryKey: ["call", call], exact: true });
      void queries.invalidateQueries({ queryKey: ["calls"] });
    },
  });
}

/** In the drawer: a card of its own. */
export function WhoIsThisCard({ call, state, kind }: { call: string; state: string; kind: string }) {
  const may = useMay();
  const matches = useMatches(call, state !== "ended");
  const confirmation = matches.data?.confirmation;
  // Everybody sees the same static number: no visitor tells who called.
  if ((!may.write || kind === "static") && !confirmation) return null;
  return (
    <Card
      title="Who is this?"
      level={3}
      lined
      right={confirmation ? <Badge tone="ok">Confirmed</Badge> : "one click teaches this site"}
    >
      {confirmation && matches.data && <Told matches={matches.data} />}
      <Choices call={call} matches={matches} mayWrite={may.write} />
    </Card>
  );
}

/** On the live page: the same below the call's tile. */
export function WhoIsThis({ call }: { call: string }) {
  const may = useMay();
  const matches = useMatches(call, true);
  const nobody = matches.data?.matches.length === 0 && !matches.data.confirmation;
  // A number that no visitor was shown, such as one on a sign: there is nobody to choose.
  if (!may.write || nobody) return null;
  return (
    <div className="whois" aria-busy={matches.isFetching}>
      <p className="row between small">
        <span className="med">Who is this?</span>
        {matches.data?.confirmation && <Badge tone="ok">Confirmed</Badge>}
      </p>
      <Choices call={call} matches={matches} mayWrite compact />
    </div>
  );
}

type ChoicesProps = {
  call: string;
  matches: ReturnType<typeof useMatches>;
  mayWrite: boolean;
  compact?: boolean;
};

function Choices({ call, matches, mayWrite, compact }: ChoicesProps) {
  const confirming = useConfirming(call);
  if (matches.isError && !matches.data)
    return <Failure title="The visitors did not arrive" error={matches.error} retry={() => void matches.refetch()} />;
  if (!matches.data) return <Lines rows={2} />;
  const { matches: found, confirmation } = matches.data;
  const nobody = confirmation != null && confirmation.session == null;
  const choose = (session: string | null) => confirming.mutate(session);
  return (
    <>
      {found.length === 0 && <p className="pad small soft">No visitor was shown this number, so there is nobody to choose.</p>}
      <ul className="matches">
        {found.map((match) => (
          <li key={match.session}>
            <Choice
              match={match}
              mayWrite={mayWrite}
              compact={compact}
              busy={confirming.isPending}
              choose={() => choose(match.session)}
            />
          </li>
        ))}
      </ul>
      {mayWrite && (
        <p className="none">
          <Button
            size="compact-xs"
            variant="subtle"
            disabled={nobody || confirming.isPending}
            onClick={() => choose(null)}
          >
            {nobody ? "None of these was said" : "None of these"}
          </Button>
        </p>
      )}
      {confirming.isError && (
        <p className="pad small bad" role="alert">
          {words(confirming.error)}
        </p>
      )}
    </>
  );
}

type ChoiceProps = { match: Match; mayWrite: boolean; compact?: boolean; busy: boolean; choose: () => void };

function Choice({ match, mayWrite, compact, busy, choose }: ChoiceProps) {
  const place = match.page ? pageName(match.page) : "no page";
  return (
    <div className="match">
      <span className="grow">
        <span className="row">
          <span className="med cut">
            {compact ? match.who : <Link href={`/visitors/${match.session}`}>{match.who}</Link>}
          </span>
          {match.probability > 0 && <span className="dim small">{percent(match.probability)}</span>}
        </span>
        <span className="small soft cut block" title={match.page}>
          {match.live ? "on " : "last on "}
          {place}
        </span>
        <span className="small dim cut block">
          {match.source.label}
          {match.probability > 0 ? "" : ", did not see this number"}
          {compact ? "" : `, ${match.device}`}
          {!compact && (
            <>
              {", came "}
              <Ago at={match.since} />
            </>
          )}
        </span>
      </span>
      {match.confirmed ? (
        <Badge tone="ok">This one</Badge>
      ) : (
        mayWrite && (
          <Button size="compact-xs" disabled={busy} onClick={choose} aria-label={`It is ${match.who}`}>
            It is
          </Button>
        )
      )}
    </div>
  );
}

function Told({ matches }: { matches: Matches }) {
  const told = matches.confirmation;
  if (!told) return null;
  const chosen = matches.matches.find((match) => match.confirmed);
  const who = told.session ? (chosen?.who ?? "a visitor who is not among these") : "none of the visitors";
  return (
    <p className="pad small soft told">
      {told.by ?? "A program"} said it was {who}, <At at={told.at} />. The shares below stay as they were weighed.
    </p>
  );
}
