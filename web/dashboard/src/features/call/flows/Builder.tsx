// The flow builder: palette, drawing or list, side panel and test caller around one draft.

import { Button, Drawer, Menu, SegmentedControl } from "@mantine/core";
import { useDisclosure, useHotkeys, useMediaQuery } from "@mantine/hooks";
import { ReactFlowProvider } from "@xyflow/react";
import { useMemo, useState } from "react";
import { words } from "../../../api/client";
import { plural } from "../../../base/figures";
import { Confirm } from "../../../parts/Confirm";
import { Icon } from "../../../parts/Icon";
import { Badge, StateWord } from "../../../parts/State";
import { useStored } from "../../../parts/stored";
import { Page } from "../../../shell/Page";
import { scrim } from "../../../theme/theme";
import { useMay } from "../../access/session";
import { Canvas } from "./Canvas";
import { changesBetween } from "./changes";
import * as edit from "./document";
import type { FlowNode, Kind, Place } from "./document";
import { Inspector } from "./Inspector";
import { layout, placeAfter, placesOf } from "./layout";
import { Outline } from "./Outline";
import { Overview } from "./Overview";
import { PublishDialog, VersionsDialog } from "./Publishing";
import { outcomesOf, templateOf, type Flow } from "./queries";
import { Steps } from "./Steps";
import { stepIcon } from "./stepIcon";
import { TestCaller } from "./TestCaller";
import { useDraft, type Draft } from "./useDraft";
import { noWalk, walkOf, type Try } from "./walk";
import { kindName, kinds as kindWords, palette, type NodeKind } from "./words";
import "./flow.css";

type BuilderProps = {
  flow: Flow;
  kinds: readonly NodeKind[];
  /** Begins anew with what the server holds. */
  reload: () => void;
};

type View = "drawing" | "list";

