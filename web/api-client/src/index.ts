// The typed client of the management API: a wrong path or field is a compile error.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type { components, paths } from "./schema";

/** A schema of the API by its name: `Schema<"CallSummary">`. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** Makes a client for the server at `baseUrl`; in a browser the login cookie travels along. */
export function createApi(baseUrl: string, fetcher?: typeof fetch) {
  return createClient<paths>({
    baseUrl,
    credentials: "same-origin",
    ...(fetcher ? { fetch: fetcher } : {}),
  });
}

export type Api = ReturnType<typeof createApi>;
