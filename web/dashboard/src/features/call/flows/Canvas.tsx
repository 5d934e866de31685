// The drawing: cards for steps, lines for ways out, moved and linked by mouse or keyboard. It holds nothing of its own
// but where a card is while it is dragged; every change goes to the document.

import { ActionIcon, Button } from "@mantine/core";
import {
  applyNodeChanges,
  MiniMap,
  ReactFlow,
  useNodesInitialized,
  useReactFlow,
  useViewport,
  type Edge,
  type Node,
  type NodeChange,
} from "@xyflow/react";
import { useEffect, useMemo, useState, type DragEvent } from "react";
import { Icon } from "../../../parts/Icon";
import { type FlowDocument, type Kind, type Place, ways } from "./document";
import { CARD_WIDTH, entryPlace, placesOf } from "./layout";
import { EntryCard, StepCard, type EntryData, type StepData } from "./StepCard";
import { edgeId, type Walk } from "./walk";
import { findingsOf, usedBy, type Finding } from "./words";
import "@xyflow/react/dist/base.css";

/** Cards are prefixed, so that a step may be called as the entry is. */
const ENTRY = "entry";
const idOf = (name: string) => `n:${name}`;
const nameOf = (id: string) => id.slice(2);
/** A card with ways out and no findings. */
const CARD_HEIGHT = 78;
/** What is carried while a kind is dragged from the palette. */
export const KIND_TYPE = "application/x-trunkline-step";
const nodeTypes = { step: StepCard, entry: EntryCard };
const fit = { maxZoom: 1, minZoom: 0.4, padding: { top: "48px", x: "24px", bottom: "24px" } } as const;
/** How far above a card the line to it bends, so that it passes others upright. */
const BEND = 22;
const GLIDE_MS = 160;

type Line = Edge & { pathOptions?: { borderRadius: number; offset: number; stepPosition: number } };
type AnyNode = Node<StepData, "step"> | Node<EntryData, "entry">;

export type CanvasProps = {
  document: FlowDocument;
  findings: readonly Finding[];
  walk: Walk;
  numbers: number;
  sites: number;
  selected: readonly string[];
  /** A way out that was clicked. */
  selectedWay: { name: string; way: string } | null;
  /** A step to bring into view; a new object each time. */
  reveal: { name: string } | null;
  editable: boolean;
  select: (names: string[]) => void;
  selectWay: (way: { name: string; way: string } | null) => void;
  connect: (name: string, way: string, to: string) => void;
  begin: (name: string) => void;
  place: (places: Map<string, Place>) => void;
  add: (kind: Kind, place: Place) => void;
  tools: { undo?: () => void; redo?: () => void; tidy: () => void };
};

export function Canvas(props: CanvasProps) {
  const { document, findings, walk, selected, editable } = props;
  const flow = useReactFlow<AnyNode, Edge>();
  const [nodes, setNodes] = useState<AnyNode[]>(() => drawn(props));
  const edges = useMemo(() => linesOf(props), [document, walk, props.selectedWay]);

  useEffect(() => {
    setNodes((before) => {
      const old = new Map(before.map((node) => [node.id, node]));
      return drawn(props).map((node) => {
        const was = old.get(node.id);
        if (!was) return node;
        return { ...was, ...node, position: was.dragging ? was.position : node.position } as AnyNode;
      });
    });
  }, [document, findings, walk, selected, editable, props.numbers, props.sites]);

  // Cards are measured first; then the whole flow comes into view, and later the way of the test caller.
  const measured = useNodesInitialized();
  useEffect(() => {
    if (measured) void flow.fitView(fit);
  }, [measured, flow]);
  useEffect(() => {
    if (walk.order.size > 0) void flow.fitView({ ...fit, duration: GLIDE_MS });
  }, [walk, flow]);

  // What was tidied up comes into view as a whole, below the tools.
  const [tidied, setTidied] = useState(0);
  useEffect(() => {
    if (tidied > 0) void flow.fitView({ ...fit, duration: GLIDE_MS });
  }, [tidied, flow]);
  const tidy = () => {
    props.tools.tidy();
    setTidied((n) => n + 1);
  };

  useEffect(() => {
    const node = props.reveal && flow.getNode(idOf(props.reveal.name));
    if (!node) return;
    const { width = CARD_WIDTH, height = 80 } = node.measured ?? {};
    const centre = { x: node.position.x + width / 2, y: node.position.y + height / 2 };
    void flow.setCenter(centre.x, centre.y, { zoom: flow.getZoom(), duration: GLIDE_MS });
  }, [props.reveal, flow]);

  const changed = (changes: NodeChange<AnyNode>[]) => {
    const names = new Set(selected);
    let chosen = false;
    for (const change of changes) {
      if (change.type !== "select") continue;
      chosen = true;
      if (change.selected) names.add(nameOf(change.id));
      else names.delete(nameOf(change.id));
    }
    // What is chosen is the page's: the cards hear of it with the next drawing.
    setNodes((before) => applyNodeChanges(changes.filter((change) => change.type !== "select"), before));
    if (chosen) props.select([...names]);
  };
  const dropped = (event: DragEvent) => {
    const kind = event.dataTransfer.getData(KIND_TYPE) as Kind;
    if (!kind || !editable) return;
    event.preventDefault();
    const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    props.add(kind, { x: Math.round(at.x - CARD_WIDTH / 2), y: Math.round(at.y - 24) });
  };
  const placed = () => {
    const steps = flow.getNodes().filter((node) => node.type === "step");
    props.place(new Map(steps.map((node) => [nameOf(node.id), node.position])));
  };

  return (
    <ReactFlow<AnyNode, Edge>
      className="flow-canvas"
      aria-label="Drawing of the flow"
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      onNodesChange={changed}
      onNodeDragStop={placed}
      onSelectionDragStop={placed}
      onConnect={({ source, sourceHandle, target }) => {
        if (source === ENTRY) props.begin(nameOf(target));
        else if (sourceHandle) props.connect(nameOf(source), sourceHandle, nameOf(target));
      }}
      isValidConnection={({ source, target }) => source !== target && target !== ENTRY}
      onEdgeClick={(_, edge) =>
        edge.source !== ENTRY &&
        edge.sourceHandle &&
        props.selectWay({ name: nameOf(edge.source), way: edge.sourceHandle })
      }
      onPaneClick={() => {
        props.select([]);
        props.selectWay(null);
      }}
      onDragOver={(event) => event.dataTransfer.types.includes(KIND_TYPE) && event.preventDefault()}
      onDrop={dropped}
      nodesDraggable={editable}
      nodesConnectable={editable}
      edgesFocusable={false}
      deleteKeyCode={null}
      connectionRadius={48}
      minZoom={0.25}
      maxZoom={1.5}
      snapToGrid
      snapGrid={[8, 8]}
    >
      <Tools {...props.tools} tidy={tidy} editable={editable} />
      <MiniMap className="wide-only" pannable zoomable position="bottom-left" ariaLabel="Overview of the drawing" />
    </ReactFlow>
  );
}

