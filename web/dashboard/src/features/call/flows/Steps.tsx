// The palette: every kind of step, to click or to drag. What this server cannot do yet is said, and may still be drawn.

import { useState } from "react";
import { Shape } from "../../../parts/State";
import { KIND_TYPE } from "./Canvas";
import type { Kind } from "./document";
import { Icon } from "../../../parts/Icon";
import { stepIcon } from "./stepIcon";
import { kinds as kindWords, palette, type NodeKind } from "./words";

type StepsProps = { kinds: readonly NodeKind[]; add: (kind: Kind) => void };

export function Steps({ kinds, add }: StepsProps) {
  const [told, setTold] = useState<string>("");
  return (
    <nav className="flow-steps" aria-label="Steps to add">
      {palette.map((group) => (
        <section key={group.name}>
          <h2>{group.name}</h2>
          <ul>
            {group.kinds.map((kind) => {
              const known = kinds.find((each) => each.kind === kind);
              const missing = known?.missing ?? [];
              const words = missingWords(missing);
              return (
                <li key={kind}>
                  <button
                    type="button"
                    className={missing.length ? "missing" : ""}
                    draggable
                    title={words ? `${kindWords[kind].means}. ${words}` : kindWords[kind].means}
                    aria-label={`Add ${kindWords[kind].name}`}
                    aria-description={words || kindWords[kind].means}
                    onClick={() => add(kind)}
                    onFocus={() => setTold(words)}
                    onMouseEnter={() => setTold(words)}
                    onMouseLeave={() => setTold("")}
                    onBlur={() => setTold("")}
                    onDragStart={(event) => {
                      event.dataTransfer.setData(KIND_TYPE, kind);
                      event.dataTransfer.effectAllowed = "copy";
                    }}
                  >
                    <Icon name={stepIcon(kind)} />
                    <span className="grow cut">{kindWords[kind].name}</span>
                    {missing.length > 0 && <Shape tone="off" />}
                  </button>
                </li>
              );
            })}
          </ul>
        </section>
      ))}
      <p className="micro dim told">
        {told || "Click a step, or drag it onto the drawing."}
        {!told && kinds.some((each) => each.missing.length > 0) && (
          <span className="row tight">
            <Shape tone="off" /> not on this server yet
          </span>
        )}
      </p>
    </nav>
  );
}

/** Why a kind cannot be published here. */
export function missingWords(missing: readonly string[]): string {
  if (missing.length === 0) return "";
  return `This server cannot ${missing.join(" or ")} yet: it can be drawn and tried, and not published.`;
}
