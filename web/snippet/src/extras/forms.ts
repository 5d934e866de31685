/** Keeps the contact details of a form that the site has named, as evidence of who called. Never passwords or cards. */
import type { Detail, FormCapture, Lent } from "../contract.ts";

/** Longest value and longest consent text that are sent, in characters. */
const VALUE_MAX = 200;
const CONSENT_MAX = 1000;

/** Longest address of the page that is sent. */
const PAGE_MAX = 2000;

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const field = (form: HTMLFormElement, name: string): Field | null => {
  const named = form.elements.namedItem(name);
  if (named instanceof Element) return named as Field;
  try {
    return form.querySelector<Field>(name);
  } catch {
    return null;
  }
};

/** Whether digits have the check digit of a payment card (ISO/IEC 7812-1, annex B). */
export const isCard = (text: string): boolean => {
  const digits = text.replace(/\D/g, "");
  if (digits.length < 13 || digits.length > 19 || text.trim().startsWith("+")) return false;
  const sum = [...digits].reverse().reduce((all, digit, i) => all + (i % 2 ? (+digit * 2 > 9 ? +digit * 2 - 9 : +digit * 2) : +digit), 0);
  return sum % 10 == 0;
};

const value = (form: HTMLFormElement, name: string): string | undefined => {
  const found = field(form, name);
  if (!found || !("value" in found) || /^(password|file|checkbox|radio)$/.test(found.type)) return;
  if (/cc-|password|one-time-code/.test(found.getAttribute("autocomplete") || "")) return;
  const text = found.value.trim().slice(0, VALUE_MAX);
  return text && !isCard(text) ? text : undefined;
};

/** `kept` hears the selector of each form whose details were told, and never what was in it. */
export const forms = (captures: FormCapture[], lent: Lent, kept: (form: string) => void): void =>
  document.addEventListener(
    "submit",
    ({ target }) => {
      const form = target as HTMLFormElement;
      const capture = captures.find(({ s }) => {
        try {
          return form.matches(s);
        } catch {
          return false;
        }
      });
      if (!capture) return;
      const details: Partial<Record<Detail, string>> = {};
      for (const [detail, name] of Object.entries(capture.m) as [Detail, string][]) {
        const text = value(form, name);
        if (text) details[detail] = text;
      }
      if (!Object.keys(details).length) return;
      lent.tell({ k: "form", page: location.href.slice(0, PAGE_MAX), ...details, ...(capture.c ? { consent: capture.c.slice(0, CONSENT_MAX) } : {}) });
      kept(capture.s);
    },
    true,
  );
