// The live state of one event, outside of React: components select what they show.
import { createStore, type StoreApi } from "zustand/vanilla";
import { apply, NOTHING, type Show } from "./state";
import { follow, type Link } from "./socket";

export interface Live extends Show {
  link: Link;
  /** After a break: how often somebody else was put on air meanwhile; `null` once it has been told. */
  back: { switches: number } | null;
}

export type LiveStore = StoreApi<Live>;

/** How long "Back." stands. */
const BACK_SHOWN_MS = 5000;

/** A store that follows `event`, and what ends it. */
export function followInStore(event: string, token: string): { store: LiveStore; stop: () => void } {
  const store = createStore<Live>(() => ({ ...NOTHING, link: { state: "connecting" }, back: null }));
  let switchesBefore: number | null = null;
  let forget: ReturnType<typeof setTimeout> | undefined;
  const stopFollowing = follow(event, token, {
    place: () => store.getState(),
    onMessage: (message) => {
      const before = store.getState();
      const read = { now: performance.now(), wall: Date.now() };
      store.setState(apply(before, message, read));
    },
    onLink: (link) => {
      const { link: before, switches } = store.getState();
      if (link.state === "lost" && before.state !== "lost") switchesBefore = switches;
      if (link.state === "open" && before.state !== "open" && switchesBefore !== null) {
        // The messages of the break follow at once; count once they have been read.
        const known = switchesBefore;
        switchesBefore = null;
        setTimeout(() => {
          // A snapshot counts as one by itself.
          store.setState({ back: { switches: Math.max(0, store.getState().switches - known - 1) } });
          clearTimeout(forget);
          forget = setTimeout(() => store.setState({ back: null }), BACK_SHOWN_MS);
        }, 300);
      }
      store.setState({ link });
    },
  });
  const stop = () => {
    clearTimeout(forget);
    stopFollowing();
  };
  return { store, stop };
}
