// What all pages of one event share: its live state, its calls.
import { createContext, useContext, useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import type { Live, LiveStore } from "../live/store";
import { followInStore } from "../live/store";
import { withDetails } from "../live/state";
import { Stills } from "../picture/stills";
import { useSession } from "./session";

export interface EventScope {
  event: string;
  store: LiveStore;
  stills: Stills;
}

export const EventContext = createContext<EventScope | null>(null);

export function useEventScope(): EventScope {
  const scope = useContext(EventContext);
  if (!scope) throw new Error("used outside of an event");
  return scope;
}

/** Part of the live state. */
export function useLive<T>(select: (live: Live) => T): T {
  return useStore(useEventScope().store, select);
}

/** What the live updates do not tell is read so often. */
const DETAILS_EVERY_MS = 3000;

/** Follows `event` for as long as the component lives; `null` until the connection exists. */
export function useFollow(event: string): EventScope | null {
  const { api } = useSession();
  const stills = useMemo(() => new Stills(api, event), [api, event]);
  const [scope, setScope] = useState<EventScope | null>(null);
  useEffect(() => {
    const { store, stop } = followInStore(event, api.token);
    setScope({ event, store, stills });
    const read = () => {
      if (document.hidden || store.getState().link.state !== "open") return;
      api.event(event).then(
        (details) => store.setState(withDetails(store.getState(), details)),
        // The live updates go on; the next look may succeed.
        () => undefined,
      );
    };
    const first = setTimeout(read, 250);
    const timer = setInterval(read, DETAILS_EVERY_MS);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
      stop();
      setScope(null);
    };
  }, [api, event, stills]);
  return scope;
}
