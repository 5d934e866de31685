// Who holds each number of a pool: the words to the picture, and all there is on a phone.

import { Link } from "wouter";
import { path } from "../../base/figures";
import { Card } from "../../parts/Card";
import { Scroll } from "../../parts/Scroll";
import { StateWord } from "../../parts/State";
import { Ago } from "../../parts/When";
import { leaseState, type Lease } from "./words";

type HoldersProps = { leases: Lease[]; now: number };

export function Holders(props: HoldersProps) {
  return (
    <Card title="Who they are" label="Who they are" lined>
      <Scroll className="wide-only">
        <Wide {...props} />
      </Scroll>
      <ul className="rows narrow-only">
        {props.leases.map((lease) => (
          <Narrow key={lease.number.id} lease={lease} now={props.now} />
        ))}
      </ul>
    </Card>
  );
}

const none = <span className="dim">—</span>;

function Wide({ leases, now }: HoldersProps) {
  return (
    <table className="t">
      <thead>
        <tr>
          <th className="fix" scope="col">
            Number
          </th>
          <th scope="col">Now</th>
          <th scope="col">Visitor</th>
          <th scope="col">Source</th>
          <th scope="col">Page</th>
          <th scope="col">Last visible</th>
        </tr>
      </thead>
      <tbody>
        {leases.map((lease) => (
          <tr key={lease.number.id}>
            <td className="fix tel med">{lease.number.number_display}</td>
            <td>
              <Now lease={lease} now={now} />
            </td>
            <td>
              {lease.session ? (
                <Link href={`/visitors/${lease.session}`}>{lease.visitor_label ?? "Visitor"}</Link>
              ) : (
                none
              )}
            </td>
            <td className="soft">{lease.source_label ?? none}</td>
            <td className="soft">{lease.page ? <span title={lease.page}>{path(lease.page)}</span> : none}</td>
            <td>{lease.last_visible_at ? <Ago at={lease.last_visible_at} /> : <span className="dim">never</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Narrow({ lease, now }: { lease: Lease; now: number }) {
  return (
    <li>
      <div>
        <span className="row between">
          <span className="tel med">{lease.number.number_display}</span>
          <span className="small">
            <Now lease={lease} now={now} />
          </span>
        </span>
        {lease.session && (
          <span className="row between small">
            <Link href={`/visitors/${lease.session}`}>{lease.visitor_label ?? "Visitor"}</Link>
            <span className="soft cut">
              {[lease.source_label, lease.page ? path(lease.page) : ""].filter(Boolean).join(", ")}
            </span>
          </span>
        )}
      </div>
    </li>
  );
}

function Now({ lease, now }: { lease: Lease; now: number }) {
  const state = leaseState(lease, now);
  return <StateWord tone={state.tone}>{state.word}</StateWord>;
}
