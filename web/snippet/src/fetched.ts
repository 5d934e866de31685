/** Where the core comes from: the server, as a module. */
import { shared } from "./engine.ts";

export const start = async () => {
  try {
    // Outside Chromium a module that hangs holds up the page's `load`, a fetch never does; the module then comes from the cache.
    await fetch(shared.C.k);
    (await import(shared.C.k)).s(shared);
  } catch {}
};
