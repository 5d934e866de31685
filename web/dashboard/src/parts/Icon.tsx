// The product's line icons, 16 by 16, always beside a word or inside a labelled button.

const shapes = {
  live: (
    <>
      <circle cx="8" cy="8" r="1.6" />
      <path d="M4.8 11.2a4.5 4.5 0 0 1 0-6.4M11.2 4.8a4.5 4.5 0 0 1 0 6.4M2.7 13.3a7.5 7.5 0 0 1 0-10.6M13.3 2.7a7.5 7.5 0 0 1 0 10.6" />
    </>
  ),
  visitor: (
    <>
      <circle cx="8" cy="5.2" r="2.7" />
      <path d="M2.8 13.5c.6-2.7 2.6-4 5.2-4s4.600 1.300 5.2 4" />
    </>
  ),
  numbers: <path d="M2.5 4h7M11.5 4h2M2.5 8h3M7.5 8h6M2.5 12h5M9.5 12h4" />,
  calls: (
    <path d="M3 2.5h2.4l1.2 3-1.6 1.1a8 8 0 0 0 4.4 4.4l1.1-1.6 3 1.2V13a1 1 0 0 1-1.1 1A11 11 0 0 1 2 3.6 1 1 0 0 1 3 2.5z" />
  ),
  site: (
    <>
      <rect x="2.500" y="3" width="11" height="10" rx="1" />
      <path d="M2.500 6h11M5 4.500h.1M7 4.500h.1" />
    </>
  ),
  trunk: (
    <>
      <circle cx="3.500" cy="8" r="1.500" />
      <circle cx="12.500" cy="4" r="1.500" />
      <circle cx="12.500" cy="12" r="1.500" />
      <path d="M5 8h3M11 4.500 8 8l3 3.500" />
    </>
  ),
  setup: <path d="M2.500 8.500 6 12l7.500-8" />,
  settings: (
    <>
      <circle cx="8" cy="8" r="2" />
      <path d="M8 2v2M8 12v2M2 8h2M12 8h2M3.8 3.8l1.4 1.4M10.8 10.8l1.4 1.4M12.2 3.8l-1.4 1.4M5.2 10.8l-1.4 1.4" />
    </>
  ),
  menu: <path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11" />,
  dots: <path d="M3.500 8h.1M8 8h.1M12.500 8h.1" strokeWidth="2.2" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4" />
      <path d="m10 10 3.500 3.500" />
    </>
  ),
  moon: <path d="M13 9.5A5.500 5.500 0 0 1 6.500 3a5.500 5.500 0 1 0 6.500 6.500z" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="2.800" />
      <path d="M8 1.500v1.500M8 13v1.500M1.500 8H3M13 8h1.500M3.400 3.400l1 1M11.600 11.600l1 1M12.600 3.400l-1 1M4.400 11.600l-1 1" />
    </>
  ),
  plus: <path d="M8 3v10M3 8h10" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  up: <path d="m4 10 4-4 4 4" />,
  down: <path d="m4 6 4 4 4-4" />,
  right: <path d="m6 4 4 4-4 4" />,
  left: <path d="m10 4-4 4 4 4" />,
  bars: <path d="M2.5 3.5h9M2.5 8h11M2.5 12.5h5" />,
  columns: <path d="M2.5 3.5h11v9h-11zM6.2 3.5v9M9.8 3.5v9" />,
  download: <path d="M8 2.5v7M5 7l3 3 3-3M2.5 12.5h11" />,
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1" />
      <path d="M10.5 5.5v-3h-8v8h3" />
    </>
  ),
  check: <path d="m3 8.500 3.500 3.500L13 4.500" />,
  warn: <path d="M8 2.5 14 13H2zM8 6.5v3M8 11.2v.1" />,
  bad: <path d="M5.5 2.5h5l3 3v5l-3 3h-5l-3-3v-5zM8 5v3.5M8 10.7v.1" />,
  clock: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 5v3.200l2 1.300" />
    </>
  ),
  play: <path d="M5 3.500v9l7-4.500z" />,
  pause: <path d="M5.500 3.500v9M10.500 3.500v9" />,
  edit: <path d="M3 13l.6-2.8L10.500 3.300l2.200 2.200-6.900 6.900zM9 4.800 11.200 7" />,
  trash: <path d="M3 4.500h10M6.500 4.500v-2h3v2M4.500 4.500l.5 9h6l.5-9M7 7v4M9 7v4" />,
  key: (
    <>
      <circle cx="5" cy="8" r="2.500" />
      <path d="M7.500 8h6M11 8v2.500M13.500 8v1.500" />
    </>
  ),
  flow: (
    <>
      <rect x="2" y="6" width="4" height="4" rx=".6" />
      <rect x="10" y="2" width="4" height="4" rx=".6" />
      <rect x="10" y="10" width="4" height="4" rx=".6" />
      <path d="M6 8h2V4h2M8 8v4h2" />
    </>
  ),
  sound: <path d="M2.500 6.200v3.600h2.300L8.500 13V3L4.800 6.200zM11 5.800a3 3 0 0 1 0 4.400M12.800 4a5.600 5.600 0 0 1 0 8" />,
  undo: <path d="M5.500 3 2.500 6l3 3M2.500 6h7a4 4 0 0 1 0 8H7" />,
  redo: <path d="m10.500 3 3 3-3 3M13.500 6h-7a4 4 0 0 0 0 8H9" />,
  out: <path d="M6.500 2.500h-4v11h4M7 8h6.500M11 5.500 13.500 8 11 10.500" />,
  // Trade.
  campaign: <path d="M2.500 6.500v3h2.300l6.200 3V3.500l-6.200 3zM5 9.800l.8 3.700h1.900l-.8-3M13 6.500v3" />,
  buyer: <path d="M3 13.500v-11h6v11M9 6.500h4v7M2 13.500h12M5 5.200h2M5 8h2M5 10.800h2" />,
  publisher: <path d="M8 10.500V2.500M5 5.500l3-3 3 3M2.500 10v3.500h11V10" />,
  lead: <path d="M3 2.500h10v11H3zM5.500 5.500h5M5.500 8h5M5.500 10.500h2.500" />,
  gauge: <path d="M2.500 11.500a5.500 5.500 0 1 1 11 0M8 11.500l3-3.800M8 11.500h.1" />,
  list: <path d="M5.500 4h8M5.500 8h8M5.500 12h8M2.500 4h.1M2.500 8h.1M2.500 12h.1" />,
  // Steps of call flows.
  keys: <path d="M4 4h.1M8 4h.1M12 4h.1M4 8h.1M8 8h.1M12 8h.1M4 12h.1M8 12h.1M12 12h.1" strokeWidth="2.4" />,
  voice: (
    <>
      <rect x="6" y="2" width="4" height="7" rx="2" />
      <path d="M3.5 7.5a4.5 4.5 0 0 0 9 0M8 12v2" />
    </>
  ),
  record: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <circle cx="8" cy="8" r="2" fill="currentColor" />
    </>
  ),
  digits: <path d="M2.500 5.500h11v5h-11zM5 8h.1M8 8h.1M11 8h.1" />,
  place: (
    <>
      <path d="M8 14c3-3.200 4.500-5.600 4.500-7.500a4.500 4.500 0 0 0-9 0C3.500 8.400 5 10.800 8 14z" />
      <circle cx="8" cy="6.500" r="1.500" />
    </>
  ),
  survey: <path d="M3 2.500h10v11H3zM5.500 6l1 1 1.500-2M10 6h.6M5.500 10l1 1L8 9M10 10h.6" />,
  shield: <path d="M8 2 13 4v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM6 8l1.500 1.500L10.300 6.500" />,
  branch: (
    <>
      <circle cx="3.5" cy="8" r="1.5" />
      <circle cx="12.5" cy="4" r="1.5" />
      <circle cx="12.5" cy="12" r="1.5" />
      <path d="M5 7.500 11 4.500M5 8.500l6 3" />
    </>
  ),
  split: <path d="M8 2.500v4M8 6.500 4 13M8 6.500 12 13M2.500 11.500 4 13.300l2-1M13.500 11.500 12 13.300l-2-1" />,
  code: <path d="M5.5 4 2 8l3.5 4M10.5 4 14 8l-3.5 4" />,
  house: <path d="M3 13.500v-8l5-3 5 3v8zM6.500 13.500v-4h3v4" />,
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
  tag: <path d="M8.500 2.500h5v5l-6 6-5-5z M11 5h.1" />,
  onward: <path d="M3 4v4.500a2 2 0 0 0 2 2h8M10.500 7.500l3 3-3 3" />,
  end: <path d="M2 9.500c3.500-3.500 8.500-3.500 12 0l-1.500 2-2.500-1V8.700a8 8 0 0 0-4 0v1.800l-2.500 1z" />,
};

export type IconName = keyof typeof shapes;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="i"
      viewBox="0 0 16 16"
      aria-hidden="true"
      style={size === 16 ? undefined : { width: size, height: size }}
    >
      {shapes[name]}
    </svg>
  );
}

/** The mark of the product: one line that forks to two. */
export function Logo() {
  return (
    <svg viewBox="0 0 22 22" aria-hidden="true">
      <rect width="22" height="22" rx="5" fill="var(--accent)" />
      <path
        d="M4 11h4m6 0h4M11 11l5-5M11 11l5 5"
        stroke="var(--on-accent)"
        strokeWidth="1.8"
        strokeLinecap="round"
        fill="none"
      />
      <circle cx="11" cy="11" r="2.6" fill="var(--accent)" stroke="var(--on-accent)" strokeWidth="1.8" />
    </svg>
  );
}
