// How a site's sources are named: the owner's own rules, and past visits renamed after a change.

import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { Schema } from "@trunkline/api-client";
import { Card } from "../../parts/Card";
import { RenamePast } from "./Replay";
import { SourceRulesForm } from "./SourceRulesForm";
import { ruleTest } from "./words";

export function SourcesCard({ site, mayWrite }: { site: Schema<"Site">; mayWrite: boolean }) {
  const [editing, editingIs] = useDisclosure(false);
  const [renaming, renamingIs] = useDisclosure(false);
  const rules = site.source_rules;
  const own = rules.own.length > 0;
  return (
    <Card
      title="Sources"
      lined
      right={
        mayWrite && (
          <>
            <Button size="xs" variant="subtle" onClick={renamingIs.open}>
              Rename past visits
            </Button>
            <Button size="xs" variant="subtle" onClick={editingIs.open}>
              Change rules
            </Button>
          </>
        )
      }
    >
      {own && (
        <ul className="rows">
          {rules.own.map((rule) => (
            <li key={rule.name}>
              <div className="row between">
                <span className="cut">
                  <span className="med">{rule.name}</span> <span className="soft">{ruleTest(rule)}</span>
                </span>
                <span className="soft cut">
                  {rule.source} / {rule.medium}
                </span>
              </div>
            </li>
          ))}
        </ul>
      )}
      <dl className="facts pad" style={own ? { borderTop: "1px solid var(--line)" } : undefined}>
        {!own && (
          <>
            <dt>Rules of your own</dt>
            <dd>none</dd>
          </>
        )}
        <dt>A link with a click identifier and tags</dt>
        <dd>{rules.tags_first ? "the tags decide" : "the click identifier decides"}</dd>
        <dt>Hosts that are no source</dt>
        <dd>{["payment and sign-in pages", ...rules.ignored].join(", ")}</dd>
      </dl>
      <Modal
        opened={editing}
        onClose={editingIs.close}
        title={`Sources of ${site.name}`}
        size={880}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <SourceRulesForm
          site={site}
          done={() => {
            editingIs.close();
            renamingIs.open();
          }}
          cancel={editingIs.close}
        />
      </Modal>
      <Modal
        opened={renaming}
        onClose={renamingIs.close}
        title="Rename past visits by the rules of now?"
        size={640}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <RenamePast site={site} close={renamingIs.close} />
      </Modal>
    </Card>
  );
}
