/**
 * Shows a site's draft to the browser that followed a preview link, and lists every number of the page with what becomes
 * of it. Nothing is told to the server and nothing is kept but the link's token, for the rest of the tab.
 */
import type { Config, Shared, Shown } from "../contract.ts";
import { plausible } from "./plausible.ts";

const PARAMETER = "tl_preview";

/** Numbers that are listed at most. */
const LISTED_MAX = 200;

/** How long the page may take to come to rest before it is listed again. */
const REST_MS = 400;

interface Draft {
  config: Config;
  numbers: Shown[];
  labels: string[];
}

/** The link's token, from the address or from an earlier page of this tab. */
const token = (): string | null => {
  const given = new URLSearchParams(location.search).get(PARAMETER);
  try {
    if (given) sessionStorage[PARAMETER] = given;
    return given || sessionStorage[PARAMETER] || null;
  } catch {
    return given;
  }
};

/** Puts the draft in place of what is published; `then` goes on with it. Without a preview link it goes on at once. */
export const preview = (shared: Shared, then: () => void): void => {
  const link = token();
  if (!link) return then();
  const body = JSON.stringify({ token: link, page: location.href, ref: document.referrer });
  fetch(shared.C.u + "/preview", { method: "POST", body })
    .then((response) => (response.ok ? (response.json() as Promise<Draft>) : undefined))
    .then((draft) => {
      if (!draft) {
        try {
          sessionStorage.removeItem(PARAMETER);
        } catch {}
        return then();
      }
      // Nobody is counted and no number is asked for while a draft is looked at.
      shared.l = 0;
      shared.a = () => Promise.resolve();
      shared.b = draft.numbers;
      shared.C = { ...draft.config, u: shared.C.u, k: shared.C.k };
      shared.M = { token: null, numbers: draft.numbers };
      shared.r();
      then();
      list(shared, draft);
    }, then);
};

/** One line of the list. */
type Line = [printed: string, outcome: string, swapped: boolean];

type Place = (Text | Attr) & { _tl?: [original: string, ours: string] };

/** Every number of the page with what became of it. */
const lines = (shared: Shared, { config, labels }: Draft): Line[] => {
  const found: Line[] = [];
  const [first] = config.t;
  const code = config.e?.c || (first?.[1].startsWith("+1") ? "1" : first?.[1].slice(1, 3)) || "";
  const take = (place: Place, element: Element | null, link: boolean) => {
    if (!element || element.closest("[data-tl-list]") || found.length >= LISTED_MAX) return;
    const now = place.nodeValue!;
    if (place._tl?.[1] == now) return void found.push([place._tl[0].trim(), now.trim(), true]);
    for (const number of first ? plausible(now, code, first[1], link) : []) {
      const target = config.t.findIndex((one) => one[1] == number);
      const why = element.closest("input,textarea,code,pre,script,style,[contenteditable],[data-tl-skip]")
        ? "left alone: a field, code, or marked by the page"
        : !element.matches(config.o || "*")
          ? "left alone: outside of what the site names"
          : target < 0
            ? "none of the numbers to swap"
            : `${labels[target]}: no number to show yet`;
      found.push([number, why, false]);
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = walker.nextNode() as Text | null); ) take(text, text.parentElement, false);
  for (const name of shared.A)
    for (const element of document.querySelectorAll(`[${name}]`)) {
      const href = name == "href";
      const attribute = element.getAttributeNode(name)!;
      if (!href || /^(tel|sms|callto):/i.test(attribute.value)) take(attribute, element, href);
    }
  return found;
};

/** Draws the list in a corner of the page, and anew when the page has changed. */
const list = (shared: Shared, draft: Draft): void => {
  const host = document.createElement("aside");
  host.setAttribute("data-tl-skip", "");
  host.setAttribute("data-tl-list", "");
  host.setAttribute("aria-label", "Preview of the draft");
  const root = host.attachShadow({ mode: "open" });
  const style = document.createElement("style");
  style.textContent =
    ":host{all:initial;position:fixed;inset:auto 12px 12px auto;z-index:2147483647;max-width:min(420px,calc(100vw - 24px));font:14px/1.4 system-ui,sans-serif}" +
    "details{background:#fff;color:#1a1a1a;border:1px solid #bbb;border-radius:8px;box-shadow:0 4px 24px #0003}" +
    "summary{padding:10px 14px;font-weight:600;cursor:pointer}ul{margin:0;padding:0 14px 12px;list-style:none;max-height:50vh;overflow:auto}" +
    "li{padding:6px 0;border-top:1px solid #e5e5e5}b{font-weight:600}span{display:block;color:#555}.y span{color:#0a6b2d}";
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const rows = document.createElement("ul");
  details.open = true;
  details.append(summary, rows);
  root.append(style, details);
  const draw = () => {
    const all = lines(shared, draft);
    summary.textContent = `Draft: ${all.filter((line) => line[2]).length} of ${all.length} numbers swapped`;
    rows.replaceChildren(
      ...all.map(([printed, outcome, swapped]) => {
        const row = document.createElement("li");
        const number = document.createElement("b");
        const why = document.createElement("span");
        number.textContent = printed;
        why.textContent = swapped ? `becomes ${outcome}` : outcome;
        row.className = swapped ? "y" : "";
        row.append(number, why);
        return row;
      }),
    );
  };
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      if (!host.isConnected) document.body.append(host);
      draw();
    }, REST_MS);
  };
  document.body.append(host);
  draw();
  new MutationObserver((records) => records.some((record) => record.target != document.body || ![...record.addedNodes].includes(host)) && soon()).observe(document.body, { subtree: true, childList: true, characterData: true });
};
