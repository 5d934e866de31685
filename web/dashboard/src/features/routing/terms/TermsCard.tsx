// What something says, in force and to come, with its versions and the way back to each.

import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, take, words } from "../../../api/client";
import { Card } from "../../../parts/Card";
import { Icon } from "../../../parts/Icon";
import { Badge } from "../../../parts/State";
import { Empty, Loaded } from "../../../parts/Waiting";
import { At } from "../../../parts/When";
import { useMay } from "../../access/session";
import type { FeedDocument, Layer } from "../documents";
import { at, useCurrency, useListNames, useRefresh, versionsQuery, type Terms, type Version } from "../queries";
import { FeedTermsForm, feedProblem } from "./FeedTermsForm";
import { LayerForm, layerProblem, type LevelKind } from "./LayerForm";
import { SaveTerms } from "./SaveTerms";
import { feedRows, layerRows, type Row } from "./rows";

type LayerCardProps = {
  level: LevelKind;
  name: string;
  terms: Terms<Layer>;
  /** The trade of the campaign, for filters to begin with. */
  vertical?: string | null;
};

/** The terms of one level of contracts. */
export function LayerCard({ level, name, terms, vertical }: LayerCardProps) {
  const rows = useRows(layerRows);
  return (
    <TermsCard
      title={level === "contract" ? "Terms of this contract" : `Terms of this ${level}`}
      terms={terms}
      rows={rows}
      nothing={`Nothing is said here yet: what holds comes from the levels ${level === "account" ? "below" : "before"}, or is the usual.`}
    >
      {(opened, close) => (
        <SaveTerms
          title={name ? `Terms of ${name}` : "Terms of the account"}
          terms={terms}
          opened={opened}
          close={close}
          empty={{}}
          check={layerProblem}
        >
          {(document, set) => <LayerForm level={level} document={document} set={set} vertical={vertical} />}
        </SaveTerms>
      )}
    </TermsCard>
  );
}

/** The terms of a feed. */
export function FeedCard({ name, terms }: { name: string; terms: Terms<FeedDocument> }) {
  const rows = useRows(feedRows);
  return (
    <TermsCard title="Terms of this feed" terms={terms} rows={rows} nothing="Nothing is said here yet: everything is taken, and nothing is paid.">
      {(opened, close) => (
        <SaveTerms title={`Terms of ${name}`} terms={terms} opened={opened} close={close} empty={{}} check={feedProblem}>
          {(document, set) => <FeedTermsForm document={document} set={set} />}
        </SaveTerms>
      )}
    </TermsCard>
  );
}

function useRows<D>(make: (document: D, currency: string, lists: ReadonlyMap<string, string>) => Row[]) {
  const currency = useCurrency();
  const lists = useListNames();
  return (document: D) => make(document, currency, lists);
}

type CardProps<D> = {
  title: string;
  terms: Terms<D>;
  rows: (document: D) => Row[];
  nothing: string;
  children: (opened: boolean, close: () => void) => ReactNode;
};

function TermsCard<D>({ title, terms, rows, nothing, children }: CardProps<D>) {
  const [editing, editingIs] = useDisclosure(false);
  const may = useMay();
  const live = terms.live;
  const shown = live ? rows(live.document) : [];
  return (
    <>
      <Card
        title={title}
        lined
        right={
          <>
            <VersionsButton terms={terms} rows={rows} />
            {may.write && (
              <Button size="xs" onClick={editingIs.open}>
                Change terms
              </Button>
            )}
          </>
        }
      >
        {terms.staged && <Staged id={terms.id} staged={terms.staged} rows={rows} />}
        {shown.length ? (
          <RowsOf rows={shown} />
        ) : (
          <p className="pad dim">{nothing}</p>
        )}
      </Card>
      {children(editing, editingIs.close)}
    </>
  );
}

