/** Notices taps on links that dial a number of this site. */
import type { Shared } from "../contract.ts";

/** A national number has at least this many digits; fewer could be anybody's. */
const DIGITS_MIN = 7;

/** The number of this site (E.164) that a `tel:` link dials, shown or printed. */
export const dialled = (shared: Shared, href: string): string | undefined => {
  const digits = decodeURIComponent(href)
    .replace(/[;?].*|\(0\)/g, "")
    .replace(/\D/g, "")
    .replace(/^0+/, "");
  const numbers = [...shared.M.numbers.map((shown) => shown.n), ...shared.C.t.map((target) => target[1])];
  return digits.length < DIGITS_MIN ? undefined : numbers.find((number) => number.endsWith(digits));
};

/** Calls `tapped` at once: the telephone may take the page away. */
export const onTap = (shared: Shared, root: Document, tapped: (number: string) => void): void =>
  root.addEventListener(
    "click",
    (event) => {
      const link = (event.composedPath()[0] as Element).closest?.<HTMLAnchorElement>('a[href^="tel:" i],a[href^="callto:" i]');
      try {
        const number = link && dialled(shared, link.getAttribute("href") as string);
        if (number) tapped(number);
      } catch {}
    },
    true,
  );
