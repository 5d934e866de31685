// A flow as a small picture: its steps where the layout puts them, its ways as lines.

import { targets, type FlowDocument } from "./document";
import { cardWidth, layout } from "./layout";

const HEIGHT = 60;
/** Room of a picture in pixels, and the scale of a flow that does not fill it. */
const WIDTH_PX = 240;
const HEIGHT_PX = 76;
const SCALE = 0.2;

export function StartPicture({ document }: { document: FlowDocument }) {
  const places = layout(document);
  const boxes = Object.entries(document.nodes).map(([name, node]) => {
    const place = places.get(name) ?? { x: 0, y: 0 };
    return { name, node, ...place, width: cardWidth(node) };
  });
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + HEIGHT));
  const middle = (name: string) => {
    const box = boxes.find((each) => each.name === name);
    return box && { x: box.x + box.width / 2, y: box.y };
  };
  const lines = boxes.flatMap((box) =>
    targets(box.node).flatMap((to) => {
      const end = middle(to);
      const half = end && (box.y + HEIGHT + end.y) / 2;
      return end ? [`M${box.x + box.width / 2} ${box.y + HEIGHT}V${half}H${end.x}V${end.y}`] : [];
    }),
  );
  const [width, height] = [right + 16, bottom + 16];
  const scale = Math.min(SCALE, WIDTH_PX / width, HEIGHT_PX / height);
  return (
    <span className="start-picture">
    <svg
      width={width * scale}
      height={height * scale}
      viewBox={`-8 -8 ${width} ${height}`}
      strokeWidth={1.25 / scale}
      aria-hidden="true"
    >
      <path d={lines.join("")} />
      {boxes.map((box) => (
        <rect key={box.name} x={box.x} y={box.y} width={box.width} height={HEIGHT} rx="10" />
      ))}
    </svg>
    </span>
  );
}
