// What a viewer is told. Pure.
import type { Watch } from "../api/types";

/** `waiting`: nothing was played yet. `lost`: it was, and is tried again. `ended`: played to its end. */
export type PlayerState = "waiting" | "playing" | "lost" | "ended";

/** What the server says there is: `null` before it has said anything. */
export type Told = Watch | "missing" | "refused" | null;

/** What the page shows. */
export interface Scene {
  /** Words in front of the picture; `null` for none. */
  words: string | null;
  /** Whether the poster is shown, where there is no picture to stay. */
  poster: boolean;
  /** The recording, to be watched instead. */
  recording: string | null;
}

const HTTP_FORBIDDEN = 403;
const HTTP_NOT_FOUND = 404;

/** How long until the server is asked again, in milliseconds, jitter aside: while it plays there is little to know. */
export const ASK_PLAYING_MS = 8_000;
export const ASK_WAITING_MS = 4_000;

/** What an answer without a description means; `null` where it means nothing but trouble on the way. */
export function toldByStatus(status: number): Told {
  if (status === HTTP_NOT_FOUND) return "missing";
  return status === HTTP_FORBIDDEN ? "refused" : null;
}

/** What to show, by what the server says and what the player does. */
export function scene(told: Told, player: PlayerState): Scene {
  const show = (words: string | null, recording: string | null = null): Scene => ({
    words,
    poster: player === "waiting" || (player === "ended" && words !== null),
    recording,
  });
  if (told === "missing") return show("There is nothing to watch here. Check the link.");
  // What a player holds goes on for a moment; only then is the link over.
  if (told === "refused" && player !== "playing") return show("This link has expired. Ask for a new one.");
  if (told !== null && told !== "refused") {
    if (told.status === "ended" && player !== "playing") {
      return show("It has ended.", told.recording?.hls_url ?? null);
    }
    if (told.status === "paused") return show("Paused. Back shortly.");
  }
  switch (player) {
    case "waiting":
      return show(told === null ? null : "Starts soon. It begins here by itself.");
    case "playing":
      return show(null);
    case "lost":
      return show("Connection lost. Trying again…");
    case "ended":
      return show("It has ended.");
  }
}

/** The page's own paths, from the path of the page: a signed path carries its token in front. */
export function paths(page: string): { program: string; status: string; poster: string } {
  const [base = ""] = page.split("/watch/");
  const event = page.split("/").filter(Boolean).at(-1) ?? "";
  return {
    program: `${base}/hls/${event}/program/index.m3u8`,
    status: `${base}/watch/${event}/status`,
    poster: `${base}/watch/${event}/poster.jpg`,
  };
}

/** The path of an address of this server: pages go by the address that they were opened with, whatever its name. */
export function ownPath(url: string): string {
  const { pathname, search } = new URL(url, "http://here");
  return pathname + search;
}

/** `2.1 s behind live`. */
export function latencyWords(seconds: number | null): string {
  return seconds === null ? "Delay not known" : `${seconds.toFixed(1)}\u202fs behind live`;
}

/** A frame for other pages. The title is the event's name, as text. */
export function embedCode(url: string, name: string): string {
  const title = name.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<iframe src="${url}" title="${title}" width="640" height="360" allow="autoplay; fullscreen; picture-in-picture" style="border:0"></iframe>`;
}
