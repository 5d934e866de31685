// The marks of a timeline, drawn around (x, y): the same ones wherever a timeline stands.

import type { Mark } from "./timeline";

export function Glyph({ kind, x, y }: { kind: Mark["kind"]; x: number; y: number }) {
  const at = `translate(${x} ${y})`;
  switch (kind) {
    case "first_touch":
      return (
        <g transform={at}>
          <circle className="mk pre full" r="6" />
          <circle className="hole" r="2" />
        </g>
      );
    case "touch":
      return (
        <g transform={at}>
          <circle className="mk pre" r="5.5" />
          <circle className="mk pre full" r="1" />
        </g>
      );
    case "number_shown":
      return (
        <g transform={at}>
          <rect className="mk pre" x="-7" y="-5" width="14" height="10" rx="2" />
          <path className="dots" d="M-3.5 0h.1M0 0h.1M3.500 0h.1" />
        </g>
      );
    case "tap":
      return (
        <g transform={at}>
          <circle className="mk" r="7" />
          <circle className="core" r="3.2" />
        </g>
      );
    case "ring":
      return (
        <g transform={at}>
          <path className="mk full" d="M0-7.500 7.500 0 0 7.500-7.500 0z" />
        </g>
      );
    case "flow":
      return (
        <g transform={at}>
          <rect className="mk" x="-6" y="-6" width="12" height="12" rx="1.5" />
        </g>
      );
    case "attempt":
    case "next_trunk":
      return (
        <g transform={at}>
          <path className="mk" d="M-5-7 6 0-5 7z" strokeLinejoin="round" />
        </g>
      );
    case "screened":
    case "refused":
    case "attempt_failed":
      return (
        <g transform={at}>
          <circle className="mk no" r="7" />
          <path className="x" d="M-2.600-2.600 2.600 2.600M2.600-2.600-2.600 2.600" />
        </g>
      );
    case "connected":
      return (
        <g transform={at}>
          <circle className="mk full" r="8" />
          <path className="on" d="M-3.500.300l2.500 2.500 4.500-5" />
        </g>
      );
    case "ended":
      return (
        <g transform={at}>
          <path className="bar" d="M0-9v18" />
        </g>
      );
    default:
      // A page view, and whatever a newer server may tell.
      return (
        <g transform={at}>
          <circle className="mk pre" r="4" />
        </g>
      );
  }
}
