/**
 * The core: everything that can come after the first swap. It tells the server what was shown, seen and tapped, keeps
 * the lease alive while the page is visible, and checks the number again when the page wakes. The engine is the
 * loader's; this module has none.
 */
import type { Consent, Happening, Lent, Shared } from "./contract.ts";
import { store } from "./core/memory.ts";
import { outbox } from "./core/outbox.ts";
import { onView } from "./core/pages.ts";
import { places } from "./core/shown.ts";
import { onTap } from "./core/taps.ts";
import { KEYS } from "./number.ts";

/** Hidden for longer, another visitor may have been given our number: ask before it is dialled. */
const STALE_MS = 6e4;

/** For how long a number that nothing has confirmed yet is ours, as the loader has it. */
const PROVISIONAL_MS = 9e4;

/** Name of the extras beside the core, with their hash; set by the build. */
declare const EXTRAS: string;

/** Seconds between heartbeats where the server does not say, and at least. */
const BEAT_S = 20;
const BEAT_S_MIN = 1;

/** How long a new view may take to be drawn before its numbers are reported. */
const VIEW_MS = 500;

/** How long after its loading a page may still hydrate before its frameworks' roots are swapped, where no idle time is told. */
const HYDRATION_MS = 200;

/** Callbacks that `tl("number", …)` takes at most. */
const WATCHERS_MAX = 32;

/** Elements outside the page's own tree that are swapped at most. */
const BESIDE_MAX = 200;

/** Whether this browser was sent here to look at a draft. */
const previewed = (): unknown => {
  try {
    return /[?&]tl_preview=/.test(location.search) || sessionStorage.tl_preview;
  } catch {
    return;
  }
};

type Watcher = (number: string) => void;

/** Calls a page back; its own mistake must not end what we are at. */
const call = (watcher: Watcher, number: string) => queueMicrotask(() => watcher(number));

