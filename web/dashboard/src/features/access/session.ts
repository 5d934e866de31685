// Who is signed in, to which account, and in which time zone times are shown.

import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";

export type Me = Schema<"Me">;

const MeContext = createContext<Me | null>(null);
export const MeProvider = MeContext.Provider;

/** The signed-in person; only used below the session gate. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error("useMe is used outside of the session gate");
  return me;
}

/** What the signed-in person may do; the server checks it again on every request. */
export function useMay(): { write: boolean; own: boolean; operate: boolean } {
  const { role, user } = useMe();
  return { write: role === "manager" || role === "owner", own: role === "owner", operate: user.operator };
}

/** The account's IANA time zone; before sign-in the browser's. */
export function useZone(): string {
  return useContext(MeContext)?.account.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export const meKey = ["me"];

export function useMeQuery() {
  return useQuery({
    queryKey: meKey,
    queryFn: () => take(api.GET("/api/v1/me")),
    retry: false,
    staleTime: Infinity,
  });
}

/** Goes to another account of the same person. Loads anew: all that was shown belongs to the old one. */
export function useSwitchAccount() {
  return async (account: string) => {
    await take(api.POST("/api/v1/me/account", { body: { account } }));
    location.assign("/live");
  };
}

/** Ends the login; loading anew leaves nothing of the account in memory. */
export function useSignOut() {
  return async () => {
    await take(api.POST("/api/v1/logout"));
    location.assign("/");
  };
}
