/**
 * The swap engine: walks a page's text and attributes, replaces numbers, and keeps them replaced. Never touches markup.
 * It is a module with state and not a class, because a page has exactly one: the loader makes it, the core is handed it.
 */
import type { Shared } from "./contract.ts";
import { replacement } from "./number.ts";

/** A number may be spread over these; every other element ends a run of text. Texts and comments (`#…`) never do. */
const INLINE = /^(#.*|[abisu]|em|mark|s(mall|pan|trong|u.)|wbr)$/i;

/** In how many passes of one second an element may be written (the first and three again), and in how many anything. */
const enum PassesMax {
  Element = 4,
  Page = 99,
}

/** How long a walk may hold the page up before the rest of it waits its turn; a task of 50 ms counts as long. */
const SLICE_MS = 12;

/** A text or attribute remembers what stood in it and what we wrote there. */
type Place = (Text | Attr) & { _tl?: [original: string, ours: string] };

/**
 * An element remembers the last passes that wrote to it, newest first, and by name the places that were written: WebKit forgets
 * what an attribute remembers unless something on the page holds on to the attribute itself.
 */
type Written = Node & { _tl?: number[] & { [name: string]: Place } };

/** All that may stand for a target: its printed number first, then every number shown since. */
const wanted: Record<string, string> = {};
const texts: Text[] = [];
let replace: ReturnType<typeof replacement>;
let pass: number;

/** True when `place` was written in this pass and the `more` before it within a second; from then on for ever. */
const tooOften = (place: Written, more: number): boolean => {
  const last = (place._tl ||= [] as never);
  if (pass != last[0])
    if (last[more]! > pass - 1e3) last[more] = Infinity;
    else {
      last.unshift(pass);
      last.length = more + 1;
    }
  return last[more]! > pass;
};

/** Swaps texts or attributes as if they were one, so that a number may be spread over them; by default the run of texts so far. */
const swap = (places: Place[] = texts.splice(0)) => {
  const before = places.map((place) => (place._tl?.[1] == place.nodeValue ? place._tl![0] : place.nodeValue!));
  const cells = (places[0] && replace(before.join(""), (places[0] as Attr).name == "href")) as string[];
  places.forEach((place, i) => {
    const after = cells.splice(0, before[i]!.length).join("");
    const owner = place.parentElement || (place as Attr).ownerElement!;
    if (after != place.nodeValue && owner.matches(shared.C.o)) {
      if (tooOften(owner, PassesMax.Element - 1)) shared.g = 1;
      else ((owner as Written)._tl![(place as Attr).name] = place)._tl = [before[i]!, (place.nodeValue = after)];
      if (tooOften(document, PassesMax.Page - 1)) observer.disconnect();
      shared.o?.();
    }
  });
};

/** Swaps the attributes of `root`, and gathers its texts and those of the inline elements in it. */
const walk = (root: Element) => {
  for (const name of shared.A) {
    const attribute = root.attributes[name as never] as Attr | undefined;
    // Of addresses only those that dial or write to a number.
    if (attribute && (name != "href" || /^(tel|sms|callto):|wa.me|whatsapp/i.test(attribute.value))) swap([attribute]);
  }
  for (const child of root.childNodes as NodeListOf<Text | Element>)
    if ((child as Element).matches)
      if (INLINE.test(child.nodeName) && !(child as Element).matches(shared.L)) walk(child as Element);
      else swap();
    else if (child.nodeType == 3) texts.push(child as Text);
};

/**
 * Swaps what changed, as one pass in the order of the page: the block around each `target`, and all blocks of `addedNodes`.
 * It holds the page up for a slice at a time; between two blocks, when no text is gathered, others may have their turn.
 */
const work = async (changes: { target?: Node; addedNodes: Iterable<Node> }[]) => {
  const seen = new Set<Node>();
  // Told apart as an object, compared as a time: clocks are coarse.
  let begun = (pass = new Date() as never);
  for (const change of changes)
    for (const root of [change.target, ...change.addedNodes] as Element[])
      for (const nodes of [[root], (root != change.target && !seen.has(root) && root.querySelectorAll?.("*")) || []])
        for (let node of nodes) {
          for (; node && INLINE.test(node.nodeName); node = node.parentElement!);
          if (node && !seen.has(node) && !node.closest(shared.L)) {
            seen.add(node);
            walk(node);
            swap();
          }
          if ((new Date() as never) - begun > SLICE_MS) {
            // Both ways to settle the promise go to the timer; the second, which should be a time, counts as none.
            await new Promise(setTimeout as never);
            begun = new Date() as never;
          }
        }
};

const observer = new MutationObserver(work);

/** What loader and core share; the loader fills it. */
export const shared = {
  q: [],
  // Fields, code, scripts, what a person is writing in, and what the page's author excludes; then the roots of frameworks.
  L: "head,input,textarea,code,pre,script,style,:read-write,[data-tl-skip],#__next,#__nuxt,[data-tl-hydrate]",
  A: ["href", "title", "aria-label"],
  r(root = document.documentElement) {
    shared.C.t.forEach((target) => (wanted[target[1]] = target[0]));
    shared.M.numbers.forEach((shown) => (wanted[shown.n] ||= shown.t));
    replace = replacement(wanted, shared.M.numbers, shared.C.d, shared.y);
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributeFilter: shared.A });
    work([{ addedNodes: [root] }]);
  },
} as unknown as Shared;
