// The operator's hand: what is in preview, the take on its way, and the calls behind both.
import { createContext, useContext } from "react";
import { createStore, type StoreApi } from "zustand/vanilla";
import { useStore } from "zustand";
import { ApiError, type Api } from "../api/client";
import type { CutStyle } from "../api/types";
import { IDLE, next, SAME_PRESS_MS, type Take, type TakeEvent } from "../live/take";
import { unseenCut } from "../live/state";
import type { LiveStore } from "../live/store";

export interface Hand {
  armed: string | null;
  take: Take;
  style: CutStyle;
}

export interface Switching {
  store: StoreApi<Hand>;
  /** Puts `camera` on air. */
  cut(camera: string): void;
  /** Puts `camera` in preview; `null` empties it. */
  arm(camera: string | null): void;
  /** Puts on air what is in preview. */
  takePreview(): void;
  /** Withdraws the cut that nobody has seen, else goes back to the camera before. */
  undo(): void;
  toggleLock(): void;
  setStyle(style: CutStyle): void;
  stop(): void;
}

/** The server's clear refusal or the reason why there is none. */
function reason(error: unknown): string {
  return error instanceof ApiError ? error.message : String(error);
}

export function startSwitching(api: Api, event: string, live: LiveStore): Switching {
  const store = createStore<Hand>(() => ({ armed: null, take: IDLE, style: "auto" }));
  const feed = (happened: TakeEvent) => {
    const take = next(store.getState().take, happened);
    if (take !== store.getState().take) store.setState({ take });
  };
  let seen = live.getState().cuts;
  const unsubscribe = live.subscribe((now, before) => {
    for (const cut of [...now.cuts].reverse()) {
      if (!seen.includes(cut)) feed({ type: "cut", cut });
    }
    seen = now.cuts;
    const onAir = now.event?.active_camera_id ?? null;
    const was = before.event?.active_camera_id ?? null;
    if (onAir === was || before.event === null) return;
    if (onAir !== null) feed({ type: "onAir", camera: onAir, at: performance.now() });
    // What was taken from preview leaves it, and the camera before is there for the way back.
    if (onAir !== null && store.getState().armed === onAir) store.setState({ armed: was });
  });
  // Tally pages show it in green; that it could not be told changes nothing here.
  const tell = store.subscribe(({ armed }, { armed: before }) => {
    if (armed !== before) api.preview(event, armed).catch(() => undefined);
  });
  const timer = setInterval(() => feed({ type: "tick", at: performance.now() }), 100);

  const cut = (camera: string) => {
    const { take, style } = store.getState();
    const now = performance.now();
    if (take.stage === "pressed" && take.camera === camera && now - take.at < SAME_PRESS_MS) return;
    feed({ type: "press", camera, at: now });
    api.take(event, camera, style === "auto" ? undefined : style).then(
      (answer) => {
        if (!answer.cut) feed({ type: "already", camera, at: performance.now() });
      },
      (error: unknown) => feed({ type: "refused", camera, reason: reason(error) }),
    );
  };
  const undo = () => {
    const { previous, cameras } = live.getState();
    if (unseenCut(live.getState())) {
      api.undo(event).catch((error: unknown) => {
        // Viewers saw it in the meantime: then the way back is a take.
        if (error instanceof ApiError && error.code === "nothing_to_undo" && previous) cut(previous);
      });
      return;
    }
    if (previous && cameras.some((camera) => camera.camera_id === previous)) cut(previous);
  };
  return {
    store,
    cut,
    undo,
    arm: (camera) => {
      const onAir = live.getState().event?.active_camera_id;
      store.setState({ armed: camera === onAir ? null : camera });
      if (store.getState().take.stage === "refused") store.setState({ take: IDLE });
    },
    takePreview: () => {
      const { armed } = store.getState();
      if (armed) cut(armed);
    },
    toggleLock: () => {
      const locked = Boolean(live.getState().event?.lock);
      // Whether it worked is told by the live updates, for every operator alike.
      void (locked ? api.unlock(event) : api.lock(event)).catch(() => undefined);
    },
    setStyle: (style) => store.setState({ style }),
    stop: () => {
      unsubscribe();
      tell();
      clearInterval(timer);
    },
  };
}

export const SwitchingContext = createContext<Switching | null>(null);

export function useSwitching(): Switching {
  const switching = useContext(SwitchingContext);
  if (!switching) throw new Error("used outside of the live page");
  return switching;
}

export function useHand<T>(select: (hand: Hand) => T): T {
  return useStore(useSwitching().store, select);
}
