// Recordings in words.
import type { Camera, Recording, RecordingSource, RecutClip } from "../api/types";
import { seconds } from "./format";

/** The name of the programme among what is recorded. */
export const PROGRAM = "program";

/** What `source` is of a re-cut. */
export const RECUT = "recut";

/** What a recording is called. */
export function recordingName(recording: Recording, cameras: readonly Camera[]): string {
  if (recording.source === PROGRAM) return "Programme";
  if (recording.source === RECUT) return recording.title ?? "Re-cut";
  return sourceName(recording.source, cameras);
}

export function sourceName(source: string, cameras: readonly Camera[]): string {
  if (source === PROGRAM) return "Programme";
  return cameras.find(({ camera_id }) => camera_id === source)?.name ?? "A removed camera";
}

/** By how much the server moved a cut to a key frame; `null` where it did not. */
export function movedWords(clip: RecutClip): string | null {
  const part = (ms: number, what: string) =>
    Math.abs(ms) < 50 ? [] : [`${what} ${seconds(Math.abs(ms))} ${ms < 0 ? "earlier" : "later"}`];
  const parts = [...part(clip.from_moved_ms, "begins"), ...part(clip.to_moved_ms, "ends")];
  return parts.length === 0 ? null : parts.join(", ");
}

/** `2 gaps`; nothing where nothing is missing. */
export function gapWords(recording: Recording): string | null {
  if (recording.gap_count === 0) return null;
  return recording.gap_count === 1 ? "1 gap" : `${recording.gap_count} gaps`;
}

/** What is wrong with the recording of a source, and what to do; `null` if nothing is. */
export function sourceProblem(source: RecordingSource): string | null {
  switch (source.state) {
    case "disk_low":
      return "The disk is nearly full: this is not recorded now. Remove recordings; it goes on by itself.";
    case "quota_reached":
      return "The space for recordings is used up: this is not recorded now. Remove some; it goes on by itself.";
    case "failed":
      return `Recording fails${source.error ? `: ${source.error}` : ""}. It is tried again every second.`;
    case "off":
    case "waiting":
    case "recording":
      return null;
  }
}

/** Whether something is added to it now. */
export const isOpen = (recording: Recording): boolean => recording.status === "recording";
