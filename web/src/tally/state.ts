// What a tally page shows, by what it is told. Pure.
import type { Tally } from "../api/types";

/** Where the link of a tally page leads. */
export interface Place {
  event: string;
  camera: string;
  token: string;
}

/** Behind `#`, which browsers send to nobody: `event/camera/token`. `null` if it is none. */
export function placeOf(hash: string): Place | null {
  const [event, camera, token, ...rest] = hash.replace(/^#/, "").split("/").map(decodeURIComponent);
  return event && camera && token && rest.length === 0 ? { event, camera, token } : null;
}

export function linkOf(origin: string, { event, camera, token }: Place): string {
  return `${origin}/tally#${[event, camera, token].map(encodeURIComponent).join("/")}`;
}

/** Without a word for so long the connection is dead: three of the server's beats. */
export const SILENT_MS = 3000;

export type Light = "on-air" | "next" | "preview" | "off-air" | "ended" | "no-connection" | "refused";

export interface Scene {
  light: Light;
  /** The big word. */
  word: string;
  /** What stands under it; `null` for nothing. */
  detail: string | null;
}

/** What was told last, and when, in milliseconds of the page's own clock. */
export interface Heard {
  tally: Tally;
  at: number;
}

/** What to show at `now`. Never a red that may be old. */
export function scene(heard: Heard | null, refused: boolean, now: number): Scene {
  if (refused) return { light: "refused", word: "LINK EXPIRED", detail: "Ask for a new one." };
  if (heard === null || now - heard.at > SILENT_MS) {
    return { light: "no-connection", word: "NO CONNECTION", detail: "Trying again…" };
  }
  const { state, on_air_in_ms } = heard.tally;
  switch (state) {
    case "on_air":
      return { light: "on-air", word: "ON AIR", detail: null };
    case "next": {
      const left = on_air_in_ms == null ? null : Math.max(0, on_air_in_ms - (now - heard.at));
      return { light: "next", word: left === null ? "NEXT" : `ON AIR IN ${Math.ceil(left / 1000)}…`, detail: "Hold your picture." };
    }
    case "preview":
      return { light: "preview", word: "STAND BY", detail: null };
    case "off_air":
      return { light: "off-air", word: "OFF AIR", detail: null };
    case "ended":
      return { light: "ended", word: "IT HAS ENDED", detail: "Thank you. You can put the camera down." };
  }
}

/** How the camera itself is, in words. */
export function health({ status, issue }: Tally): { good: boolean; words: string } {
  if (status !== "live") {
    return { good: false, words: status === "waiting" ? "Nothing received from this camera yet" : "This camera is offline" };
  }
  return issue ? { good: false, words: issue } : { good: true, words: "Picture arrives, nothing to mend" };
}
