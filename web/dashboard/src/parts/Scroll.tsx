// What may be wider than its place: it scrolls sideways, and a shadow at the edge says that there is more.

import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useEffect, useRef, useState, type ReactNode } from "react";

type ScrollProps = { children: ReactNode; className?: string; label?: string };

export function Scroll({ children, className = "", label }: ScrollProps) {
  const place = useRef<HTMLDivElement>(null);
  const { ref: measured, width } = useElementSize<HTMLDivElement>();
  const ref = useMergedRef(place, measured);
  const [more, setMore] = useState(false);
  const look = () => {
    const at = place.current;
    // Half pixels of a zoomed page are no more to see.
    if (at) setMore(at.scrollWidth - at.clientWidth - at.scrollLeft > 1);
  };
  // Rows that arrive can widen a table, so each drawing is looked at.
  useEffect(look, [width, children]);
  const named = label ? { role: "group", "aria-label": label, tabIndex: 0 } : {};
  return (
    <div className={`scroll-frame ${more ? "more" : ""} ${className}`}>
      <div className="scroll" ref={ref} onScroll={look} {...named}>
        {children}
      </div>
    </div>
  );
}
