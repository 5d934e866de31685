// State shown three ways at once: a shape, a word, then a colour.

import type { ReactNode } from "react";
import { percent } from "../base/figures";

export type Tone = "ok" | "warn" | "bad" | "live" | "off";

export function Shape({ tone }: { tone: Tone }) {
  const shape = tone === "live" ? "sh pulse" : `sh ${tone}`;
  return <span className={shape} aria-hidden="true" />;
}

export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`badge ${tone}`}>
      <Shape tone={tone} />
      <span>{children}</span>
    </span>
  );
}

/** A state as coloured words inside running text or a table cell. */
export function StateWord({ tone, children }: { tone: Tone; children: ReactNode }) {
  const colour = tone === "off" ? "" : tone;
  return (
    <span className={`row tight ${colour}`} style={{ gap: 6, display: "inline-flex" }}>
      <Shape tone={tone} />
      <span>{children}</span>
    </span>
  );
}

/** Certainty of a credit: bar, percent, and the word "ambiguous" under one half. */
export function Certainty({
  share,
  ambiguous,
  word = true,
}: {
  share: number | null | undefined;
  ambiguous: boolean;
  word?: boolean;
}) {
  if (share == null)
    return (
      <span className="dim" title="Credited to no visit">
        —
      </span>
    );
  return (
    <span className="row">
      <span className="prob" aria-hidden="true">
        <i className={ambiguous ? "low" : ""} style={{ width: `${Math.round(share * 100)}%` }} />
      </span>
      {percent(share)}
      {ambiguous && word && (
        <span className="warn small row tight">
          <Shape tone="warn" />
          ambiguous
        </span>
      )}
    </span>
  );
}