export function RowsOf({ rows }: { rows: Row[] }) {
  return (
    <dl className="says">
      {rows.map((row, i) => (
        <div key={i}>
          <dt>{row.name}</dt>
          <dd>{row.value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Staged<D>({ id, staged, rows }: { id: string; staged: Version<D>; rows: (document: D) => Row[] }) {
  const refresh = useRefresh();
  const may = useMay();
  const [opened, openedIs] = useDisclosure(false);
  const giving = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/terms/{id}/staged", { params: at(id) })),
    onSuccess: refresh,
  });
  return (
    <>
      <div className="note staged" role="note">
        <Icon name="clock" />
        <div className="grow">
          <div className="med">
            Version {staged.version} takes over <At at={staged.live_at} />
          </div>
          {giving.isError && <div className="small bad">{words(giving.error)}</div>}
        </div>
        <Button size="xs" onClick={openedIs.open}>
          See it
        </Button>
        {may.write && (
          <Button size="xs" variant="subtle" loading={giving.isPending} onClick={() => giving.mutate()}>
            Give it up
          </Button>
        )}
      </div>
      <Modal
        opened={opened}
        onClose={openedIs.close}
        title={`Version ${staged.version}, to come`}
        size={640}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <RowsOf rows={rows(staged.document)} />
      </Modal>
    </>
  );
}

const states: Record<string, { tone: "ok" | "live" | "off"; word: string }> = {
  live: { tone: "ok", word: "In force" },
  staged: { tone: "live", word: "To come" },
  past: { tone: "off", word: "Past" },
  withdrawn: { tone: "off", word: "Given up" },
};

/** The versions of something, and the way back to each. */
export function VersionsButton<D>({ terms, rows }: { terms: Terms<D>; rows: (document: D) => Row[] }) {
  const [opened, openedIs] = useDisclosure(false);
  if (terms.newest === 0) return null;
  return (
    <>
      <Button size="xs" variant="subtle" onClick={openedIs.open}>
        Version {terms.live?.version ?? terms.newest}
      </Button>
      <Modal opened={opened} onClose={openedIs.close} title="Versions" size={640} closeButtonProps={{ "aria-label": "Close" }}>
        {opened && <Versions terms={terms} rows={rows} close={openedIs.close} />}
      </Modal>
    </>
  );
}

function Versions<D>({ terms, rows, close }: { terms: Terms<D>; rows: (document: D) => Row[]; close: () => void }) {
  const versions = useQuery(versionsQuery<D>(terms.id));
  const refresh = useRefresh();
  const may = useMay();
  const restoring = useMutation({
    mutationFn: (version: number) =>
      take(
        api.POST("/api/v1/terms/{id}/versions/{version}/restore", {
          params: { path: { id: terms.id, version } },
          body: { seen: terms.newest },
        }),
      ),
    onSuccess: async () => {
      await refresh();
      close();
    },
  });
  return (
    <div className="stack close">
      {restoring.isError && (
        <p className="bad" role="alert">
          {words(restoring.error)}
        </p>
      )}
      <Loaded query={versions} rows={4} title="The versions did not arrive">
        {(items) =>
          items.length === 0 ? (
            <Empty title="No versions yet">Each change is kept here, with the way back.</Empty>
          ) : (
            <ul className="rows">
              {items.map((version) => {
                const state = states[version.state] ?? { tone: "off" as const, word: version.state };
                return (
                  <li key={version.version}>
                    <div>
                      <div className="row wrap">
                        <span className="med">Version {version.version}</span>
                        <Badge tone={state.tone}>{state.word}</Badge>
                        <span className="small dim">
                          since <At at={version.live_at} />
                          {version.restores ? `, from version ${version.restores}` : ""}
                          {version.made_by ? "" : ", by a key"}
                        </span>
                        <span className="grow" />
                        {may.write && version.state === "past" && (
                          <Button
                            size="xs"
                            loading={restoring.isPending && restoring.variables === version.version}
                            onClick={() => restoring.mutate(version.version)}
                          >
                            Go back to it
                          </Button>
                        )}
                      </div>
                      <p className="small soft version-words">
                        {rows(version.document)
                          .map((row) => `${row.name}: ${row.value}`)
                          .join(" · ") || "Says nothing"}
                      </p>
                    </div>
                  </li>
                );
              })}
            </ul>
          )
        }
      </Loaded>
    </div>
  );
}
