/** Where the core comes from: the server, as a module that cannot hold up the page. */
import { shared } from "./engine.ts";

export const start = () => {
  import(shared.C.k).then((core) => core.s(shared), () => {});
};
