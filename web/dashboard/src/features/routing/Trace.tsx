// The trace: every contract, the one rule that stopped it with the compared numbers under it, its price. The taker first,
// then the tried, then the rest.

import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { count, money, plural } from "../../base/figures";
import { Card } from "../../parts/Card";
import { StateWord, type Tone } from "../../parts/State";
import { At } from "../../parts/When";
import { attemptWords, shortReason } from "./words";

export type Line = Schema<"TraceLine">;
type Compared = Schema<"Compared">;

/** Lines shown at first: a thousand contracts are looked at one by one only by whoever asks. */
const SHOWN = 12;

/** What became of a contract, in a few words. */
export function lineState(line: Line): { tone: Tone; word: string } {
  switch (line.became) {
    case "sold":
      return { tone: "ok", word: "Took it" };
    case "tried":
      if (!line.outcome) return { tone: "live", word: "Being asked" };
      return { tone: "bad", word: attemptWords[line.outcome] ?? line.outcome };
    case "planned":
      return { tone: "off", word: `Was next, number ${line.attempt ?? ""}`.trim() };
    case "could":
      return { tone: "off", word: "Could have taken it" };
    default:
      return { tone: "off", word: line.reason ? shortReason(line.reason.code) : "Could not" };
  }
}

export function Trace({ lines, currency, title = "Why this buyer" }: { lines: Line[]; currency: string; title?: string }) {
  const [all, setAll] = useState(false);
  const could = lines.filter((line) => line.became !== "stopped").length;
  const shown = all ? lines : lines.slice(0, SHOWN);
  return (
    <Card level={3} title={title} lined right={lines.length ? `${could} of ${plural(lines.length, "contract")} could take it` : undefined}>
      {lines.length === 0 ? (
        <p className="pad dim">No contract was looked at.</p>
      ) : (
        <ol className="trace">
          {shown.map((line) => (
            <TraceRow key={line.contract.id} line={line} currency={currency} />
          ))}
        </ol>
      )}
      {lines.length > shown.length && (
        <div className="foot">
          <Button size="xs" variant="subtle" onClick={() => setAll(true)}>
            Show the other {count(lines.length - shown.length)}
          </Button>
        </div>
      )}
    </Card>
  );
}

function TraceRow({ line, currency }: { line: Line; currency: string }) {
  const state = lineState(line);
  return (
    <li className={line.became === "sold" ? "taker" : undefined}>
      <span className="two trace-who">
        <span className="med cut">{line.buyer?.name ?? "Deleted buyer"}</span>
        <span className="sub cut">
          <Link href={`/contracts/${line.contract.id}`}>{line.contract.name}</Link>
          {line.destination ? `, ${line.destination.name}` : ""}
        </span>
      </span>
      <span className="two trace-why">
        <StateWord tone={state.tone}>{state.word}</StateWord>
        <span className="sub">
          {line.told}
          {line.compared.length > 0 && (
            <>
              {" "}
              <Numbers compared={line.compared} currency={currency} />
            </>
          )}
        </span>
      </span>
      <span className="num trace-price">
        {line.unpaid ? <span className="dim">unpaid</span> : line.price_micros == null ? <span className="dim">—</span> : money(line.price_micros, currency)}
      </span>
    </li>
  );
}

/** "used 40, reserved 0, more 1, at most 40" */
function Numbers({ compared, currency }: { compared: Compared[]; currency: string }) {
  return (
    <span className="tel-wrap">
      {compared.map((each, i) => (
        <span key={each.name}>
          {i > 0 && ", "}
          {each.name}{" "}
          <b className="med">
            {each.unit === "time" ? <At at={each.value} /> : each.unit === "money" ? money(each.value, currency) : count(each.value)}
          </b>
        </span>
      ))}
    </span>
  );
}
