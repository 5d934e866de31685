// Publishing a draft with what it changes, and the versions that were published, each a way back.

import { Button, Modal } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { words } from "../../../api/client";
import { plural } from "../../../base/figures";
import { Icon } from "../../../parts/Icon";
import { Badge } from "../../../parts/State";
import { Loaded } from "../../../parts/Waiting";
import { Ago } from "../../../parts/When";
import { changesBetween, type Change } from "./changes";
import type { FlowDocument } from "./document";
import { flowVersionsQuery, type Flow, type Version } from "./queries";
import { usedBy, type Finding } from "./words";

type PublishProps = {
  opened: boolean;
  close: () => void;
  flow: Flow;
  document: FlowDocument;
  findings: readonly Finding[];
  publish: () => Promise<unknown>;
};

export function PublishDialog({ opened, close, flow, document, findings, publish }: PublishProps) {
  const changes = changesBetween(flow.published?.document, document);
  const warnings = findings.filter((finding) => finding.severity !== "problem");
  const action = useMutation({ mutationFn: publish, onSuccess: close });
  const used = usedBy(flow.numbers.length, flow.sites.length);
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={flow.published ? `Publish version ${flow.published.version + 1}?` : "Publish the flow?"}
      size={560}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className="stack">
        <p className="soft">
          {used ? `Calls to ${used} run it from the next ring on.` : "Calls run it as soon as a number or a site uses it."}{" "}
          Calls in progress go on as they began.
        </p>
        {warnings.length > 0 && (
          <div className="note warn" role="note">
            <Icon name="warn" />
            <div className="grow">
              <div className="med">{plural(warnings.length, "warning")}, look before you publish</div>
              {warnings.map((finding) => (
                <div key={finding.node + finding.message} className="small soft">
                  {finding.node}: {finding.message}.
                </div>
              ))}
            </div>
          </div>
        )}
        <ChangeList changes={changes} none="Nothing changes for calls." />
        {action.isError && (
          <p className="bad" role="alert">
            {words(action.error)}
          </p>
        )}
        <div className="row">
          <Button
            variant="filled"
            loading={action.isPending}
            disabled={changes.length === 0}
            onClick={() => action.mutate()}
          >
            Publish now
          </Button>
          <Button variant="subtle" onClick={close}>
            Not yet
          </Button>
        </div>
      </div>
    </Modal>
  );
}

const sorts: Record<Change["sort"], string> = { start: "Start", added: "New", changed: "Changed", removed: "Removed" };

/** What differs, step by step. */
export function ChangeList({ changes, none }: { changes: readonly Change[]; none: string }) {
  if (changes.length === 0) return <p className="small dim">{none}</p>;
  return (
    <ul className="changes" aria-label="What changes">
      {changes.map((change) => (
        <li key={`${change.sort} ${change.name}`}>
          <span className={`change-sort small ${change.sort}`}>{sorts[change.sort]}</span>
          <span className="grow">
            <span className="med block">{change.name}</span>
            {change.words.map((each) => (
              <span key={each} className="small soft block break">
                {each}
              </span>
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}

type VersionsProps = {
  opened: boolean;
  close: () => void;
  flow: Flow;
  editable: boolean;
  restore: (version: number) => Promise<unknown>;
};

export function VersionsDialog({ opened, close, flow, editable, restore }: VersionsProps) {
  const versions = useQuery({ ...flowVersionsQuery(flow.id), enabled: opened });
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Versions"
      size={600}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Loaded query={versions} rows={3} title="The versions did not arrive">
        {(items) =>
          items.length === 0 ? (
            <p className="soft">Nothing was published yet. Each publication is kept here, and can be gone back to.</p>
          ) : (
            <ul className="versions">
              {items.map((version, i) => (
                <One
                  key={version.version}
                  version={version}
                  before={items[i + 1]}
                  live={version.version === flow.published?.version}
                  now={flow.published?.document}
                  editable={editable}
                  restore={() => restore(version.version)}
                  done={close}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Modal>
  );
}

type OneProps = {
  version: Version;
  before: Version | undefined;
  live: boolean;
  now: FlowDocument | undefined;
  editable: boolean;
  restore: () => Promise<unknown>;
  done: () => void;
};

function One({ version, before, live, now, editable, restore, done }: OneProps) {
  const [asking, setAsking] = useState(false);
  const action = useMutation({ mutationFn: restore, onSuccess: done });
  const changes = changesBetween(before?.document, version.document);
  const summary = before ? counts(changes) : `${plural(Object.keys(version.document.nodes).length, "step")}`;
  return (
    <li>
      <div className="row">
        <span className="med">Version {version.version}</span>
        {live && <Badge tone="live">live</Badge>}
        <span className="small dim">
          <Ago at={version.published_at} />
          {version.published_by ? "" : ", by an API key"}
        </span>
        <span className="grow" />
        {!live && editable && !asking && (
          <Button size="xs" onClick={() => setAsking(true)}>
            Roll back
          </Button>
        )}
      </div>
      <details>
        <summary className="small soft">{summary || "No change for calls"}</summary>
        <ChangeList changes={changes} none="Nothing changed for calls." />
      </details>
      {asking && (
        <div className="stack close roll-back">
          <p className="small soft">
            Publishes version {version.version} again as the newest; the draft becomes the same. What it changes:
          </p>
          <ChangeList changes={changesBetween(now, version.document)} none="Nothing changes for calls." />
          {action.isError && (
            <p className="small bad" role="alert">
              {words(action.error)}
            </p>
          )}
          <div className="row">
            <Button size="xs" className="danger" loading={action.isPending} onClick={() => action.mutate()}>
              Roll back to version {version.version}
            </Button>
            <Button size="xs" variant="subtle" onClick={() => setAsking(false)}>
              Keep what is live
            </Button>
          </div>
        </div>
      )}
    </li>
  );
}

/** "1 new, 2 changed" */
function counts(changes: readonly Change[]): string {
  const of = (sort: Change["sort"]) => changes.filter((change) => change.sort === sort).length;
  const parts = [
    of("added") && `${of("added")} new`,
    of("changed") && `${of("changed")} changed`,
    of("removed") && `${of("removed")} removed`,
    of("start") && "another start",
  ];
  return parts.filter(Boolean).join(", ");
}
