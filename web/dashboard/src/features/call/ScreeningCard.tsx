// Why screening stopped a call or let it through: what decided, and each sign with its points.

import { Link } from "wouter";
import { Card } from "../../parts/Card";
import { StateWord } from "../../parts/State";
import { points, verdictStatus } from "./screening";
import type { CallDetail } from "./words";

export function ScreeningCard({ call }: { call: CallDetail }) {
  const { screening } = call;
  if (!screening) return null;
  const status = verdictStatus(screening.verdict, call.result);
  return (
    <Card
      title="Screening"
      level={3}
      lined
      right={<StateWord tone={status.tone}>{status.word}</StateWord>}
    >
      <div className="pad">
        <p className="med">{screening.why}</p>
        {screening.status && (
          <p className="small soft">
            The carrier was told SIP {screening.status}. The call was not answered, costs nothing and is in no report.
          </p>
        )}
      </div>
      {screening.reasons.length > 0 && (
        <ul className="rows">
          {screening.reasons.map((reason) => (
            <li key={reason.kind}>
              <div className="row between">
                <span>{reason.words}</span>
                <span className="num med">{points(reason.points)}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
      <p className="pad small dim">
        <Link href="/settings/screening">Rules and lists</Link>
      </p>
    </Card>
  );
}
