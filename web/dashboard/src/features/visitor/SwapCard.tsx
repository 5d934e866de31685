// How a site's numbers are swapped: what is published, the draft beside it, and the versions to go back to.

import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take, words } from "../../api/client";
import { Card } from "../../parts/Card";
import { Loaded } from "../../parts/Waiting";
import { At } from "../../parts/When";
import { SwapForm } from "./SwapForm";
import { leaseTimes, swapModes, swapParts } from "./words";

type Site = Schema<"Site">;
const named = (list: { value: string; label: string }[], value: string) =>
  list.find((one) => one.value === value)?.label.toLowerCase() ?? value;

export function SwapCard({ site, mayWrite }: { site: Site; mayWrite: boolean }) {
  const [editing, editingIs] = useDisclosure(false);
  const [looking, lookingIs] = useDisclosure(false);
  const { swap } = site;
  const parts = swapParts(swap);
  return (
    <Card
      title="How numbers are swapped"
      lined
      right={
        mayWrite && (
          <>
            <Button size="xs" variant="subtle" onClick={lookingIs.open}>
              Versions
            </Button>
            <Button size="xs" variant="subtle" onClick={editingIs.open}>
              {site.draft ? "Change the draft" : "Change settings"}
            </Button>
          </>
        )
      }
    >
      {site.draft && mayWrite && <Draft site={site} />}
      <dl className="facts pad">
        <dt>Which numbers</dt>
        <dd>{named(swapModes, swap.mode)}</dd>
        <dt>A visitor gets a number</dt>
        <dd>{named(leaseTimes, swap.lease_on)}</dd>
        <dt>Also swapped</dt>
        <dd>{parts.length ? parts.join(", ") : "nothing more"}</dd>
        <dt>Left alone</dt>
        <dd>{[...swap.excluded_selectors, ...swap.excluded_numbers].join(", ") || "fields, code and editable text"}</dd>
      </dl>
      <Modal opened={editing} onClose={editingIs.close} title="How numbers are swapped" size={640} closeButtonProps={{ "aria-label": "Close" }}>
        <SwapForm site={site} done={editingIs.close} cancel={editingIs.close} />
      </Modal>
      <Modal opened={looking} onClose={lookingIs.close} title="Published versions" size={560} closeButtonProps={{ "aria-label": "Close" }}>
        <Versions site={site} />
      </Modal>
    </Card>
  );
}

/** Changes that visitors do not see yet. */
function Draft({ site }: { site: Site }) {
  const queries = useQueryClient();
  const path = { params: { path: { id: site.id } } };
  const refresh = () => void queries.invalidateQueries({ queryKey: ["site", site.id] });
  const publish = useMutation({ mutationFn: () => take(api.POST("/api/v1/sites/{id}/publish", path)), onSuccess: refresh });
  const discard = useMutation({ mutationFn: () => take(api.DELETE("/api/v1/sites/{id}/draft", path)), onSuccess: refresh });
  const link = useMutation({
    mutationFn: () => take(api.POST("/api/v1/sites/{id}/preview-link", { ...path, body: {} })),
  });
  const failed = publish.error ?? discard.error ?? link.error;
  return (
    <div className="pad stack" style={{ borderBottom: "1px solid var(--line)" }}>
      <p>There is a draft. Visitors see it once it is published.</p>
      <div className="actions">
        <Button size="xs" variant="filled" loading={publish.isPending} onClick={() => publish.mutate()}>
          Publish
        </Button>
        <Button size="xs" loading={link.isPending} onClick={() => link.mutate()}>
          Preview on the site
        </Button>
        <Button size="xs" variant="subtle" loading={discard.isPending} onClick={() => discard.mutate()}>
          Discard
        </Button>
      </div>
      {link.data && (
        <p className="small">
          <a href={link.data.url} target="_blank" rel="noreferrer">
            Open the preview
          </a>{" "}
          <span className="soft">works for an hour, and only in the browser that opens it</span>
        </p>
      )}
      {failed && (
        <p className="small bad" role="alert">
          {words(failed)}
        </p>
      )}
    </div>
  );
}

function Versions({ site }: { site: Site }) {
  const queries = useQueryClient();
  const params = { path: { id: site.id } };
  const versions = useQuery({
    queryKey: ["versions", site.id, site.config_version],
    queryFn: () => take(api.GET("/api/v1/sites/{id}/versions", { params })),
  });
  const restore = useMutation({
    mutationFn: (version: number) =>
      take(api.POST("/api/v1/sites/{id}/versions/{version}/restore", { params: { path: { id: site.id, version } } })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["site", site.id] }),
  });
  return (
    <Loaded query={versions} rows={3} title="The versions did not arrive">
      {(data) => (
        <div className="stack">
          <ul className="rows">
            {data.items.map((one, i) => (
              <li key={one.version}>
                <div className="row between">
                  <span className="cut">
                    <span className="med">Version {one.version}</span>{" "}
                    <span className="soft">
                      <At at={one.published_at} />, {one.content.targets.length} numbers, {named(swapModes, one.content.swap.mode)}
                    </span>
                  </span>
                  {i === 0 ? (
                    <span className="soft">published</span>
                  ) : (
                    <Button size="xs" loading={restore.isPending} onClick={() => restore.mutate(one.version)}>
                      Publish again
                    </Button>
                  )}
                </div>
              </li>
            ))}
          </ul>
          {restore.isError && (
            <p className="small bad" role="alert">
              {words(restore.error)}
            </p>
          )}
        </div>
      )}
    </Loaded>
  );
}
