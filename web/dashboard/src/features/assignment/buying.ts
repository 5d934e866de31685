// What is bought from carriers, and how it stands.

import { queryOptions } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import type { Tone } from "../../parts/State";

export type Offer = Schema<"NumberOffer">;
export type Purchase = Schema<"Purchase">;
export type LineKind = "local" | "toll_free" | "mobile";

export const lineKinds: Record<LineKind, string> = { local: "Local", toll_free: "Toll-free", mobile: "Mobile" };

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
