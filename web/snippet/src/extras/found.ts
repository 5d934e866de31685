/** Numbers that are none of the targets: mode `auto` takes them for the first target, mode `attribute` for the one named. */
import type { Extras, Lent, Shared } from "../contract.ts";
import { replacement } from "../number.ts";
import { plausible } from "./plausible.ts";
import { everywhere } from "./slices.ts";

/** Numbers that `auto` takes in at most; a page with more is a directory of other people's. */
const FOUND_MAX = 50;

/** How often a marked element is written at most. */
const WRITES_MAX = 4;

/** Where no number is looked for. */
const LEAVE = "head,input,textarea,code,pre,script,style,[contenteditable]:not([contenteditable^=f]),[data-tl-skip]";

const isDial = (href: string | null | undefined): href is string => /^(tel|sms|callto):/i.test(href || "");

/** Every plausible number stands for the first target. */
export const auto = (shared: Shared, { c = "", x = [] }: Extras, lent: Lent): void => {
  const [main, printed] = shared.C.t[0]!;
  const found = new Set<string>();
  const own = new Set([...x, ...shared.C.t.map((target) => target[1])]);
  const swap = shared.r;
  // Behind the numbers to show they only say what else stands for the target, here and on the next page.
  const enlist = () => {
    const first = shared.M.numbers.find((shown) => shown.t == main);
    if (!first || found.has(first.n)) return;
    const there = new Set(shared.M.numbers.map((shown) => shown.n));
    shared.M.numbers = shared.M.numbers.concat([...found].filter((n) => !there.has(n)).map((n) => ({ t: main, n })));
  };
  shared.r = (root) => {
    if (!root) enlist();
    swap(root);
  };
  let before = 0;
  const take = (element: Element, text: string, link: boolean) => {
    if (element.closest(LEAVE) || !element.matches(shared.C.o || "*")) return;
    for (const number of plausible(text, c, printed, link))
      if (!own.has(number) && !shared.M.numbers.some((shown) => shown.n == number) && found.size < FOUND_MAX) found.add(number);
  };
  everywhere(
    (node) => {
      if (node.nodeType == 3) node.parentElement && /\d{2}/.test(node.nodeValue!) && take(node.parentElement, node.nodeValue!, false);
      else {
        const href = (node as Element).getAttribute("href");
        if (isDial(href)) take(node as Element, href.replace(/[?;].*/, ""), true);
      }
    },
    () => {
      if (found.size == before) return;
      before = found.size;
      shared.r();
      lent.keep();
    },
  );
};

/** What an element with `data-tl-number` shows becomes the number printed for the target named there; the engine swaps it then. */
export const attribute = (shared: Shared, { c = "", n = [] }: Extras): void => {
  const plain = (text: string) => text.trim().toLowerCase();
  const labels = n.map(plain);
  const written = new WeakMap<Node, number>();
  const take = (place: Text | Attr, element: Element, link: boolean) => {
    const [id, printed] = shared.C.t[labels.indexOf(plain(element.getAttribute("data-tl-number")!))] || [];
    const text = place.nodeValue!;
    if (!id) return;
    const own = (number: string) => number == printed || shared.M.numbers.some((shown) => shown.t == id && shown.n == number);
    const others = plausible(text, c, printed!, true).filter((number) => !own(number));
    const count = written.get(place) || 0;
    if (!others.length || count >= WRITES_MAX) return;
    written.set(place, count + 1);
    const wanted = Object.fromEntries(others.map((number) => [number, id]));
    place.nodeValue = replacement(wanted, [{ t: id, n: printed! }], shared.C.d)(text, link).join("");
  };
  everywhere((node) => {
    const element = (node.nodeType == 3 ? node.parentElement : (node as Element))?.closest("[data-tl-number]");
    if (!element || element.closest(LEAVE)) return;
    if (node.nodeType == 3) take(node as Text, element, false);
    else {
      const href = (node as Element).getAttributeNode("href");
      if (href && isDial(href.value)) take(href, element, true);
    }
  });
};
