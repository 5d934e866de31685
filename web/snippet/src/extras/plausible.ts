/**
 * Finds what is plausibly a telephone number of one country in a text, whoever's it is. Knows no DOM.
 *
 * The server reads pages by the same rules (`trunkline_core::assignment::find`); both are held to `test/vectors.json`.
 */

/** A run of digits as numbers are grouped: a plus or bracket, digits, and at most three marks between them. */
const RUN = /[+(]{0,2}\d(?:[\s().\-\u00a0\u2010-\u2015\u2212\u00b7]{0,3}\d){5,18}/g;

/** How people group the digits of a North American number; a date or an order has other groups. */
const GROUPS = /^(?:(?:00)?1 ?)?\d{3} ?\d{3} ?\d{4}$/;

/** Directly before a run these make it part of something else: a longer number, an amount, an address. */
const BEFORE = /[\w.,#$€£@/=+-]$/;

/** Directly behind a run these do, except an extension. */
const BEHIND = /^(?!x\d|ext)(?:[\w%]|[.,]\d)/i;

/**
 * The numbers (E.164) in `text` that have the form of a national or international number of the calling code `code`,
 * with as many national digits as `like`. Digits without any mark between count only in a `link`.
 */
export const plausible = (text: string, code: string, like: string, link = false): string[] => {
  const found: string[] = [];
  const length = like.length - 1 - code.length;
  for (const match of text.matchAll(RUN)) {
    const run = match[0];
    const start = match.index!;
    if ((!link && (BEFORE.test(text.slice(0, start)) || /^\d+$/.test(run))) || BEHIND.test(text.slice(start + run.length))) continue;
    const national = digitsOf(run, code, length);
    if (national) found.push("+" + code + national);
  }
  return found;
};

/** The national digits of a run, if it has the form of a number. */
const digitsOf = (run: string, code: string, length: number): string | undefined => {
  let digits = run.replace(/\D/g, "");
  const international = /^\(?\+/.test(run) || digits.startsWith("00" + code);
  if (international) {
    digits = digits.replace(/^00/, "");
    if (!digits.startsWith(code)) return;
    digits = digits.slice(code.length).replace(code == "1" ? /^/ : /^0/, "");
  } else if (code == "1") digits = digits.replace(/^1(?=\d{10}$)/, "");
  else digits = digits.replace(/^0/, "");
  if (digits.length != length || (code == "1" && !GROUPS.test(run.replace(/\D+/g, " ").trim()))) return;
  // North American area codes and exchanges begin with 2 to 9.
  return code != "1" || /^[2-9]\d\d[2-9]/.test(digits) ? digits : undefined;
};
