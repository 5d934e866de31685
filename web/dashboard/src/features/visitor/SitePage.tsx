// One site: the block to paste, the numbers to swap, and the live check beside them.

import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { api, Refused, take } from "../../api/client";
import { zoneName } from "../../base/time";
import { Card } from "../../parts/Card";
import { Confirm } from "../../parts/Confirm";
import { Icon } from "../../parts/Icon";
import { Empty, Loaded } from "../../parts/Waiting";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { CheckCard } from "../attribution/CheckCard";
import { ReliabilityCard } from "../attribution/ReliabilityCard";
import { LiveCheck, useWatchedSite } from "./LiveCheck";
import { PageTest } from "./PageTest";
import { SiteForm } from "./SiteForm";
import { SnippetCard } from "./SnippetCard";
import { SourcesCard } from "./SourcesCard";
import { SwapCard } from "./SwapCard";

const above = { name: "Sites", path: "/sites" };

export default function SitePage({ id }: { id: string }) {
  const [editing, editingIs] = useDisclosure(false);
  const may = useMay();
  const site = useWatchedSite(id);
  const missing = site.error instanceof Refused && site.error.status === 404;
  const edit = (
    <Button size="xs" leftSection={<Icon name="edit" size={14} />} onClick={editingIs.open}>
      Change
    </Button>
  );
  if (missing) {
    return (
      <Page title="No such site" above={above}>
        <Empty title="There is no such site here">It was deleted, or belongs to another account.</Empty>
      </Page>
    );
  }
  return (
    <Page title={site.data?.name ?? "Site"} above={above} actions={site.data && may.write && edit}>
      <Loaded query={site} title="The site did not arrive">
        {(data) => (
          <div className="two-col">
            <div className="stack">
              <SnippetCard site={data} />
              <Facts site={data} change={may.write ? editingIs.open : undefined} />
              <SwapCard site={data} mayWrite={may.write} />
              {may.write && <PageTest site={data} />}
              <SourcesCard site={data} mayWrite={may.write} />
              <ReliabilityCard site={data} mayWrite={may.write} />
              <CheckCard site={data.id} />
              {may.write && <Danger site={data} />}
            </div>
            <LiveCheck site={data} />
            <Modal
              opened={editing}
              onClose={editingIs.close}
              title={`Change ${data.name}`}
              size={640}
              closeButtonProps={{ "aria-label": "Close" }}
            >
              <SiteForm site={data} done={editingIs.close} cancel={editingIs.close} />
            </Modal>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Facts({ site, change }: { site: Schema<"Site">; change: (() => void) | undefined }) {
  return (
    <Card
      title="Numbers to swap"
      lined
      right={
        change && (
          <Button size="xs" variant="subtle" onClick={change}>
            Add a number
          </Button>
        )
      }
    >
      <ul className="rows">
        {site.targets.map((target) => (
          <li key={target.id}>
            <div className="row between">
              <span className="med tel">{target.number_display}</span>
              <span className="soft cut">{target.label}, in every way of writing it</span>
            </div>
          </li>
        ))}
      </ul>
      <dl className="facts pad" style={{ borderTop: "1px solid var(--line)" }}>
        <dt>Hosts</dt>
        <dd>
          {site.hosts.map((host) => (
            <span key={host} className="block">
              {host}
            </span>
          ))}
        </dd>
        <dt>Time zone</dt>
        <dd title={site.zone}>{zoneName(site.zone)}</dd>
        <dt>When a source has its own number</dt>
        <dd>{site.source_numbers_win ? "show that one" : "a pool number wins"}</dd>
        <dt>Call flow</dt>
        <dd>
          {site.flow ? <Link href={`/flows/${site.flow.id}`}>{site.flow.name}</Link> : "none, the business line is rung"}
        </dd>
      </dl>
    </Card>
  );
}

function Danger({ site }: { site: Schema<"Site"> }) {
  const [, go] = useLocation();
  const queries = useQueryClient();
  const [asking, askingIs] = useDisclosure(false);
  return (
    <div>
      <Button className="danger" size="xs" leftSection={<Icon name="trash" size={14} />} onClick={askingIs.open}>
        Delete this site
      </Button>
      <Confirm
        opened={asking}
        close={askingIs.close}
        title={`Delete ${site.name}?`}
        act="Delete the site"
        run={() => take(api.DELETE("/api/v1/sites/{id}", { params: { path: { id: site.id } } }))}
        done={() => {
          void queries.invalidateQueries({ queryKey: ["sites"] });
          go("/sites");
        }}
      >
        Its pages show their original numbers from then on. A site that still has numbers or a pool cannot be deleted.
      </Confirm>
    </div>
  );
}
