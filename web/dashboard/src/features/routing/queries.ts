// What the distribution pages ask of the API. Documents have types of their own, given to the API's here and nowhere else.

import { queryOptions, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, Refused, take } from "../../api/client";
import { useMe } from "../access/session";
import type { Compliance, DuplicateRule, FeedDocument, Filter, Keep, Layer, RoutePlan } from "./documents";

export type Version<D> = Omit<Schema<"TermsVersion">, "document"> & { document: D };
export type Terms<D> = Omit<Schema<"Terms">, "live" | "staged"> & {
  live?: Version<D> | null;
  staged?: Version<D> | null;
};
export type Campaign = Omit<Schema<"Campaign">, "terms" | "plan" | "duplicates" | "compliance" | "recordings"> & {
  terms: Terms<Layer>;
  plan: Terms<RoutePlan>;
  duplicates: DuplicateRule[];
  compliance: Compliance;
  recordings: { keep: Keep };
};
export type Buyer = Omit<Schema<"Buyer">, "terms"> & { terms: Terms<Layer> };
export type Destination = Omit<Schema<"Destination">, "terms" | "endpoint"> & {
  terms: Terms<Layer>;
  endpoint?: Record<string, unknown> | null;
};
export type Contract = Omit<Schema<"Contract">, "terms"> & { terms: Terms<Layer> };
export type Feed = Omit<Schema<"Feed">, "terms"> & { terms: Terms<FeedDocument> };
export type NamedFilter = { name: string; filter: Filter };
export type Vertical = Omit<Schema<"Vertical">, "filters"> & { filters: NamedFilter[] };
export type Publisher = Schema<"Publisher">;
export type ItemList = Schema<"ItemList">;
export type Effective = Schema<"EffectiveTerms">;

/** The API describes documents as plain objects: their definition is the core's. */
export const sent = (document: object) => document as unknown as Record<string, never>;
export const at = (id: string) => ({ path: { id } });

const PAGE = 500;
const PAGES_MAX = 10;

type Page<T> = { items: T[]; next_cursor?: string | null };

