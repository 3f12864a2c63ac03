// The state of a camera in its tile: told in words, shape and colour alike.
import type { Camera } from "../api/types";
import { duration, seconds } from "./format";

export type TileState = "waiting" | "live" | "preview" | "taking" | "on-air" | "holding" | "late" | "offline";

export interface TileContext {
  armed: boolean;
  /** A cut to this camera is accepted; its wait in milliseconds where that is known. */
  taking: { waitMs: number | null } | null;
  /** Milliseconds since the newest picture came, `null` where that is not known. */
  silentMs: number | null;
  /** The server's clock in milliseconds since 1970. */
  serverNow: number;
}

export interface TileWords {
  state: TileState;
  pill: string;
  /** Below the pill, where the picture is missing. */
  detail: string | null;
}

/** A picture this much older than the others is late. */
const LATE_MS = 1000;

export function tileWords(camera: Camera, context: TileContext): TileWords {
  const { armed, taking, silentMs } = context;
  const late = camera.status === "live" && silentMs !== null && silentMs > LATE_MS;
  if (camera.on_air) {
    const holding = camera.status !== "live" || late;
    const since = silentMs === null ? "" : ` ${seconds(silentMs)}`;
    return { state: holding ? "holding" : "on-air", pill: "ON AIR", detail: holding ? `HOLDING${since}` : null };
  }
  if (taking) {
    const { waitMs } = taking;
    return { state: "taking", pill: waitMs === null ? "CUT SET" : `CUTS IN ${seconds(waitMs)}`, detail: null };
  }
  if (camera.status === "waiting") {
    return { state: "waiting", pill: "WAITING", detail: "Nothing received yet." };
  }
  if (camera.status === "offline") {
    const since = camera.since ? context.serverNow - Date.parse(camera.since) : null;
    return { state: "offline", pill: "OFFLINE", detail: since === null ? null : `for ${duration(since)}` };
  }
  if (late) return { state: "late", pill: `LATE ${seconds(silentMs)}`, detail: null };
  if (armed) return { state: "preview", pill: "PREVIEW", detail: null };
  return { state: "live", pill: "LIVE", detail: null };
}
