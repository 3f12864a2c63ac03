// A take from the press to the picture: what the TAKE button says. Pure; times are milliseconds of one clock.
import type { TrackedCut } from "./state";

export type Take =
  | { stage: "idle" }
  /** Pressed; the server has not answered. */
  | { stage: "pressed"; camera: string; at: number }
  | { stage: "accepted"; camera: string; cut: number; cutAt: number | null }
  | { stage: "committed"; camera: string; cut: number; onAirAt: number | null }
  | { stage: "published"; camera: string; at: number }
  | { stage: "refused"; camera: string; reason: string };

export type TakeEvent =
  | { type: "press"; camera: string; at: number }
  /** The call failed, with the server's words or ours. */
  | { type: "refused"; camera: string; reason: string }
  /** The camera was on air already: nothing to do. */
  | { type: "already"; camera: string; at: number }
  /** A message about a cut that somebody asked for. */
  | { type: "cut"; cut: TrackedCut }
  /** A camera went on air. */
  | { type: "onAir"; camera: string; at: number }
  | { type: "tick"; at: number };

/** How long "On air ✓" stands. */
export const PUBLISHED_SHOWN_MS = 1200;

/** A camera that is on air for so long is published, told or not: the message is missing where nobody packages. */
const UNTOLD_MS = 2000;

/** The same camera within this is one take. */
export const SAME_PRESS_MS = 300;

export const IDLE: Take = { stage: "idle" };

export function next(take: Take, event: TakeEvent): Take {
  switch (event.type) {
    case "press":
      return { stage: "pressed", camera: event.camera, at: event.at };
    case "refused":
      return concerns(take, event.camera) ? { stage: "refused", camera: event.camera, reason: event.reason } : take;
    case "already":
      return concerns(take, event.camera) ? { stage: "published", camera: event.camera, at: event.at } : take;
    case "cut":
      return followCut(take, event.cut);
    case "onAir":
      return take.stage === "committed" && take.camera === event.camera ? { ...take, onAirAt: event.at } : take;
    case "tick":
      if (take.stage === "published") return event.at - take.at >= PUBLISHED_SHOWN_MS ? IDLE : take;
      if (take.stage === "committed" && take.onAirAt !== null && event.at - take.onAirAt >= UNTOLD_MS) {
        return { stage: "published", camera: take.camera, at: event.at };
      }
      return take;
  }
}

function followCut(take: Take, cut: TrackedCut): Take {
  if (cut.cameraId === null) return take;
  const camera = cut.cameraId;
  // Stages of an older cut do not touch a newer press.
  const ours =
    ("cut" in take && take.cut === cut.id) ||
    (take.stage === "pressed" && take.camera === camera) ||
    take.stage === "idle" ||
    take.stage === "published" ||
    (take.stage === "refused" && cut.stage === "accepted");
  if (!ours) return take;
  switch (cut.stage) {
    case "accepted": {
      const wait = cut.plan?.wait_ms;
      return { stage: "accepted", camera, cut: cut.id, cutAt: wait == null ? null : cut.at + wait };
    }
    case "committed":
      return { stage: "committed", camera, cut: cut.id, onAirAt: null };
    case "published":
      return "cut" in take && take.cut === cut.id ? { stage: "published", camera, at: cut.at } : take;
    case "failed":
      return { stage: "refused", camera, reason: cut.reason ?? "the camera was lost" };
    case "superseded":
    case "undone":
      return "cut" in take && take.cut === cut.id ? IDLE : take;
  }
}

function concerns(take: Take, camera: string): boolean {
  return take.stage !== "idle" && take.camera === camera;
}
