// The switch log in words.
import type { Switch } from "../api/types";
import { micros, seconds, signedMs, UNKNOWN } from "./format";

/** Whose cut it was. */
export function causeWords(entry: Switch): string {
  if (entry.asked_by === "scheduled") return "scheduled";
  switch (entry.reason) {
    case "take":
      return "by hand";
    case "scheduled":
      return "scheduled";
    case "first_live":
      return "first camera";
    case "failover":
      return "camera lost";
    case "revert":
      return "camera back";
    case "nobody_left":
      return "no camera left";
  }
}

const OUTCOMES: Readonly<Record<Switch["outcome"], string>> = {
  cut: "cut",
  withdrawn: "undone",
  superseded: "replaced by a later take",
  no_sync_sample: "no keyframe came",
  camera_gone: "the camera went away",
  camera_removed: "the camera was removed",
  stopped: "the event stopped",
  already_on_air: "was on air already",
  camera_not_live: "the camera was not live",
  camera_unknown: "the camera was not known",
  locked: "automation was locked",
  late: "the server was down at that time",
  no_answer: "no answer",
};

export const outcomeWords = (entry: Switch): string => OUTCOMES[entry.outcome];

/** Half an access unit of AAC at 48 kHz is 10.7 ms; more than this would be heard, or is a hole. */
const AUDIO_ERROR_MAX_US = 12_000;
const VIDEO_GAP_MAX_US = 1_000;

/** Whether anybody may have noticed the cut. */
export function glitches(entry: Switch): boolean {
  const { video_gap_us, audio_error_us } = entry.ledger;
  const beyond = (value: number | null | undefined, most: number) => value != null && Math.abs(value) > most;
  return beyond(video_gap_us, VIDEO_GAP_MAX_US) || beyond(audio_error_us, AUDIO_ERROR_MAX_US);
}

/** The columns of the ledger. */
export function ledgerWords(entry: Switch): { waited: string; offForecast: string; gap: string; sound: string } {
  const { planned_at, video_gap_us, audio_error_us } = entry.ledger;
  const off =
    planned_at && entry.switched_at ? signedMs(Date.parse(entry.switched_at) - Date.parse(planned_at)) : UNKNOWN;
  return {
    waited: seconds(entry.wait_ms),
    offForecast: off,
    gap: micros(video_gap_us),
    sound: micros(audio_error_us),
  };
}
