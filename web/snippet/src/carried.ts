/** Stands in for `fetched.ts` in the all-inline form: the block carries its core with it. */
import { s } from "./core.ts";
import { shared } from "./engine.ts";

export const start = () => s(shared);
