// Recordings in words.
import type { Recording, RecordingSource } from "../api/types";

/** The name of the programme among what is recorded. */
export const PROGRAM = "program";

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
