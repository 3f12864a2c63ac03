// Who is signed in. The token stays in this tab: a reload keeps it, closing the tab forgets it.
import { createContext, useContext } from "react";
import type { Api } from "../api/client";

const KEY = "genlock.token";

export interface Session {
  api: Api;
  signOut: () => void;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("used outside of a session");
  return session;
}

/**
 * The token to begin with: one that the embedding site hands over behind `#token=`, which no server sees and which is
 * taken out of the address at once, or the one that this tab had.
 */
export function initialToken(): string | null {
  const handed = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!handed) return sessionStorage.getItem(KEY);
  history.replaceState(null, "", location.pathname + location.search);
  sessionStorage.setItem(KEY, handed);
  return handed;
}

export function rememberToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
}
