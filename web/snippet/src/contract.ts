/**
 * What the snippet says to the server, keeps in the browser, and passes from the loader to the core.
 *
 * The loader is pasted into other people's pages and cannot be updated; the core is fetched anew. So every shape
 * here that the loader touches is frozen for its format version (`FORMAT`): add optional fields, never change one.
 */

/** Format version of the pasted block; sent with every request as `v`. */
export const FORMAT = 1;

/** What the visitor has agreed to: 0 nothing stored and no session, 1 session in memory only, 2 browser storage. */
export type Consent = 0 | 1 | 2;

/** A swap target of the site: its id, and the E.164 number printed on the pages. */
export type Target = [id: string, printed: string];

/** The number to show for target `t`: E.164 `n`, and the whole printed form `f` where digits cannot be exchanged one by one. */
export interface Shown {
  t: string;
  n: string;
  f?: string | undefined;
}

/**
 * A source-level rule, first match wins. Kinds: `p` the query parameters of `names` (joined by a space) match `pattern`,
 * `r` the referrer's host matches `pattern`, `*` always. `numbers` go by target index.
 */
export type Rule = [kind: "p" | "r" | "*", names: string, pattern: string, numbers: ([n: string, f?: string] | null)[]];

/** The JSON element `trunkline-config` of the block. */
export interface Config {
  /** Format version. */
  v: number;
  /** Configuration version of the site. */
  c: number;
  /** Base address of `assign` and `event`; its last path segment is the site key. Also the name of the entry in the browser's storage. */
  u: string;
  /** Address of the core module. */
  k: string;
  t: Target[];
  r: Rule[];
  /** Selector that an element must match for its own text and attributes to be swapped. */
  o: string;
  /** How many digits a print of the targets has at least between the second and the fourth of the international number: 0 with calling codes of three digits. */
  d: 0 | 1;
  /** What only some sites need: with it the core fetches the extras. */
  e?: Extras;
}

/** The parts of `extras` that a site has asked for. */
export interface Extras {
  /** `attribute`: elements with `data-tl-number` show the target named there. `auto`: every plausible number is the first target's. */
  m?: "attribute" | "auto";
  /** Labels of the targets, in their order, for `attribute`. */
  n?: string[];
  /** Calling code of the first target, for `auto`. */
  c?: string;
  /** Numbers (E.164) that `auto` leaves alone. */
  x?: string[];
  /** 1: the telephone fields of JSON-LD. */
  j?: 1;
  /** 1: frames of the same origin. */
  i?: 1;
  /** 1: open shadow roots. */
  s?: 1;
  /** Attributes to swap besides those every site has. */
  a?: string[];
  /** 1: tells `dataLayer` which number is shown, and that a form was kept. */
  d?: 1;
  /** Forms whose contact details are kept as evidence. */
  f?: FormCapture[];
}

/** A form to capture: its selector, the name or selector of the field for each detail, and the consent text shown beside it. */
export interface FormCapture {
  s: string;
  m: Partial<Record<Detail, string>>;
  c?: string;
}

/** What may be kept of a form. */
export type Detail = "phone" | "name" | "email" | "zip";

/** What `assign` answers. */
export interface Answer {
  /** Confirms and keeps the assignment; null when there is nothing to confirm. */
  token: string | null;
  numbers: Shown[];
  kind: "pool" | "source" | "static" | "none";
  /** Seconds for which a remembered assignment may be shown without asking first. */
  ttl: number;
  /** Seconds between heartbeats. */
  beat: number;
  /** When to ask again for a number of the session's own, because none was given yet: it is seen, or somebody turns to one. */
  w?: "view" | "intent";
}

/** One thing that happened, as `event` takes it. `ago` is in milliseconds before the request was sent. */
export type Happening =
  | { k: "shown"; swaps: number; page: string }
  | { k: "beat" }
  | { k: "page"; page: string; ref: string }
  | { k: "tap"; n: string; ago: number }
  | ({ k: "form"; page: string; consent?: string } & Partial<Record<Detail, string>>);

/** The assignment of this visitor, in memory and (consent 2) in browser storage: the last answer and what became of it. */
export interface Memory extends Partial<Answer> {
  /** Numbers to show; the first for a target counts. */
  numbers: Shown[];
  /** Unix milliseconds until which they may be shown without asking; 0 when `token` does not stand for them and is good for asking alone. */
  x?: number;
  /** 1 once a `shown` beacon was accepted: only then is a lease ours to keep alive. */
  s?: 1;
}

/**
 * What the loader hands to the core: its one engine and the state both share. Short names, because the loader pays
 * for each of them in every page of every customer.
 */
export interface Shared {
  /** The block's configuration. */
  C: Config;
  /** Consent in force. */
  l: Consent;
  /** The assignment now in force. */
  M: Memory;
  /** Numbers of the source-level rule that matched this page; what is shown when there is no assignment. */
  b: Shown[];
  /** Set when a place was left alone because another script kept changing it back. */
  g?: 1;
  /** Selector of what is left alone; the roots of frameworks come last, and go once these have hydrated. */
  L: string;
  /** Names of the attributes that are swapped; more may be pushed before the next `r`. */
  A: string[];
  /** Letters of the telephone's keys, which the core brings. */
  y?: string;
  /** Calls of `tl` made before the core came. */
  q: unknown[][];
  /** Settles when the assignment request of this page has ended, however it ended; absent when there was nothing to ask. */
  p?: Promise<void> | undefined;
  /** Swaps all below an element (by default the page) to the numbers of `M`, a slice at a time, and keeps watching it. */
  r(root?: Element): void;
  /** Asks for an assignment; `as` stands in for fields of the request. */
  a(as?: { page?: string; ref?: string; want?: 0 | 1 }): Promise<void>;
  /** Called with each place that was changed or given up, once the core is there. */
  o?(): void;
}

/** What the core lends to the extras; frozen like `Shared`, because the all-inline form has its core pasted too. */
export interface Lent {
  /** Tells the server what happened. */
  tell(event: Happening): void;
  /** Asks for the numbers again, which is no arrival: now, and from now on, one of the session's own is wanted. */
  want(): void;
  /** Takes the assignment back to the source's numbers and the page with it. */
  lapse(): void;
  /** Writes the assignment to browser storage, if the visitor has agreed to that. */
  keep(): void;
  /** Notices taps in another document. */
  taps(root: Document): void;
  /** Calls back with the number of each target, now and whenever it changes. */
  watch(changed: (target: string, number: string) => void): void;
}

declare global {
  interface Window {
    /** What pages may call: `tl("consent", true)`, `tl("swap", element)`, `tl("number", target, callback)`. */
    tl?: (...call: unknown[]) => unknown;
  }
  /** Pages made before anybody asked for them; only Chromium makes them so far. */
  interface Document {
    prerendering?: boolean;
    onprerenderingchange?: () => void;
  }
}