/** Every page of a list that is small by nature, up to a limit nobody's account reaches by hand. */
async function whole<T>(ask: (query: { limit: number; cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const next = await ask({ limit: PAGE, cursor });
    found.push(...next.items);
    if (!next.next_cursor) break;
    cursor = next.next_cursor;
  }
  return found;
}

type Away = { archived?: boolean };

export const campaignsQuery = ({ archived = false }: Away = {}) =>
  queryOptions({
    queryKey: ["campaigns", archived],
    queryFn: async () =>
      (await whole((query) => take(api.GET("/api/v1/campaigns", { params: { query: { ...query, archived } } })))) as unknown as Campaign[],
  });

export const buyersQuery = ({ archived = false }: Away = {}) =>
  queryOptions({
    queryKey: ["buyers", archived],
    queryFn: async () =>
      (await whole((query) => take(api.GET("/api/v1/buyers", { params: { query: { ...query, archived } } })))) as unknown as Buyer[],
  });

export const destinationsQuery = ({ archived = false }: Away = {}) =>
  queryOptions({
    queryKey: ["destinations", archived],
    queryFn: async () =>
      (await whole((query) =>
        take(api.GET("/api/v1/destinations", { params: { query: { ...query, archived } } })),
      )) as unknown as Destination[],
  });

export const contractsQuery = ({ archived = false }: Away = {}) =>
  queryOptions({
    queryKey: ["contracts", archived],
    queryFn: async () =>
      (await whole((query) => take(api.GET("/api/v1/contracts", { params: { query: { ...query, archived } } })))) as unknown as Contract[],
  });

export const publishersQuery = ({ archived = false }: Away = {}) =>
  queryOptions({
    queryKey: ["publishers", archived],
    queryFn: () => whole((query) => take(api.GET("/api/v1/publishers", { params: { query: { ...query, archived } } }))),
  });

export const feedsQuery = ({ archived = false }: Away = {}) =>
  queryOptions({
    queryKey: ["feeds", archived],
    queryFn: async () =>
      (await whole((query) => take(api.GET("/api/v1/feeds", { params: { query: { ...query, archived } } })))) as unknown as Feed[],
  });

export const listsQuery = () =>
  queryOptions({
    queryKey: ["lists"],
    queryFn: () => whole((query) => take(api.GET("/api/v1/lists", { params: { query } }))),
  });

export const effectiveQuery = (contract: string) =>
  queryOptions({
    queryKey: ["effective", contract],
    queryFn: () => take(api.GET("/api/v1/contracts/{id}/effective", { params: at(contract) })),
  });

export const versionsQuery = <D>(id: string) =>
  queryOptions({
    queryKey: ["terms", id, "versions"],
    queryFn: async () =>
      (await take(api.GET("/api/v1/terms/{id}/versions", { params: at(id) }))).items as unknown as Version<D>[],
  });

export const presetsQuery = () =>
  queryOptions({
    queryKey: ["endpoint-presets"],
    queryFn: async () => (await take(api.GET("/api/v1/endpoint-presets"))).items,
    staleTime: Infinity,
  });

/** What campaigns of each trade begin with. */
export const verticalsQuery = () =>
  queryOptions({
    queryKey: ["verticals"],
    queryFn: async () => (await take(api.GET("/api/v1/verticals"))).items as unknown as Vertical[],
    staleTime: Infinity,
  });

/** The trade of this word, when it is one that has a beginning. */
export function useVertical(word: string | null | undefined): Vertical | undefined {
  const verticals = useQuery({ ...verticalsQuery(), enabled: Boolean(word) }).data;
  return verticals?.find((each) => each.id === word);
}

/** The opportunities of a call, in the order in which they came. */
export const callOpportunitiesQuery = (call: string) =>
  queryOptions({
    queryKey: ["opportunities", "call", call],
    queryFn: async () => (await take(api.GET("/api/v1/calls/{id}/opportunities", { params: at(call) }))).items,
  });

/** An opportunity with its trace; one that is not there is not asked for again. */
export const opportunityQuery = (id: string | undefined) => ({
  queryKey: ["opportunity", id],
  queryFn: () => take(api.GET("/api/v1/opportunities/{id}", { params: at(id ?? "") })),
  enabled: id !== undefined,
  retry: (failures: number, error: Error) => !(error instanceof Refused && error.status === 404) && failures < 2,
});

const CAPS_EVERY_MS = 5_000;

export const capsQuery = (of: { campaign?: string; buyer?: string } = {}) =>
  queryOptions({
    queryKey: ["caps", of.campaign ?? "", of.buyer ?? ""],
    queryFn: () => take(api.GET("/api/v1/caps", { params: { query: of } })),
    refetchInterval: CAPS_EVERY_MS,
  });

/** After a change: everything of distribution is asked again, because levels lean on each other. */
const about = new Set([
  "campaigns",
  "buyers",
  "destinations",
  "contracts",
  "publishers",
  "feeds",
  "lists",
  "effective",
  "terms",
  "caps",
]);

export function refresh(queries: QueryClient): Promise<void> {
  return queries.invalidateQueries({ predicate: (query) => about.has(String(query.queryKey[0])) });
}

export function useRefresh(): () => Promise<void> {
  const queries = useQueryClient();
  return () => refresh(queries);
}

/** The currency of every amount of the account. */
export function useCurrency(): string {
  return useMe().account.currency;
}

/** Names of lists by their ids, for filters in words. */
export function useListNames(): ReadonlyMap<string, string> {
  const lists = useQuery(listsQuery()).data ?? [];
  return new Map(lists.map((list) => [list.id, list.name]));
}

/** Names by ids, for cells that must never show an id. */
export function byId<T extends { id: string }>(items: readonly T[] | undefined): ReadonlyMap<string, T> {
  return new Map((items ?? []).map((item) => [item.id, item]));
}