export const s = (shared: Shared): void => {
  /** The token whose numbers were reported as shown on this view. */
  let reported: unknown;
  let beating: ReturnType<typeof setInterval> | undefined;
  /** When the page went out of sight; 0 while it is in sight. */
  let hiddenAt = document.visibilityState == "visible" ? 0 : Date.now();
  /** Consent under which the last assignment was asked for. */
  let asked = shared.l;
  let viewing: ReturnType<typeof setTimeout> | undefined;
  let reporting: ReturnType<typeof setTimeout> | undefined;
  let warned = false;
  /** 1 once the visitor has turned to a number, on a site that gives none before. */
  let wanted: 0 | 1 = 0;
  let extended = false;
  /** The token that was last refused, until the server takes a beacon: one refusal is asked about, the next is believed. */
  let refused: unknown;
  const watchers: [target: unknown, watcher: Watcher, last: string | undefined][] = [];

  /** What is swapped besides the page: elements in shadow roots and in frames. */
  const beside = new Set<Element>();
  const memory = store(shared);
  const line = outbox(
    shared,
    (events, taken) => {
      if (taken) refused = 0;
      if (events.some((event) => event.k == "shown")) shared.M.s = 1;
      if (shared.M.s) memory.extend();
    },
    () => {
      const token = shared.M.token;
      // Sent before the first refusal was answered, or while its answer is awaited.
      if (refused == token) return;
      if (refused) memory.lapse();
      else recheck(true);
      refused = token;
    },
  );
  const tell = (event: Happening, last?: boolean) => {
    line.put(event);
    line.send(last);
  };

  const number = (target: unknown): string | undefined => {
    const printed = shared.C.t.find((t) => t[0] == target) || shared.C.t[0];
    return (shared.M.numbers.find((shown) => shown.t == printed?.[0]) || { n: printed?.[1] }).n;
  };

  /** Reports the numbers of this view once per assignment; `last` when there may be no later occasion. */
  const report = (last?: boolean) => {
    for (const watcher of watchers) {
      const now = number(watcher[0]);
      if (now && now != watcher[2]) call(watcher[1], now);
      watcher[2] = now;
    }
    if (shared.g && !warned) {
      warned = true;
      console.warn("trunkline: another script keeps changing a telephone number back; it is left alone");
    }
    const token = shared.M.token;
    if (!token || !shared.M.x || reported == token || (!last && (hiddenAt || document.readyState == "loading"))) return;
    const page = location.href;
    places(shared, [document, ...beside], last, (swaps) => {
      // Counting a large page takes its time: what was true then must be true now.
      if (!swaps || shared.M.token != token || reported == token || page != location.href) return;
      reported = token;
      tell({ k: "shown", swaps, page }, last);
    });
  };

  /** Tells what waits and what is shown; while the page is still being read, the network is left to it. */
  const settled = () => {
    if (document.readyState == "loading") return;
    line.send();
    report();
  };

  /** Fetches what only some sites need, once. */
  const extend = () => {
    if (extended || !(shared.C.e || shared.M.w || previewed())) return;
    extended = true;
    const address = shared.C.k.replace(/[^/]*$/, EXTRAS);
    // Fetched first for the same reason as the core.
    fetch(address).then(() => import(address)).then((extras) => extras.s(shared, lent), () => {});
  };

  /** After an assignment, whichever way it went. */
  const assigned = () => {
    if (!shared.l) {
      // Consent was withdrawn while the answer was under way.
      if (asked) memory.forget();
      shared.M.token = null;
    }
    // Only a pool's number waits for its confirmation.
    else if (shared.M.kind && shared.M.kind != "pool" && !shared.M.s) memory.extend();
    beat();
    settled();
    extend();
  };

  /** The time of the numbers is over. One that ends later than any could means that the clock was set back meanwhile. */
  const over = () => {
    const left = shared.M.x! - Date.now();
    return left < 0 || left > Math.max(PROVISIONAL_MS, shared.M.ttl! * 1e3 || 0);
  };

  const ask = (as?: { page: string; ref: string }) => {
    asked = shared.l;
    return (shared.p = shared.a({ ...as, want: wanted })).then(assigned);
  };

  /**
   * Asks whether the numbers are still the visitor's, which is no arrival. Without an answer they are not ours to show
   * when they were `lost` or their time is over.
   */
  const recheck = (lost?: boolean) => {
    const before = shared.M;
    ask({ page: location.origin + location.pathname, ref: location.origin }).then(() => {
      if (shared.M == before) {
        if (lost || over()) memory.lapse();
      } else if (shared.l && shared.M.kind && before.token && !shared.M.token) {
        // A server too busy for sessions gives no token. The visitor's own says who asks next, but nothing of these numbers.
        shared.M.token = before.token;
        shared.M.x = 0;
        memory.keep();
      }
    });
  };

  const pulse = (last?: boolean) => shared.M.s && tell({ k: "beat" }, last);

  /** Beats while the page is visible, never otherwise. */
  const beat = () => {
    clearInterval(beating);
    if (!hiddenAt) beating = setInterval(pulse, Math.max(BEAT_S_MIN, shared.M.beat || BEAT_S) * 1e3);
  };

  /** The page is back in sight. Long away, the number is checked. */
  const wake = () => {
    if (!hiddenAt) return;
    const away = Date.now() - hiddenAt;
    hiddenAt = 0;
    beat();
    // Less than nothing: the clock was set back, and says nothing of how long it was.
    if (shared.l && (away < 0 || away > STALE_MS || over())) recheck();
    else {
      pulse();
      report();
    }
  };

  const leave = () => {
    if (hiddenAt) return;
    clearInterval(beating);
    report(true);
    pulse(true);
    line.send(true);
    hiddenAt = Date.now();
  };

  /** A view without a document of its own, reached from `ref`. */
  const viewed = (ref: string) => {
    reported = 0;
    line.put({ k: "page", page: location.href, ref });
    viewing ??= setTimeout(() => {
      viewing = undefined;
      settled();
    }, VIEW_MS);
  };

  const consent = (given: unknown) => {
    const level = (given === true ? 2 : +(given as number) || 0) as Consent;
    const before = shared.l;
    shared.l = level;
    if (!level) memory.forget();
    else if (!before) ask();
    else memory.keep();
  };

  const command = (name: unknown, ...rest: unknown[]): unknown => {
    if (name == "consent" && shared.l != (rest[0] === true ? 2 : +(rest[0] as number))) consent(rest[0]);
    if (name == "swap") {
      const root = rest[0] as Element | ShadowRoot | undefined;
      if (root && !("tagName" in root)) for (const child of root.children) shared.r(child);
      else shared.r(root);
    }
    if (name != "number") return;
    const watcher = rest.find((one) => typeof one == "function") as Watcher | undefined;
    const now = number(rest[0]);
    if (watcher && watchers.length < WATCHERS_MAX) {
      watchers.push([rest[0] as string, watcher, now]);
      if (now) call(watcher, now);
    }
    return now;
  };

  /** The roots of frameworks are swapped from now on: a text changed before makes them build the page again. */
  let isHydrated = false;
  const hydrated = () => {
    if (isHydrated) return;
    isHydrated = true;
    shared.L = shared.L.split(",#__next")[0]!;
    shared.r();
  };

  // Numbers in letters, and what was left alone because frameworks had not yet hydrated.
  shared.y = KEYS;
  // Not within the pass that swaps: nothing of ours comes before its paint.
  shared.o = () => {
    reporting ??= setTimeout(() => {
      reporting = undefined;
      report();
    });
  };
  shared.r();
  // A framework that begins at the end of the page, or with its loading, works in tasks of its own after that.
  const loaded = () => setTimeout(hydrated, HYDRATION_MS);
  if (document.readyState == "complete") loaded();
  else addEventListener("load", loaded);
  const idle = () => window.requestIdleCallback?.(hydrated);
  if (document.readyState != "loading") idle();
  else {
    document.addEventListener("DOMContentLoaded", idle);
    // The end of a page comes before the engine has heard of its last part.
    document.addEventListener("DOMContentLoaded", () => setTimeout(settled));
  }

  const swap = shared.r;
  shared.r = (root) => {
    swap(root);
    if (!root) beside.forEach((one) => (one.isConnected ? swap(one) : beside.delete(one)));
    else if (root.getRootNode() != document && beside.size < BESIDE_MAX) beside.add(root);
  };
  const tapped = (n: string) => tell({ k: "tap", n, ago: 0 });
  const lent: Lent = {
    tell,
    want() {
      wanted = 1;
      recheck();
    },
    lapse: memory.lapse,
    keep: memory.keep,
    taps: (root) => onTap(shared, root, tapped),
    watch: (changed) => shared.C.t.forEach(([id]) => command("number", id, (n: string) => changed(id, n))),
  };

  window.tl = command;
  for (const [name, ...rest] of shared.q) command(name, ...rest);

  // A remembered assignment and no new arrival: nothing was asked, and a page view is all there is to tell.
  if (!shared.p && shared.M.token) {
    line.put({ k: "page", page: location.href, ref: document.referrer });
    // The loader shows what ends later than now; that the clock was set back since is found out here.
    if (over()) {
      refused = shared.M.token;
      recheck(true);
    }
  }
  Promise.resolve(shared.p).then(assigned);

  lent.taps(document);
  onView(viewed);
  document.addEventListener("visibilitychange", () => (document.visibilityState == "visible" ? wake() : leave()));
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    memory.adopt();
    wake();
    viewed(document.referrer);
  });
  memory.watch(memory.adopt);
};
