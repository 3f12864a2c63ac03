// What the viewer's page listens to.
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Watch } from "../api/types";
import { ASK_PLAYING_MS, ASK_WAITING_MS, type PlayerState, type Told, toldByStatus } from "./states";

/** How long the pointer rests before the controls go away, in milliseconds. */
const IDLE_MS = 2500;

/** What the server says there is to watch, asked again and again: more often while nothing plays. */
export function useTold(url: string, player: PlayerState): Told {
  const [told, setTold] = useState<Told>(null);
  // Nothing comes after an end, and what a gone link leads to does not come back within a show.
  const over = typeof told === "object" && told?.status === "ended" && player !== "playing";
  const every = player === "playing" ? ASK_PLAYING_MS : ASK_WAITING_MS;
  const known = useRef(false);
  useEffect(() => {
    if (over) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let left = false;
    const ask = async () => {
      const answer = await look(url);
      if (left) return;
      if (answer !== null) {
        known.current = true;
        setTold(answer);
      }
      // Not all viewers at once.
      timer = setTimeout(() => void ask(), every * (0.8 + 0.4 * Math.random()));
    };
    // The first answer is awaited; changes of the player's state look sooner.
    timer = setTimeout(() => void ask(), known.current && player === "playing" ? every : 0);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [url, every, over, player]);
  return told;
}

/** The server's answer; `null` while it gives none. */
async function look(url: string): Promise<Told> {
  try {
    const response = await fetch(url);
    return response.ok ? ((await response.json()) as Watch) : toldByStatus(response.status);
  } catch {
    return null;
  }
}

/** Whether nobody has moved, touched or typed anything on `stage` for a while. */
export function useIdle(stage: RefObject<HTMLElement | null>): boolean {
  const [idle, setIdle] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const active = () => {
      setIdle(false);
      clearTimeout(timer);
      timer = setTimeout(() => setIdle(!stage.current?.querySelector(":focus-visible, .sheet")), IDLE_MS);
    };
    active();
    const names = ["pointermove", "pointerdown", "keydown", "focusin"];
    for (const name of names) addEventListener(name, active);
    return () => {
      clearTimeout(timer);
      for (const name of names) removeEventListener(name, active);
    };
  }, [stage]);
  return idle;
}

/** Captions of the programme, where it has any. */
export interface Captions {
  there: boolean;
  shown: boolean;
  toggle: () => void;
}

/** The captions that `video` has: those that cameras send inside the picture, and whatever else becomes a text track. */
export function useTextTracks(video: RefObject<HTMLVideoElement | null>): Captions {
  const [there, setThere] = useState(false);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const tracks = video.current?.textTracks;
    const look = () => {
      const captions = [...(tracks ?? [])].filter(({ kind }) => kind === "captions" || kind === "subtitles");
      setThere(captions.length > 0);
      setShown(captions.some(({ mode }) => mode === "showing"));
    };
    look();
    const names = ["addtrack", "removetrack", "change"];
    for (const name of names) tracks?.addEventListener(name, look);
    return () => {
      for (const name of names) tracks?.removeEventListener(name, look);
    };
  }, [video]);
  const toggle = () => {
    const captions = [...(video.current?.textTracks ?? [])].filter(({ kind }) => kind === "captions" || kind === "subtitles");
    captions.forEach((track, index) => {
      track.mode = !shown && index === 0 ? "showing" : "hidden";
    });
  };
  return { there, shown, toggle };
}
