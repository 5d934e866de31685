// One trunk: how it is, what is entered at its carrier when calls come by webhook, what its minutes cost, and the account
// that numbers are bought with.

import { useQuery } from "@tanstack/react-query";
import { trunksQuery } from "../../api/lists";
import { Card } from "../../parts/Card";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { CarrierCard } from "./CarrierCard";
import { RatesCard } from "./RatesCard";
import { TrunkState } from "./TrunkState";
import { comesFrom, goesTo, type Trunk, transportOf, withPort } from "./trunk";
import { WebhookCard } from "./WebhookCard";

const above = { name: "Trunks", path: "/trunks" };
const REFRESH_MS = 10_000;

export default function TrunkPage({ id }: { id: string }) {
  const trunks = useQuery({ ...trunksQuery(), refetchInterval: REFRESH_MS });
  const trunk = trunks.data?.find((each) => each.id === id);
  if (trunks.data && !trunk) {
    return (
      <Page title="No such trunk" above={above}>
        <Empty title="There is no such trunk here">It was deleted, or serves another account.</Empty>
      </Page>
    );
  }
  return (
    <Page title={trunk?.name ?? "Trunk"} above={above}>
      <Loaded query={trunks} title="The trunk did not arrive">
        {() => trunk && <Inside trunk={trunk} />}
      </Loaded>
    </Page>
  );
}

function Inside({ trunk }: { trunk: Trunk }) {
  const may = useMay();
  const bySip = trunk.dials || trunk.kind === "registered" || (trunk.addresses ?? []).length > 0;
  const sip = (
    <Card title="Over SIP" lined>
      <div className="pad">
        <TrunkState trunk={trunk} />
      </div>
      <dl className="facts pad" style={{ borderTop: "1px solid var(--line)" }}>
        <dt>Calls come from</dt>
        <dd>{comesFrom(trunk)}</dd>
        <dt>Calls go out to</dt>
        <dd>
          {goesTo(trunk)} {transportOf(trunk)}
        </dd>
        {trunk.kind === "registered" && (
          <>
            <dt>Registers as</dt>
            <dd>{trunk.user}</dd>
            <dt>At the registrar</dt>
            <dd>{withPort(trunk.registrar || `${trunk.host}:${trunk.port ?? ""}`.replace(/:$/, ""), trunk.transport)}</dd>
            {trunk.proxy && (
              <>
                <dt>By the proxy</dt>
                <dd>{withPort(trunk.proxy, trunk.transport)}</dd>
              </>
            )}
          </>
        )}
        <dt>Used by</dt>
        <dd>{trunk.shared ? "all accounts" : "this account"}</dd>
      </dl>
    </Card>
  );
  const hook = trunk.kind ? (
    <WebhookCard trunk={trunk} />
  ) : (
    <Card title="Calls by webhook" lined>
      <Empty title="Set up by the operator">All accounts share this trunk; how it is set up the operator sees.</Empty>
    </Card>
  );
  // The way its calls come now stands first.
  return (
    <div className="two-col">
      <div className="stack">
        {bySip && sip}
        {hook}
        {!bySip && sip}
        {trunk.kind && <RatesCard trunk={trunk} />}
      </div>
      {may.operate && <CarrierCard trunk={trunk} />}
    </div>
  );
}
