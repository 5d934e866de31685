// Leads as a table, and as three-line cards on a phone: who, for what and from whom, who has it, at what price.

import { Link, useLocation } from "wouter";
import { national, plural } from "../../base/figures";
import { Scroll } from "../../parts/Scroll";
import { Badge } from "../../parts/State";
import { At } from "../../parts/When";
import { leadState, reasonWords, sum, type LeadSummary } from "./words";

export function LeadState({ lead }: { lead: LeadSummary }) {
  const { tone, word } = leadState(lead.state);
  return <Badge tone={tone}>{word}</Badge>;
}

export function whoOf(lead: Pick<LeadSummary, "phone" | "state" | "zip" | "state_code">): string {
  if (lead.phone) return national(lead.phone);
  // A ping says where somebody is, and not who.
  const place = [lead.zip, lead.state_code].filter(Boolean).join(", ");
  return place ? `Somebody in ${place}` : "Somebody";
}

function buyersOf(lead: LeadSummary): string | undefined {
  const [first, ...others] = lead.buyers;
  if (!first) return undefined;
  return others.length ? `${first.name} and ${plural(others.length, "other")}` : first.name;
}

const none = <span className="dim">—</span>;
const Sum = ({ of, lead }: { of: string | null | undefined; lead: LeadSummary }) =>
  of == null ? none : <>{sum(of, lead.currency)}</>;

function Test() {
  return <span className="badge">Test</span>;
}

type TableProps = { items: LeadSummary[]; chosen?: string; address: (id: string) => string };

export function LeadTable({ items, chosen, address }: TableProps) {
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
              <th scope="col">Campaign</th>
              <th scope="col">From</th>
              <th scope="col">State</th>
              <th scope="col">Has it</th>
              <th scope="col" className="num">
                Revenue
              </th>
              <th scope="col" className="num">
                Payout
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((lead) => (
              <tr key={lead.id} className={`to ${lead.id === chosen ? "chosen" : ""}`} onClick={() => go(address(lead.id))}>
                <td className="fix">
                  <Link
                    className="cell"
                    href={address(lead.id)}
                    aria-label={`Open the lead ${whoOf(lead)}`}
                    onClick={(event) => event.stopPropagation()}
                  >
                    <At at={lead.came_at} />
                  </Link>
                </td>
                <td>
                  <span className="row">
                    <span className={`tel ${lead.phone ? "med" : "soft"}`}>{whoOf(lead)}</span>
                    {lead.test && <Test />}
                  </span>
                </td>
                <td>
                  <span className="label-cell">{lead.campaign.name}</span>
                </td>
                <td className="soft">
                  <span className="label-cell">{lead.publisher.name}</span>
                </td>
                <td>
                  <span className="row">
                    <LeadState lead={lead} />
                    {lead.reason && lead.state !== "sold" && (
                      <span className="small dim cut lead-reason" title={lead.reason}>
                        {reasonWords(lead.reason)}
                      </span>
                    )}
                  </span>
                </td>
                <td>
                  <span className="label-cell">{buyersOf(lead) ?? none}</span>
                </td>
                <td className="num">
                  <Sum of={lead.revenue} lead={lead} />
                </td>
                <td className="num">
                  <Sum of={lead.payout} lead={lead} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {items.map((lead) => (
          <li key={lead.id} className={lead.id === chosen ? "chosen" : undefined}>
            <Link href={address(lead.id)}>
              <span className="row between">
                <span className="row">
                  <span className="med tel cut">{whoOf(lead)}</span>
                  {lead.test && <Test />}
                </span>
                <LeadState lead={lead} />
              </span>
              <span className="row between small">
                <span className="soft cut">{buyersOf(lead) ?? (lead.reason ? reasonWords(lead.reason) : lead.campaign.name)}</span>
                <span className="tel">
                  <Sum of={lead.revenue} lead={lead} />
                </span>
              </span>
              <span className="row between small dim">
                <span className="cut">
                  {lead.campaign.name}, from {lead.publisher.name}
                </span>
                <At at={lead.came_at} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
