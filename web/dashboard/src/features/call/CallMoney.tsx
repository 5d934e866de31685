// In the drawer of a call: what its minutes cost, leg by leg, and what is left of what it was sold for.

import { useQuery } from "@tanstack/react-query";
import { decimalsOf, money } from "../../base/figures";
import { minutesSeconds } from "../../base/time";
import { Card } from "../../parts/Card";
import { callOpportunitiesQuery, opportunityQuery } from "../routing/queries";
import type { CallDetail } from "./words";

export function CallMoney({ call }: { call: CallDetail }) {
  const found = useQuery(callOpportunitiesQuery(call.id));
  // Of several opportunities of a call, the one that sold it has its money.
  const sold = found.data?.find((each) => each.state === "sold");
  const one = useQuery(opportunityQuery(sold?.id)).data;
  const { cost } = call;
  if (!cost && !one) return null;
  const legs = cost?.legs ?? [];
  const decimals = decimalsOf([
    one?.revenue_micros,
    one?.payout_micros,
    one?.profit_micros,
    cost?.micros,
    ...legs.map((leg) => leg.micros),
  ]);
  const amount = (micros: number, currency: string) => money(micros, currency, decimals);
  return (
    <Card title="Money" level={3} lined>
      <dl className="facts pad">
        {one && (
          <>
            <dt>Revenue</dt>
            <dd className="tel">{one.revenue_micros == null ? "—" : amount(one.revenue_micros, one.currency)}</dd>
            <dt>Payout</dt>
            <dd className="tel">{one.payout_micros == null ? "—" : amount(one.payout_micros, one.currency)}</dd>
          </>
        )}
        <dt>Minutes</dt>
        <dd className="tel">{cost ? amount(cost.micros, cost.currency) : "not known"}</dd>
        {one && (
          <>
            <dt>Profit</dt>
            <dd className="tel med">{one.profit_micros == null ? "—" : amount(one.profit_micros, one.currency)}</dd>
          </>
        )}
      </dl>
      {cost && cost.legs.length > 0 && (
        <ul className="rows" aria-label="What each leg cost">
          {cost.legs.map((leg, at) => (
            <li key={at}>
              <div className="row between">
                <span className="two">
                  <span className="med tel">{leg.to_display ?? "Caller"}</span>
                  <span className="small dim">
                    {leg.trunk_name}, {minutesSeconds(leg.connected_ms / 1_000)}
                  </span>
                </span>
                <span className="tel">{leg.micros == null ? "not known" : amount(leg.micros, cost.currency)}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
      {cost && !cost.whole && (
        <p className="pad small soft">A leg without a rate is not in it. The operator writes rates on the page of its trunk.</p>
      )}
    </Card>
  );
}
