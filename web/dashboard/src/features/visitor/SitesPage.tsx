// Sites: where the snippet runs, when it was last seen, and how to add one.

import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import type { Schema } from "@trunkline/api-client";
import { sitesQuery } from "../../api/lists";
import { path, plural } from "../../base/figures";
import { Icon } from "../../parts/Icon";
import { Scroll } from "../../parts/Scroll";
import { StateWord } from "../../parts/State";
import { Empty, Loaded } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { Page } from "../../shell/Page";
import { useMay } from "../access/session";
import { SiteForm } from "./SiteForm";

type Site = Schema<"Site">;

export default function SitesPage() {
  const [, go] = useLocation();
  const [adding, addingIs] = useDisclosure(false);
  const may = useMay();
  const sites = useQuery(sitesQuery());
  const add = (
    <Button size="xs" variant="filled" leftSection={<Icon name="plus" size={14} />} onClick={addingIs.open}>
      Add site
    </Button>
  );
  return (
    <Page title="Sites" actions={sites.data?.length && may.write ? add : undefined}>
      <section className="card" aria-label="Sites">
        <Loaded query={sites} title="The sites did not arrive">
          {(items) =>
            items.length ? (
              <List sites={items} />
            ) : (
              <Empty
                title="No sites yet"
                action={
                  may.write && (
                    <Button variant="filled" onClick={addingIs.open}>
                      Add the first site
                    </Button>
                  )
                }
              >
                A site is where your visitors see the number. Add it, paste one block into its pages, and every visit is
                known.
              </Empty>
            )
          }
        </Loaded>
      </section>
      <Modal
        opened={adding}
        onClose={addingIs.close}
        title="Add a site"
        size={640}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <SiteForm done={(site) => go(`/sites/${site.id}`)} cancel={addingIs.close} />
      </Modal>
    </Page>
  );
}

function List({ sites }: { sites: Site[] }) {
  const [, go] = useLocation();
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Site
              </th>
              <th scope="col">Hosts</th>
              <th scope="col">Numbers to swap</th>
              <th scope="col">Last page seen</th>
              <th scope="col">Snippet</th>
            </tr>
          </thead>
          <tbody>
            {sites.map((site) => (
              <tr key={site.id} className="to" onClick={() => go(`/sites/${site.id}`)}>
                <td className="fix">
                  <Link className="cell med" href={`/sites/${site.id}`}>
                    {site.name}
                  </Link>
                </td>
                <td className="soft">{hostWords(site)}</td>
                <td className="tel">
                  {site.targets[0]?.number_display}
                  {site.targets.length > 1 && <span className="dim"> and {site.targets.length - 1} more</span>}
                </td>
                <td>
                  {site.last_seen ? (
                    <>
                      {path(site.last_seen.page)} <span className="dim">{plural(site.last_seen.swaps, "swap")}</span>
                    </>
                  ) : (
                    <span className="dim">none yet</span>
                  )}
                </td>
                <td>
                  <Seen site={site} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {sites.map((site) => (
          <li key={site.id}>
            <Link href={`/sites/${site.id}`}>
              <span className="row between">
                <span className="med cut">{site.name}</span>
                <span className="small">
                  <Seen site={site} />
                </span>
              </span>
              <span className="small dim cut block">
                {hostWords(site)}, {site.targets[0]?.number_display}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function hostWords(site: Site): string {
  const [first = "", ...more] = site.hosts;
  return more.length ? `${first} and ${more.length} more` : first;
}

function Seen({ site }: { site: Site }) {
  const seen = site.last_seen;
  if (!seen)
    return (
      <StateWord tone="off">
        <span className="soft">never seen</span>
      </StateWord>
    );
  if (seen.config_version < site.config_version)
    return (
      <StateWord tone="warn">
        old block, seen <Ago at={seen.at} />
      </StateWord>
    );
  return (
    <StateWord tone={seen.swaps ? "ok" : "warn"}>
      seen <Ago at={seen.at} />
    </StateWord>
  );
}
