// In the drawer of a call: why this buyer, for a call that a campaign offered.

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { callOpportunitiesQuery, opportunityQuery } from "./queries";
import { Trace } from "./Trace";

export function CallTrace({ call }: { call: string }) {
  const found = useQuery(callOpportunitiesQuery(call));
  // A call that went through two campaigns has two; the last one decided.
  const last = found.data?.at(-1);
  const detail = useQuery(opportunityQuery(last?.id));
  if (!last || !detail.data) return null;
  return (
    <div className="stack close">
      <Trace lines={detail.data.trace} currency={detail.data.currency} />
      <p className="small">
        <Link href={`/opportunities/${last.id}`}>Open what became of it, with its attempts</Link>
      </p>
    </div>
  );
}