export function Builder({ flow, kinds, reload }: BuilderProps) {
  const editable = useMay().write && !flow.archived_at;
  const draft = useDraft(flow, editable);
  const { document, selected, findings } = draft;
  const narrow = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const [chosenView, setView] = useStored<View | null>("trunkline_flow_view", null);
  const view = chosenView ?? (narrow ? "list" : "drawing");
  const [publishing, publishingIs] = useDisclosure(false);
  const [versions, versionsAre] = useDisclosure(false);
  const [discarding, discardingIs] = useDisclosure(false);
  const [testing, testingIs] = useDisclosure(false);
  const [panel, panelIs] = useDisclosure(false);
  const [went, setWent] = useState<Try | null>(null);
  const [way, setWay] = useState<{ name: string; way: string } | null>(null);
  const [reveal, setReveal] = useState<{ name: string } | null>(null);
  const walk = useMemo(() => (went ? walkOf(document, went) : noWalk), [document, went]);
  const outcomes = useMemo(() => outcomesOf(kinds), [kinds]);
  const problems = findings.filter((finding) => finding.severity === "problem");
  const changes = useMemo(() => changesBetween(flow.published?.document, document), [flow.published, document]);
  const [one] = selected;
  const inspected = selected.length === 1 && one !== undefined && one in document.nodes ? one : null;

  const choose = (names: string[]) => {
    draft.select(names);
    setWay(null);
  };
  const show = (name: string) => {
    choose([name]);
    setReveal({ name });
    if (narrow) panelIs.open();
  };
  const add = (kind: Kind, place?: Place) => {
    const [next, name] = added(document, kinds, kind, inspected, place);
    draft.commit(next, { select: [name] });
    setWay(null);
    if (!place) setReveal({ name });
    if (narrow) panelIs.open();
  };
  const removeChosen = () => {
    if (way) {
      draft.commit(edit.setWay(document, way.name, way.way, ""));
      setWay(null);
    } else if (selected.length) draft.commit(edit.removeNodes(document, selected), { select: [] });
  };
  const duplicate = (names: readonly string[]) => {
    const [next, copies] = edit.duplicateNodes(edit.withPlaces(document, placesOf(document)), names);
    if (copies.length) draft.commit(next, { select: copies });
  };
  const onCanvas = view === "drawing";
  useHotkeys(
    editable
      ? [
          ["mod+Z", () => draft.undo?.()],
          ["mod+shift+Z", () => draft.redo?.()],
          ["mod+Y", () => draft.redo?.()],
          ["mod+D", () => duplicate(selected)],
          ["mod+S", () => void draft.saver.flush().catch(() => undefined)],
          ["Delete", removeChosen],
          ["Backspace", removeChosen],
          ["Escape", () => choose([])],
        ]
      : [["Escape", () => choose([])]],
  );
  // Saving by its key also works out of a field.
  useHotkeys(editable ? [["mod+S", () => void draft.saver.flush().catch(() => undefined)]] : [], []);

  const side = inspected ? (
    <Inspector
      name={inspected}
      document={document}
      findings={findings}
      outcomes={outcomes}
      kinds={kinds}
      editable={editable}
      set={(node: FlowNode, about) =>
        draft.commit(edit.withNode(document, inspected, node), { about: about && `${inspected} ${about}` })
      }
      link={(id, to) => draft.commit(edit.setWay(document, inspected, id, to))}
      rename={(wanted) => {
        const next = edit.renameNode(document, inspected, wanted);
        if (next !== document) draft.commit(next, { select: [wanted.trim()] });
      }}
      begin={() => draft.commit({ ...document, start: inspected })}
      duplicate={() => duplicate([inspected])}
      remove={() => draft.commit(edit.removeNodes(document, [inspected]), { select: [] })}
      close={() => {
        choose([]);
        panelIs.close();
      }}
    />
  ) : (
    <Overview
      flow={flow}
      name={draft.name}
      document={document}
      findings={findings}
      editable={editable}
      rename={draft.rename}
      begin={(start) => draft.commit({ ...document, start })}
      select={show}
      discard={flow.published && changes.length > 0 ? discardingIs.open : undefined}
    />
  );

  return (
    <Page
      title={draft.name}
      above={{ name: "Call flows", path: "/flows" }}
      bare
      beside={<Standing flow={flow} changes={changes.length} />}
      actions={
        <>
          {editable && <SaveWord draft={draft} />}
          <Button size="xs" className="wide-only" onClick={versionsAre.open}>
            Versions
          </Button>
          {editable && (
            <Button
              size="xs"
              variant="filled"
              disabled={problems.length > 0 || changes.length === 0}
              title={publishTitle(problems.length, changes.length)}
              onClick={publishingIs.open}
            >
              Publish
            </Button>
          )}
        </>
      }
    >
      <div className="flow">
        {editable && !narrow && <Steps kinds={kinds} add={add} />}
        <div className="flow-middle">
          {draft.saver.state === "conflict" && <Conflict draft={draft} reload={reload} />}
          {flow.archived_at && (
            <div className="note warn" role="note">
              <Icon name="warn" />
              <div className="grow">
                <div className="med">This flow is put away</div>
                <div className="small soft">Take it out again in the list of call flows to change it.</div>
              </div>
            </div>
          )}
          <div className="flow-bar">
            <SegmentedControl
              aria-label="How the flow is shown"
              value={view}
              onChange={(next) => setView(next as View)}
              data={[
                { value: "drawing", label: "Drawing" },
                { value: "list", label: "List" },
              ]}
            />
            {narrow && editable && <AddMenu add={add} />}
            {narrow && (
              <Button size="xs" onClick={panelIs.open}>
                {problems.length ? plural(problems.length, "problem") : "The flow"}
              </Button>
            )}
            <span className="grow" />
            {editable && (
              <Button
                size="xs"
                leftSection={<Icon name="calls" size={14} />}
                aria-expanded={testing}
                onClick={() => {
                  if (testing) setWent(null);
                  testingIs.toggle();
                }}
              >
                Test caller
              </Button>
            )}
          </div>
          <div className="flow-view">
            {onCanvas ? (
              <ReactFlowProvider>
                <Canvas
                  document={document}
                  findings={findings}
                  walk={walk}
                  numbers={flow.numbers.length}
                  sites={flow.sites.length}
                  selected={selected}
                  selectedWay={way}
                  reveal={reveal}
                  editable={editable}
                  select={(names) => {
                    choose(names);
                    if (narrow && names.length === 1) panelIs.open();
                  }}
                  selectWay={setWay}
                  connect={(name, id, to) => draft.commit(edit.setWay(document, name, id, to))}
                  begin={(start) => draft.commit({ ...document, start })}
                  place={(places) => draft.commit(edit.withPlaces(document, places))}
                  add={add}
                  tools={{
                    undo: draft.undo,
                    redo: draft.redo,
                    tidy: () => draft.commit(edit.withPlaces(document, layout(document))),
                  }}
                />
              </ReactFlowProvider>
            ) : (
              <Outline document={document} findings={findings} walk={walk} selected={selected} select={show} />
            )}
          </div>
          {testing && (
            <TestCaller
              flow={flow.id}
              document={document}
              went={setWent}
              select={show}
              close={() => {
                setWent(null);
                testingIs.close();
              }}
            />
          )}
        </div>
        {!narrow && <div className="flow-panel">{side}</div>}
      </div>
      {narrow && (
        <Drawer.Root opened={panel} onClose={panelIs.close} position="bottom" size="82%" transitionProps={{ duration: 120 }}>
          <Drawer.Overlay {...scrim} />
          <Drawer.Content aria-label={inspected ? `Step ${inspected}` : "The flow"}>{side}</Drawer.Content>
        </Drawer.Root>
      )}
      <PublishDialog
        opened={publishing}
        close={publishingIs.close}
        flow={flow}
        document={document}
        findings={findings}
        publish={draft.publish}
      />
      <VersionsDialog
        opened={versions}
        close={versionsAre.close}
        flow={flow}
        editable={editable}
        restore={draft.restore}
      />
      <Confirm
        opened={discarding}
        close={discardingIs.close}
        title="Discard the draft?"
        act="Discard the draft"
        run={async () => {
          if (flow.published) draft.commit(flow.published.document, { select: [] });
        }}
      >
        {plural(changes.length, "change")} since version {flow.published?.version} are taken back. Undo brings them again
        as long as this page is open.
      </Confirm>
    </Page>
  );
}

