// Calls as a table, and as two-line cards on a phone. Every row opens its call by mouse and by key.

import { Link, useLocation } from "wouter";
import { Scroll } from "../../parts/Scroll";
import { At } from "../../parts/When";
import { Certainty } from "../../parts/State";
import { CallBadge, columns, SourceCell, TalkTime, type Column } from "./columns";
import type { CallSummary } from "./words";

type CallTableProps = {
  calls: CallSummary[];
  shown: string[];
  chosen?: string;
  /** The address of a call, with whatever must survive opening it. */
  address: (id: string) => string;
  /** Ids that came in while the page was open: they are drawn with a short flash. */
  arrived?: ReadonlySet<string>;
  state?: unknown;
};

export function CallTable(props: CallTableProps) {
  return (
    <>
      <Scroll className="wide-only">
        <Wide {...props} />
      </Scroll>
      <div className="narrow-only">
        <Narrow {...props} />
      </div>
    </>
  );
}

function Wide({ calls, shown, chosen, address, arrived, state }: CallTableProps) {
  const [, go] = useLocation();
  const visible = columns.filter((column) => shown.includes(column.id));
  return (
    <table className="t">
      <thead>
        <tr>
          <th className="fix" scope="col">
            Time
          </th>
          {visible.map((column) => (
            <th key={column.id} scope="col" className={cellClass(column)}>
              {column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {calls.map((call) => (
          <tr
            key={call.id}
            className={`to ${call.id === chosen ? "chosen" : ""} ${arrived?.has(call.id) ? "new" : ""}`}
            onClick={() => go(address(call.id), { state })}
          >
            <td className="fix">
              <Link
                className="cell"
                href={address(call.id)}
                state={state}
                aria-label={`Open the call of ${call.caller_display}`}
                onClick={(event) => event.stopPropagation()}
              >
                <At at={call.started_at} />
              </Link>
            </td>
            {visible.map((column) => (
              <td key={column.id} className={cellClass(column)}>
                {column.cell(call)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function cellClass(column: Column): string | undefined {
  return column.figures ? "num" : undefined;
}

function Narrow({ calls, chosen, address, arrived, state }: CallTableProps) {
  return (
    <ul className="rows">
      {calls.map((call) => (
        <li key={call.id} className={`${call.id === chosen ? "chosen" : ""} ${arrived?.has(call.id) ? "new" : ""}`}>
          <Link href={address(call.id)} state={state}>
            <span className="row between">
              <span className="med tel">{call.caller_display}</span>
              <CallBadge call={call} />
            </span>
            <span className="row between small">
              <span className="soft cut">
                <SourceCell call={call} />
              </span>
              {call.ambiguous ? (
                <span className="warn">
                  <Certainty share={call.probability} ambiguous word={false} />
                </span>
              ) : (
                <span>
                  <TalkTime call={call} />
                </span>
              )}
            </span>
            <span className="small dim">
              <At at={call.started_at} />
              {call.site ? `, ${call.site.name}` : ""}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
