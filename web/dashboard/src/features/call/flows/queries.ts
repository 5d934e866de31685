// What the flow pages ask of the API; a flow's document has its own types, given to the API's here and nowhere else.

import { queryOptions } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../../api/client";
import type { FlowDocument, FlowNode, Kind, Outcomes } from "./document";
import type { NodeKind } from "./words";

export type Flow = Omit<Schema<"Flow">, "draft" | "published"> & { draft: FlowDocument; published?: Version | null };
export type Version = Omit<Schema<"FlowVersion">, "document"> & { document: FlowDocument };
export type TryInput = Omit<Schema<"FlowTryInput">, "document"> & { document: FlowDocument };

/** The API describes documents as plain objects: their definition is the core's. */
const sent = (document: FlowDocument) => document as unknown as Record<string, never>;
const got = (flow: Schema<"Flow">) => flow as unknown as Flow;
const at = (id: string) => ({ path: { id } });

export const flowQuery = (id: string) =>
  queryOptions({
    queryKey: ["flow", id],
    queryFn: async () => got(await take(api.GET("/api/v1/flows/{id}", { params: at(id) }))),
    staleTime: 0,
    refetchOnWindowFocus: false,
  });

export const flowVersionsQuery = (id: string) =>
  queryOptions({
    queryKey: ["flow", id, "versions"],
    queryFn: async () => {
      const page = await take(api.GET("/api/v1/flows/{id}/versions", { params: at(id) }));
      return page.items as unknown as Version[];
    },
  });

export const flowNodesQuery = () =>
  queryOptions({
    queryKey: ["flow-nodes"],
    queryFn: async () => (await take(api.GET("/api/v1/flow-nodes"))).items,
    staleTime: Infinity,
  });

/** Campaigns that calls can be handed to. */
export const campaignsQuery = () =>
  queryOptions({
    queryKey: ["campaigns"],
    queryFn: async () => (await take(api.GET("/api/v1/campaigns"))).items,
  });

export const create = async (name: string, document: FlowDocument) =>
  got(await take(api.POST("/api/v1/flows", { body: { name, document: sent(document) } })));

export const saveDraft = async (id: string, edits: number, name: string, document: FlowDocument) =>
  got(
    await take(
      api.PUT("/api/v1/flows/{id}/draft", { params: at(id), body: { edits, name, document: sent(document) } }),
    ),
  );

export const publish = async (id: string, edits: number) =>
  got(await take(api.POST("/api/v1/flows/{id}/publish", { params: at(id), body: { edits } })));

export const restore = async (id: string, version: number, edits: number) =>
  got(
    await take(
      api.POST("/api/v1/flows/{id}/versions/{version}/restore", {
        params: { path: { id, version } },
        body: { edits },
      }),
    ),
  );

export const archive = async (id: string, edits: number, archived: boolean) =>
  got(await take(api.POST("/api/v1/flows/{id}/archive", { params: at(id), body: { edits, archived } })));

export const read = async (id: string) => got(await take(api.GET("/api/v1/flows/{id}", { params: at(id) })));

export const remove = (id: string) => take(api.DELETE("/api/v1/flows/{id}", { params: at(id) }));

export const tryOut = (id: string, input: TryInput) =>
  take(api.POST("/api/v1/flows/{id}/try", { params: at(id), body: { ...input, document: sent(input.document) } }));

/** What the kinds of this server can come to. */
export function outcomesOf(kinds: readonly NodeKind[]): Outcomes {
  return Object.fromEntries(kinds.map((each) => [each.kind as Kind, each.outcomes]));
}

/** A new node of a kind, as the server makes one. */
export function templateOf(kinds: readonly NodeKind[], kind: Kind): FlowNode {
  const found = kinds.find((each) => each.kind === kind);
  return structuredClone((found?.template ?? { kind }) as unknown as FlowNode);
}
