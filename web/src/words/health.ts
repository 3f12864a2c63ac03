// The badge of a camera's worst issue. The sentence and the setting are the server's; the badge is a short name for
// the tile.
import type { Camera, HealthIssue } from "../api/types";
import { seconds } from "./format";

/** At most 24 characters each. Issues that are not here show their type in words. */
const BADGES: Readonly<Record<string, string>> = {
  gopSizeShort: "Keyframes often",
  openGop: "Open GOP",
  frameRateHigh: "High frame rate",
  interlacedVideo: "Interlaced",
  videoPixelFormat: "Colour format",
  bitrateLow: "Low bitrate",
  bitrateHigh: "High bitrate",
  videoCodec: "Unknown codec",
  noVideoStream: "No picture",
  noVideoHeader: "No picture",
  videoIngestionStarved: "Pictures missing",
  videoIngestionFasterThanRealtime: "Faster than live",
  audioCodec: "Sound codec",
  noAudioStream: "No sound",
  noAudioHeader: "No sound",
  timestampJump: "Time jumped",
  delayShift: "Delay changed",
  arrivalJitter: "Uneven network",
  mediaDropped: "Data lost",
  configurationChanged: "Settings changed",
  malformedData: "Damaged data",
};

const RANK: Readonly<Record<HealthIssue["severity"], number>> = { error: 2, warning: 1, info: 0 };

export interface Badge {
  text: string;
  issue: HealthIssue;
  /** How many more there are. */
  more: number;
}

/** The worst issue that is worth a badge: errors and warnings, the older of two alike. */
export function badge(camera: Camera): Badge | null {
  const issues = (camera.health?.issues ?? []).filter((issue) => issue.severity !== "info");
  const worst = issues.reduce<HealthIssue | null>(
    (best, issue) => (best && RANK[best.severity] >= RANK[issue.severity] ? best : issue),
    null,
  );
  return worst && { text: badgeText(worst, camera), issue: worst, more: issues.length - 1 };
}

function badgeText(issue: HealthIssue, camera: Camera): string {
  const { video, audio } = camera.health ?? {};
  switch (issue.type) {
    case "gopSizeLong":
    case "gopSizeOver":
      return video?.gop_ms ? `Keyframes ${seconds(video.gop_ms)} apart` : "Keyframes far apart";
    case "resolutionMismatch":
      return video ? `${video.height}p differs` : "Other resolution";
    case "framerateMismatch":
      return video ? `${Math.round(video.fps)} fps differs` : "Other frame rate";
    case "videoCodecMismatch":
      return "Other codec";
    case "audioSampleRate":
    case "audioSampleRateMismatch":
      return audio ? `Sound ${audio.sample_rate / 1000} kHz` : "Sound rate";
    default:
      return BADGES[issue.type] ?? words(issue.type);
  }
}

/** `audioTooManyChannels` → `Audio too many channels`, cut to the badge's length. */
function words(type: string): string {
  const spaced = type.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();
  const text = spaced.charAt(0).toUpperCase() + spaced.slice(1);
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}
