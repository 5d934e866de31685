/** The assignment in memory and in browser storage: kept only as far as the visitor has agreed. */
import type { Memory, Shared } from "../contract.ts";

export interface Store {
  /** Writes the assignment to browser storage, if the visitor has agreed to that. */
  keep(): void;
  /** The server has just heard of us: the assignment is ours for its whole time again. */
  extend(): void;
  /** Forgets everything: the page goes back to its source's or its own numbers. */
  forget(): void;
  /** The numbers may be another visitor's: the page goes back to its source's or its own, and only the token is kept. */
  lapse(): void;
  /** Takes over what another page of this site has stored meanwhile. */
  adopt(): void;
  /** Calls `changed` when another page of this site has stored something else. */
  watch(changed: () => void): void;
}

export const store = (shared: Shared): Store => {
  const key = shared.C.u;
  // Storage may be full, or refused by the browser's settings.
  const attempt = <T>(use: () => T): T | null => {
    try {
      return use();
    } catch {
      return null;
    }
  };
  const self: Store = {
    keep() {
      attempt(() => (shared.l > 1 ? localStorage.setItem(key, JSON.stringify(shared.M)) : localStorage.removeItem(key)));
    },
    extend() {
      shared.M.x = Date.now() + (shared.M.ttl || 0) * 1e3;
      self.keep();
    },
    forget() {
      shared.M = { numbers: shared.b };
      attempt(() => localStorage.removeItem(key));
      shared.r();
    },
    lapse() {
      shared.M = { token: shared.M.token ?? null, numbers: shared.b, x: 0 };
      self.keep();
      shared.r();
    },
    adopt() {
      if (shared.l < 2) return;
      const memory: Memory | null = attempt(() => JSON.parse(localStorage.getItem(key)!));
      const before = JSON.stringify(shared.M.numbers);
      if (memory) shared.M = memory;
      else shared.M.token = null;
      if (JSON.stringify(shared.M.numbers) != before) shared.r();
    },
    watch: (changed) => addEventListener("storage", (event) => event.key == key && changed()),
  };
  return self;
};