function Tools({ undo, redo, tidy, editable }: CanvasProps["tools"] & { editable: boolean }) {
  const flow = useReactFlow();
  const { zoom } = useViewport();
  return (
    <div className="flow-tools nopan">
      {editable && (
        <>
          <ActionIcon variant="default" size={26} aria-label="Undo" title="Undo (Ctrl Z)" disabled={!undo} onClick={undo}>
            <Icon name="undo" size={14} />
          </ActionIcon>
          <ActionIcon
            variant="default"
            size={26}
            aria-label="Redo"
            title="Redo (Ctrl Shift Z)"
            disabled={!redo}
            onClick={redo}
          >
            <Icon name="redo" size={14} />
          </ActionIcon>
        </>
      )}
      <span className="flow-zoom">
        <button type="button" aria-label="Zoom out" onClick={() => void flow.zoomOut({ duration: GLIDE_MS })}>
          −
        </button>
        <button type="button" title="Back to full size" onClick={() => void flow.zoomTo(1, { duration: GLIDE_MS })}>
          {Math.round(zoom * 100)}%
        </button>
        <button type="button" aria-label="Zoom in" onClick={() => void flow.zoomIn({ duration: GLIDE_MS })}>
          +
        </button>
      </span>
      <Button size="xs" onClick={() => void flow.fitView({ ...fit, duration: GLIDE_MS })}>
        Fit
      </Button>
      {editable && (
        <Button size="xs" onClick={tidy} title="Puts every card where the ways lead it">
          Tidy up
        </Button>
      )}
    </div>
  );
}

function drawn({ document, findings, walk, selected, editable, numbers, sites }: CanvasProps): AnyNode[] {
  const places = placesOf(document);
  const steps = Object.entries(document.nodes).map(([name, node]): AnyNode => {
    const hit = ways(node).filter((way) => walk.edges.has(edgeId(name, way.id)));
    return {
      id: idOf(name),
      type: "step",
      position: places.get(name) ?? { x: 0, y: 0 },
      selected: selected.includes(name),
      data: {
        name,
        node,
        findings: findingsOf(findings, name),
        order: walk.order.get(name),
        hit: hit.map((way) => way.id).join(" "),
      },
      ariaLabel: `Step ${name}`,
    };
  });
  const entry: AnyNode = {
    id: ENTRY,
    type: "entry",
    position: entryPlace(document, places),
    data: { used: usedBy(numbers, sites), walked: walk.order.size > 0 },
    draggable: false,
    selectable: false,
    focusable: false,
    connectable: editable,
  };
  return [entry, ...steps];
}

function linesOf({ document, walk, selectedWay }: CanvasProps): Line[] {
  const places = placesOf(document);
  const bend = (from: string, to: string) => {
    const high = (places.get(to)?.y ?? 0) - (places.get(from)?.y ?? 0) - CARD_HEIGHT;
    return high > BEND * 2 ? 1 - BEND / high : 0.5;
  };
  const lines = Object.entries(document.nodes).flatMap(([name, node]) =>
    ways(node).flatMap((way): Line[] => {
      if (!(way.to in document.nodes)) return [];
      const walked = walk.edges.has(edgeId(name, way.id));
      const chosen = selectedWay?.name === name && selectedWay.way === way.id;
      return [
        {
          id: edgeId(name, way.id),
          source: idOf(name),
          sourceHandle: way.id,
          target: idOf(way.to),
          type: "smoothstep",
          pathOptions: { borderRadius: 6, offset: 10, stepPosition: bend(name, way.to) },
          selected: chosen,
          className: walked ? "walked" : undefined,
          zIndex: walked || chosen ? 1 : 0,
        },
      ];
    }),
  );
  if (!(document.start in document.nodes)) return lines;
  const walked = walk.order.size > 0;
  return [
    ...lines,
    {
      id: ENTRY,
      source: ENTRY,
      target: idOf(document.start),
      type: "smoothstep",
      selectable: false,
      className: walked ? "walked" : undefined,
    },
  ];
}
