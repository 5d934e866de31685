// The lists that many pages share: they are small, the API gives them whole, and forms choose from them.

import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";

export const sitesQuery = () =>
  queryOptions({
    queryKey: ["sites"],
    queryFn: async () => (await take(api.GET("/api/v1/sites"))).items,
  });

export const trunksQuery = () =>
  queryOptions({
    queryKey: ["trunks"],
    queryFn: async () => (await take(api.GET("/api/v1/trunks"))).items,
  });

export const numbersQuery = () =>
  queryOptions({
    queryKey: ["numbers"],
    queryFn: async () => (await take(api.GET("/api/v1/numbers"))).items,
  });

export const poolsQuery = () =>
  queryOptions({
    queryKey: ["pools"],
    queryFn: async () => (await take(api.GET("/api/v1/pools"))).items,
  });

export const flowsQuery = () =>
  queryOptions({
    queryKey: ["flows"],
    queryFn: async () => (await take(api.GET("/api/v1/flows"))).items,
  });

export const countsQuery = () =>
  queryOptions({
    queryKey: ["calls", "counts"],
    queryFn: () => take(api.GET("/api/v1/calls/counts")),
  });
