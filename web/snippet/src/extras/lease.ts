/** Asks for a number of the session's own only when the visitor sees one (`view`) or turns to one (`intent`). */
import type { Lent, Shared } from "../contract.ts";
import { KEYS } from "../number.ts";
import { inSlices } from "./slices.ts";

/** The text around a number is at most this long; more is not about the number. */
const AROUND_MAX = 300;

/** How far above what was pointed at a number may be looked for. */
const UP_MAX = 3;

const onlyDigits = (text: string) => text.replace(/\D/g, "");
const keyed = (text: string) => text.toLowerCase().replace(/[a-z]/g, (letter) => KEYS.slice(KEYS.indexOf(letter)).match(/\d/)![0]);

/** Whether `text` holds one of the national `numbers`, in digits or letters. */
export const holds = (text: string, numbers: string[]): boolean => {
  const digits = onlyDigits(text);
  const letters = onlyDigits(keyed(text));
  return numbers.some((number) => digits.includes(number) || letters.includes(number));
};

export const leaseLater = (shared: Shared, when: "view" | "intent", lent: Lent): void => {
  const ends: (() => void)[] = [];
  const lease = () => {
    // Without consent there is no session that could hold a number.
    if (!shared.l) return;
    ends.splice(0).forEach((end) => end());
    if (shared.M.w) lent.want();
  };
  /** Printed and shown numbers without what may be left out in print. */
  const numbers = () => [...shared.C.t.map((target) => target[1]), ...shared.M.numbers.map((shown) => shown.n)].map((n) => n.slice(n[1] == "1" ? 2 : 4));
  const near = (element: Element | null): Element | undefined => {
    for (let i = 0; element && i <= UP_MAX; i++, element = element.parentElement) {
      const text = element.textContent!;
      if (text.length > AROUND_MAX) return;
      if (holds(text + " " + (element.getAttribute("href") || ""), numbers())) return element;
    }
    return;
  };
  if (when == "view") {
    const sight = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && lease());
    ends.push(() => sight.disconnect());
    const look = (root: Node) =>
      inSlices(root, (node) => {
        const element = node.nodeType == 3 ? node.parentElement : isDial(node as Element) ? (node as Element) : null;
        if (element && (node.nodeType == 1 || /\d|[a-z]{7}/i.test(node.nodeValue!))) {
          const block = near(element);
          if (block) sight.observe(block);
        }
      });
    look(document.body || document.documentElement);
    const added = new MutationObserver((records) => records.forEach((record) => record.addedNodes.forEach(look)));
    added.observe(document.documentElement, { subtree: true, childList: true });
    ends.push(() => added.disconnect());
  } else
    for (const name of ["pointerover", "pointerdown", "focusin", "copy"] as const) {
      const turn = (event: Event) => {
        const target = event.composedPath()[0];
        if (name == "copy" ? holds(String(getSelection()), numbers()) : target instanceof Element && near(target)) lease();
      };
      document.addEventListener(name, turn, { capture: true, passive: true });
      ends.push(() => document.removeEventListener(name, turn, true));
    }
};

const isDial = (element: Element) => /^(tel|sms|callto):/i.test(element.getAttribute("href") || "");
