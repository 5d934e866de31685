// Who called: the candidates with their probability and the evidence as sentences; "None of these" always among them.

import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { percent, plural, sentences } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Badge } from "../../parts/State";
import { refusedUnseen } from "../call/words";
import { parted } from "./candidates";

type Call = Schema<"CallDetail">;

export function Candidates({ call }: { call: Call }) {
  const candidates = call.candidates;
  const [whole, setWhole] = useState(false);
  const { shown, folded } = parted(candidates);
  const ambiguous = call.ambiguous && candidates.length > 0;
  const looked = !refusedUnseen(call);
  return (
    <Card
      title="Who called"
      level={3}
      lined
      right={
        looked && (
          <span className="cut">
            Shown {call.number.number_display} within {call.window_days} days
          </span>
        )
      }
    >
      {ambiguous && (
        <p className="pad small soft" style={{ borderBottom: "1px solid var(--line)" }}>
          <Badge tone="warn">Ambiguous</Badge> No visit reaches one half. The most probable one is credited, and reports
          count it by its share.
        </p>
      )}
      {candidates.length === 0 ? (
        <p className="pad soft">{nobody(call)}</p>
      ) : (
        <>
          <ol>
            {(whole ? candidates : shown).map((candidate, i) => (
              <Row key={candidate.session ?? "none"} candidate={candidate} first={i === 0} />
            ))}
          </ol>
          {folded > 0 && (
            <p className="pad small">
              <Button size="compact-xs" variant="subtle" aria-expanded={whole} onClick={() => setWhole(!whole)}>
                {whole ? "Fold those under 1%" : `${plural(folded, "visit")} under 1%`}
              </Button>
            </p>
          )}
        </>
      )}
    </Card>
  );
}

function Row({ candidate, first }: { candidate: Call["candidates"][number]; first: boolean }) {
  const evidence = sentences(candidate.reasons.map((reason) => reason.words));
  return (
    <li className={first ? "cand first" : "cand"}>
      <span className="pc">{percent(candidate.probability)}</span>
      <span style={{ minWidth: 0 }}>
        <span className="row between">
          <span className={first ? "med" : ""}>
            {candidate.session ? (
              <Link href={`/visitors/${candidate.session}`}>{candidate.who}</Link>
            ) : (
              candidate.who || "None of these"
            )}
          </span>
          {candidate.credited && <Badge tone="ok">Credited</Badge>}
        </span>
        {candidate.source_label && <span className="small soft block">{candidate.source_label}</span>}
        {evidence && <span className={`small block ${first ? "soft" : "dim"}`}>{evidence}</span>}
      </span>
    </li>
  );
}

/** Why a call has no candidates at all. */
function nobody(call: Call): string {
  if (refusedUnseen(call))
    return "Screening refused this call before visits were looked at, so it is credited to nobody and is in no report.";
  if (call.state !== "ended" && !call.source) return "Being worked out while it rings.";
  if (call.number.kind === "static")
    return "This number is the same for every visitor, so a call tells its source but not its visit.";
  if (call.number.kind === "source") return "This number belongs to one source. Visits are not told apart on it.";
  return "No visitor was shown this number in the window. It may have been printed or copied somewhere.";
}
