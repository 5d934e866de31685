// Opportunities as a table, and as two-line cards on a phone: who came, for what, who has it at what price, or why nobody.

import { Link, useLocation } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { money } from "../../base/figures";
import { Scroll } from "../../parts/Scroll";
import { Badge, type Tone } from "../../parts/State";
import { At } from "../../parts/When";
import { shortReason } from "./words";

export type Opportunity = Schema<"Opportunity">;

/** What became of an opportunity, in a word. */
export function becameOf(one: Opportunity): { tone: Tone; word: string } {
  if (one.state === "open") return { tone: "live", word: "Open" };
  if (one.state === "sold") return { tone: "ok", word: "Sold" };
  return { tone: "off", word: one.reason ? shortReason(one.reason.code) : "Not sold" };
}

export function Became({ one }: { one: Opportunity }) {
  const { tone, word } = becameOf(one);
  return (
    <span title={one.reason?.sentence}>
      <Badge tone={tone}>{word}</Badge>
    </span>
  );
}

const none = <span className="dim">—</span>;

function Sum({ micros, currency }: { micros: number | null | undefined; currency: string }) {
  return micros == null ? none : <>{money(micros, currency)}</>;
}

export function whoOf(one: Opportunity): string {
  return one.phone_display ?? (one.kind === "lead" ? "Lead without a number" : "No caller ID");
}

type TableProps = {
  items: Opportunity[];
  chosen?: string;
  address: (id: string) => string;
  /** Fewer columns, for a card on another page. */
  short?: boolean;
};

export function OpportunityTable({ items, chosen, address, short }: TableProps) {
  const [, go] = useLocation();
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Time
              </th>
              <th scope="col">Who</th>
              {!short && <th scope="col">Campaign</th>}
              {!short && <th scope="col">From</th>}
              <th scope="col">Sold to</th>
              <th scope="col" className="num">
                Revenue
              </th>
              {!short && (
                <th scope="col" className="num">
                  Payout
                </th>
              )}
              <th scope="col">Result</th>
            </tr>
          </thead>
          <tbody>
            {items.map((one) => (
              <tr key={one.id} className={`to ${one.id === chosen ? "chosen" : ""}`} onClick={() => go(address(one.id))}>
                <td className="fix">
                  <Link
                    className="cell"
                    href={address(one.id)}
                    aria-label={`Open what became of ${whoOf(one)}`}
                    onClick={(event) => event.stopPropagation()}
                  >
                    <At at={one.came_at} />
                  </Link>
                </td>
                <td>
                  <span className="tel med">{whoOf(one)}</span> <span className="dim">{one.kind}</span>
                </td>
                {!short && <td>{one.campaign.name}</td>}
                {!short && <td className="soft">{one.publisher?.name ?? none}</td>}
                <td>{one.buyer?.name ?? none}</td>
                <td className="num">
                  <Sum micros={one.revenue_micros} currency={one.currency} />
                </td>
                {!short && (
                  <td className="num">
                    <Sum micros={one.payout_micros} currency={one.currency} />
                  </td>
                )}
                <td>
                  <Became one={one} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {items.map((one) => (
          <li key={one.id} className={one.id === chosen ? "chosen" : undefined}>
            <Link href={address(one.id)}>
              <span className="row between">
                <span className="med tel">{whoOf(one)}</span>
                <Became one={one} />
              </span>
              <span className="row between small">
                <span className="soft cut">{one.buyer?.name ?? one.campaign.name}</span>
                <span className="tel">
                  <Sum micros={one.revenue_micros} currency={one.currency} />
                </span>
              </span>
              <span className="small dim">
                <At at={one.came_at} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
