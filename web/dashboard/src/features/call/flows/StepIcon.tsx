// The icon of each kind of step, 16 by 16, beside its name.

import type { Kind } from "./document";

const keys = (
  <path d="M4 4h.1M8 4h.1M12 4h.1M4 8h.1M8 8h.1M12 8h.1M4 12h.1M8 12h.1M12 12h.1" strokeWidth="2.4" />
);

const shapes: Record<Kind | "entry", React.ReactNode> = {
  entry: (
    <path d="M3 2.5h2.4l1.2 3-1.6 1.1a8 8 0 0 0 4.4 4.4l1.1-1.6 3 1.2V13a1 1 0 0 1-1.1 1A11 11 0 0 1 2 3.6 1 1 0 0 1 3 2.5z" />
  ),
  say: (
    <>
      <rect x="6" y="2" width="4" height="7" rx="2" />
      <path d="M3.5 7.5a4.5 4.5 0 0 0 9 0M8 12v2" />
    </>
  ),
  play: <path d="M2.500 6.200v3.600h2.300L8.500 13V3L4.800 6.200zM11 5.800a3 3 0 0 1 0 4.400M12.800 4a5.600 5.600 0 0 1 0 8" />,
  recording_notice: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <circle cx="8" cy="8" r="2" fill="currentColor" />
    </>
  ),
  menu: keys,
  gather: <path d="M2.500 5.500h11v5h-11zM5 8h.1M8 8h.1M11 8h.1" />,
  collect_zip: (
    <>
      <path d="M8 14c3-3.200 4.500-5.600 4.500-7.500a4.500 4.500 0 0 0-9 0C3.500 8.400 5 10.800 8 14z" />
      <circle cx="8" cy="6.500" r="1.500" />
    </>
  ),
  survey: <path d="M3 2.500h10v11H3zM5.500 6l1 1 1.500-2M10 6h.6M5.500 10l1 1L8 9M10 10h.6" />,
  challenge: <path d="M8 2 13 4v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM6 8l1.500 1.500L10.300 6.500" />,
  schedule: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 5v3.200l2 1.300" />
    </>
  ),
  branch: (
    <>
      <circle cx="3.5" cy="8" r="1.5" />
      <circle cx="12.5" cy="4" r="1.5" />
      <circle cx="12.5" cy="12" r="1.5" />
      <path d="M5 7.500 11 4.500M5 8.500l6 3" />
    </>
  ),
  splitter: <path d="M8 2.500v4M8 6.500 4 13M8 6.500 12 13M2.500 11.500 4 13.300l2-1M13.500 11.500 12 13.300l-2-1" />,
  webhook: <path d="M5.5 4 2 8l3.5 4M10.5 4 14 8l-3.5 4" />,
  dial: <path d="M3 13.500v-8l5-3 5 3v8zM6.500 13.500v-4h3v4" />,
  route: (
    <>
      <circle cx="3.5" cy="12.5" r="1.5" />
      <circle cx="12.5" cy="3.5" r="1.5" />
      <path d="M5 12.500h5a2.250 2.250 0 0 0 0-4.500H6a2.250 2.250 0 0 1 0-4.500h5" />
    </>
  ),
  voicemail: (
    <>
      <circle cx="4.5" cy="8" r="2.5" />
      <circle cx="11.5" cy="8" r="2.5" />
      <path d="M4.500 10.500h7" />
    </>
  ),
  set_tag: <path d="M8.500 2.500h5v5l-6 6-5-5z M11 5h.1" />,
  go_to: <path d="M3 4v4.500a2 2 0 0 0 2 2h8M10.500 7.500l3 3-3 3" />,
  hang_up: <path d="M2 9.500c3.500-3.500 8.500-3.500 12 0l-1.500 2-2.500-1V8.700a8 8 0 0 0-4 0v1.800l-2.500 1z" />,
};

export function StepIcon({ kind }: { kind: string }) {
  return (
    <svg className="i" viewBox="0 0 16 16" aria-hidden="true">
      {shapes[kind as Kind] ?? keys}
    </svg>
  );
}
