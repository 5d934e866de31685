/** Finds a telephone number in text however it is printed, and writes another one in the same form. Knows no DOM. */
import type { Shown } from "./contract.ts";

/**
 * Anything people put between the digits of a number: spaces, brackets, dots, hyphens of all kinds, marks without
 * width. Not a comma or an apostrophe, which group the digits of an amount, and not the plus of a next number.
 */
const GAP = "[^\\w,'+]*";

/** The letters of each key of a telephone before its digit: with them, vanity numbers are numbers. */
export const KEYS = "01abc2def3ghi4jkl5mno6pqrs7tuv8wxyz9";

/**
 * The pattern of an E.164 number, with or without its country code, trunk zero and brackets. Calling codes 1 and 7
 * have one digit; all others two or three: at `least` so many third digits or trunk zeros stand with the national number.
 */
const pattern = (number: string, least: unknown, keys?: string): string => {
  const long = +((number[1] as never) % 6 != 1);
  return (
    `((?:(?:\\+|00)?${number.slice(1, 2 + long)}${GAP})?` +
    // An opening bracket belongs to the number only if it closes around its first digits.
    "(?:\\((?=\\w+\\)))?" +
    (long ? `(?:[0${number[3]}]${GAP}){${least},3}` : "") +
    [...number.slice(2 + 2 * long)].map((digit) => `[${keys?.match(`[a-z]*${digit}`) || digit}]`).join(GAP) +
    // Not within a longer number: digits attached, or a separator and a single digit group as in `5551 234 567 8`,
    // unless that digit counts days or hours.
    "(?![^\\w\\s]?\\d|\\s\\d(?!\\d| days| ?[ap]m)))"
  );
};

/**
 * Makes the replacement of all `wanted` numbers (E.164, with the target each stands for) by the first that `current`
 * has for the target: one expression and one pass over the original text, so that no replacement is matched again.
 *
 * The replacement gives a text back cut into its characters, each place holding what is to stand there now: a text
 * that is spread over nodes can be put back piece by piece. In a `link`, a number of another form goes in as E.164.
 */
export const replacement = (wanted: Record<string, string>, current: Shown[], least: unknown, keys?: string) => {
  const numbers = Object.keys(wanted);
  const patterns = numbers.map((number) => pattern(number, least, keys)).join("|");
  // The second half finds what is only part of a longer run, or of another country's number, so that it is passed over.
  const expression = new RegExp(`${patterns}|(?:\\d[.-]?|\\+\\d{1,3}\\W*)(${patterns})`, "gi");
  return (text: string, link: boolean): string[] => {
    const cells = text.split("");
    // Of equal length, so that places hold; the digits of an escaped space are none of the number's.
    const plain = text.replaceAll("%20", "   ");
    for (const match of plain.matchAll(expression)) {
      // No group is the whole match where something longer was found.
      const found = numbers[match.indexOf(match[0], 1) - 1];
      const start = match.index!;
      let end = start + match[0].length;
      if (found) {
        const { n, f } = current.find((number) => number.t == wanted[found]) || ({ n: found } as Shown);
        let i = n.length;
        if (f || found.length != i) cells.fill("", start, end)[start] = link ? n.slice(+(text[0] == "h")) : f || n;
        // From the right, digit for digit; a trunk or exit zero stands where the number has another digit.
        else for (; end > start; ) if (/\w/.test(plain[--end]!) && (plain[end] != "0" || found[i - 1] == "0")) cells[end] = n[--i]!;
      }
    }
    return cells;
  };
};
