/**
 * The extras: what only some sites ask for in their settings. Fetched by the core, never by the loader. The engine is
 * the loader's here too.
 */
import type { Lent, Shared } from "./contract.ts";
import { forms } from "./extras/forms.ts";
import { attribute, auto } from "./extras/found.ts";
import { leaseLater } from "./extras/lease.ts";
import { frames, jsonLd, shadows } from "./extras/places.ts";
import { preview } from "./extras/preview.ts";
import { everywhere } from "./extras/slices.ts";

declare global {
  interface Window {
    /** Of the site's tag manager. */
    dataLayer?: unknown[];
  }
}

export const s = (shared: Shared, lent: Lent): void => preview(shared, () => start(shared, lent));

const start = (shared: Shared, lent: Lent): void => {
  const wanted = shared.C.e || {};
  // Each for itself: what a page makes impossible must not end the rest.
  const each = (use: () => void) => {
    try {
      use();
    } catch {}
  };
  if (wanted.a)
    each(() => {
      shared.A.push(...wanted.a!);
      // By name, so that the page is observed anew with them.
      shared.r(document.documentElement);
    });
  if (wanted.m == "auto") each(() => auto(shared, wanted, lent));
  if (wanted.m == "attribute") each(() => attribute(shared, wanted));
  if (wanted.j) each(() => jsonLd(shared));
  if (wanted.i) each(() => frames(shared, lent));
  if (wanted.s) each(() => shadows(shared, everywhere));
  /** What the site's tag manager hears, if the site has asked for it. */
  const push = (event: object) => wanted.d && (window.dataLayer ||= []).push(event);
  // Without a session nothing was told, and nothing is kept.
  if (wanted.f) each(() => forms(wanted.f!, lent, (form) => shared.M.token && push({ event: "trunkline_form_submitted", form })));
  const when = shared.M.w;
  if (when) each(() => leaseLater(shared, when, lent));
  if (wanted.d)
    lent.watch((target, number) => {
      // The printed number is no news.
      if (!shared.C.t.some((one) => one[1] == number)) push({ event: "trunkline_number", target, number });
    });
};