/** A new step: under what is chosen and linked from its first open way, or where it was dropped. */
function added(
  document: edit.FlowDocument,
  kinds: readonly NodeKind[],
  kind: Kind,
  after: string | null,
  place?: Place,
): [edit.FlowDocument, string] {
  const before = after === null ? undefined : document.nodes[after];
  const open = before && edit.ways(before).find((way) => !way.to);
  const fresh: FlowNode = templateOf(kinds, kind);
  const places = placesOf(document);
  const [next, name] = edit.addNode(edit.withPlaces(document, places), kindWords[kind].name, {
    ...fresh,
    place: place ?? placeAfter(places, after),
  });
  if (place || after === null || !open) return [next, name];
  return [edit.setWay(next, after, open.id, name), name];
}

function publishTitle(problems: number, changes: number): string | undefined {
  if (problems) return `${plural(problems, "problem")} to solve first`;
  return changes ? undefined : "Nothing differs from what is published";
}

function Standing({ flow, changes }: { flow: Flow; changes: number }) {
  const published = flow.published;
  return (
    <span className="row wide-only">
      {!published ? (
        <Badge tone="off">Draft</Badge>
      ) : changes ? (
        <Badge tone="warn">Draft</Badge>
      ) : (
        <Badge tone="ok">Version {published.version}</Badge>
      )}
      <span className="small dim flow-since" style={{ whiteSpace: "nowrap" }}>
        {!published
          ? "Never published"
          : changes
            ? `Version ${published.version} is live, ${plural(changes, "change")} since`
            : "is live"}
      </span>
    </span>
  );
}

function SaveWord({ draft }: { draft: Draft }) {
  const { saver } = draft;
  if (saver.state === "failed")
    return (
      <span className="row tight small" title={words(saver.error)}>
        <StateWord tone="bad">Not saved</StateWord>
        <Button size="xs" onClick={() => void saver.flush().catch(() => undefined)}>
          Try now
        </Button>
      </span>
    );
  const said = { saved: "Draft saved", waiting: "Saving…", saving: "Saving…", conflict: "Not saved" }[saver.state];
  return (
    <span className="small dim save-word" role="status">
      {said}
    </span>
  );
}

function Conflict({ draft, reload }: { draft: Draft; reload: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const overwrite = () => {
    setBusy(true);
    draft
      .overwrite()
      .catch(setProblem)
      .finally(() => setBusy(false));
  };
  return (
    <div className="note warn" role="alert">
      <Icon name="warn" />
      <div className="grow">
        <div className="med">Somebody else changed this flow meanwhile</div>
        <div className="small soft">
          {problem
            ? words(problem)
            : "Yours is not saved. Keep yours and their changes to the draft are gone, or take theirs and yours are. What is published stays either way."}
        </div>
      </div>
      <Button size="xs" loading={busy} onClick={overwrite}>
        Keep mine
      </Button>
      <Button size="xs" onClick={reload}>
        Take theirs
      </Button>
    </div>
  );
}

function AddMenu({ add }: { add: (kind: Kind) => void }) {
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button size="xs" leftSection={<Icon name="plus" size={14} />}>
          Step
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflowY: "auto" }}>
        {palette.flatMap((group) =>
          group.kinds.map((kind) => (
            <Menu.Item key={kind} leftSection={<Icon name={stepIcon(kind)} />} onClick={() => add(kind)}>
              {kindName(kind)}
            </Menu.Item>
          )),
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
