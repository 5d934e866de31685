// A card by hairline, with its title, what stands at the right, and its body.

import type { ReactNode } from "react";

type CardProps = {
  title?: ReactNode;
  right?: ReactNode;
  lined?: boolean;
  level?: 2 | 3;
  label?: string;
  className?: string;
  children: ReactNode;
};

export function Card({ title, right, lined, level = 2, label, className = "", children }: CardProps) {
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <section className={`card ${lined ? "lined" : ""} ${className}`} aria-label={label}>
      {(title || right) && (
        <header>
          {title && <Heading>{title}</Heading>}
          {right && <span className="right small dim">{right}</span>}
        </header>
      )}
      {children}
    </section>
  );
}

/** One figure of a row of tiles: label, figure, one comparison. */
export function Tile({ label, figure, detail }: { label: string; figure: ReactNode; detail?: ReactNode }) {
  return (
    <div className="tile">
      <span className="k">{label}</span>
      <span className="v">{figure}</span>
      {detail != null && <span className="d">{detail}</span>}
    </div>
  );
}
