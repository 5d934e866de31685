// What is bought from carriers, and how it stands.

import { queryOptions } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import type { Tone } from "../../parts/State";

export type Offer = Schema<"NumberOffer">;
export type Purchase = Schema<"Purchase">;
export type LineKind = "local" | "toll_free" | "mobile";

export const lineKinds: Record<LineKind, string> = { local: "Local", toll_free: "Toll-free", mobile: "Mobile" };

/** Countries with local numbers at Twilio and Telnyx, who say for each search whether they have any. */
const SOLD_WIDELY =
  "US CA GB IE DE AT CH FR BE NL LU ES PT IT DK SE NO FI PL CZ SK HU RO BG GR HR SI EE LV LT CY MT IL ZA AU NZ JP HK SG PH TH MY ID BR MX AR CL CO PE PA DO PR";
/** Countries that each carrier sells numbers of. */
const sold: Record<string, string[]> = {
  twilio: SOLD_WIDELY.split(" "),
  telnyx: SOLD_WIDELY.split(" "),
  signalwire: ["US", "CA"],
};
const regions = new Intl.DisplayNames("en", { type: "region" });

/** The countries a carrier sells numbers of as choices, the account's own first. */
export function countriesOf(dialect: string, home: string): { value: string; label: string }[] {
  const codes = sold[dialect] ?? [home];
  const named = codes.map((value) => ({ value, label: regions.of(value) ?? value }));
  return named.sort(
    (a, b) => Number(b.value === home) - Number(a.value === home) || a.label.localeCompare(b.label),
  );
}

/** Whether area codes there have three digits. */
export const northAmerican = (country: string): boolean => ["US", "CA", "PR", "DO"].includes(country);

/** What to write as an area code. */
export function areaHint(country: string, kind: LineKind): string {
  if (!northAmerican(country)) return "As dialled there, without the 0 before it";
  return kind === "toll_free" ? "Toll-free numbers have none" : "Three digits";
}

const states: Record<string, { tone: Tone; word: string }> = {
  offered: { tone: "off", word: "Offered" },
  sending: { tone: "live", word: "Being looked up" },
  bought: { tone: "ok", word: "Bought" },
  refused: { tone: "bad", word: "Not sold" },
  not_bought: { tone: "off", word: "Not bought" },
};

/** How a purchase stands, also in a state that this build does not know yet. */
export function purchaseState(state: string): { tone: Tone; word: string } {
  return states[state] ?? { tone: "off", word: state };
}

export const purchasesQuery = () =>
  queryOptions({
    queryKey: ["purchases"],
    queryFn: async () => (await take(api.GET("/api/v1/purchases"))).items,
  });
