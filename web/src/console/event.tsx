// What all pages of one event share: its live state, its calls.
import { createContext, useContext, useEffect, useState } from "react";
import { useStore } from "zustand";
import type { Live, LiveStore } from "../live/store";
import { followInStore } from "../live/store";
import { withDetails } from "../live/state";
import { Pictures, type PictureState } from "../picture/pictures";
import { useSession } from "./session";

export interface EventScope {
  event: string;
  store: LiveStore;
  pictures: Pictures;
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

/** How the pictures of a camera are on this page, `undefined` while none are shown. */
export function usePictureState(camera: string): PictureState | undefined {
  return useStore(useEventScope().pictures.states, (states) => states[camera]);
}

/** What the live updates do not tell is read so often. */
const DETAILS_EVERY_MS = 3000;

/** Follows `event` for as long as the component lives; `null` until the connection exists. */
export function useFollow(event: string): EventScope | null {
  const { api } = useSession();
  const [scope, setScope] = useState<EventScope | null>(null);
  useEffect(() => {
    const { store, stop } = followInStore(event, api.token);
    const pictures = new Pictures(api, event);
    setScope({ event, store, pictures });
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
      pictures.stop();
      setScope(null);
    };
  }, [api, event]);
  return scope;
}
