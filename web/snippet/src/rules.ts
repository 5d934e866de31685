/** Source-level rules: which numbers this page shows by its own address and referrer, without asking anybody. */
import type { Config, Shown } from "./contract.ts";

/**
 * Reads the document's address and referrer by the rules of the block. Answers whether this is a new touch to record
 * (it comes from elsewhere or carries campaign parameters), and the numbers of the first rule that matches, if any does.
 */
export const arrival = ({ r, t }: Config): [touch: unknown, numbers: Shown[] | undefined] => {
  const query = new URLSearchParams(location.search);
  const from = document.referrer.split(/[/:]/)[3];
  const rule = r.find(([kind, names, pattern]) => {
    // Several parameters count as one value; a missing one as nothing. `*` matches, no referrer never does.
    const value = { p: names.split(" ").map((name) => query.get(name)).join(" "), r: from, "*": "" }[kind];
    return value != null && new RegExp(`^(?:${pattern})$`, "i").test(value);
  });
  // Click ids and campaign parameters: an arrival with one of these is a new touch.
  return [(from && from != location.hostname) || rule?.[0] == "p" || /utm_|cl?k?id=|braid=|epik=|li_fat/i.test(query as never), rule?.[3].flatMap((shown, i) => (shown ? { t: t[i]![0], n: shown[0], f: shown[1] } : []))];
};
