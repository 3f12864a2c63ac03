// What a take would do, told before it is pressed.
import type { Camera, CutStyle, Forecast, Policy } from "../api/types";
import { seconds } from "./format";

/** One line and, where there is a reason to tell, a second. */
export interface ForecastWords {
  line: string;
  reason?: string;
  /** Whether viewers may notice the cut, or it is not possible: told in amber. */
  attention: boolean;
}

/** How long the wait is by now, with the time since the forecast came taken off; `null` where none is known. */
export function waitNow(wait: number | null | undefined, elapsedMs: number): number | null {
  return wait == null ? null : Math.max(0, wait - elapsedMs);
}

/**
 * Words for a take of `camera` with `style` (`auto` is the event's own), `elapsedMs` after its forecast was told.
 */
export function forecastWords(camera: Camera, style: CutStyle, policy: Policy, elapsedMs: number): ForecastWords {
  if (camera.on_air) return { line: "On air", attention: false };
  const forecast = camera.forecast;
  if (camera.status !== "live" || !forecast) {
    const why = camera.status === "waiting" ? "has not sent a picture yet" : `is ${camera.status}`;
    const line = camera.status === "live" ? `no picture from ${camera.name}` : `${camera.name} ${why}`;
    return { line: `Can’t cut: ${line}`, attention: true };
  }
  const verdict = camera.compatibility?.verdict;
  if (verdict === "not_possible") {
    const reason = camera.compatibility?.obstacle;
    return { line: `Can’t cut to ${camera.name}`, ...(reason ? { reason } : {}), attention: true };
  }
  const [when, gentle] = timing(forecast, style, policy, elapsedMs);
  const strict = policy.dialect === "strict";
  if (forecast.discontinuity === "codec") {
    return { line: `${when} · players restart their decoders`, ...reasonOf(camera), attention: true };
  }
  if (verdict === "audio_change") {
    return { line: `${when} · sound format changes`, ...reasonOf(camera), attention: true };
  }
  if (forecast.discontinuity === "parameters" && strict) {
    return { line: `${when} · some players blink`, ...reasonOf(camera), attention: true };
  }
  return { line: `${when} · ${gentle}`, attention: false };
}

/** When it cuts, and what it looks like where nothing else is to be told. */
function timing(forecast: Forecast, asked: CutStyle, policy: Policy, elapsedMs: number): [string, string] {
  const style = asked === "auto" ? forecast.style : asked;
  if (style === "lookahead" && policy.lookahead_ms > 0) {
    return ["Cuts at your press", `undo for ${seconds(policy.lookahead_ms)}`];
  }
  const clean = waitNow(forecast.clean_wait_ms, elapsedMs);
  if (style === "instant" && clean !== null) {
    // Shorter than this, the server waits for the next key frame by itself.
    if (clean <= INSTANT_IS_CLEAN_MS) return [`Cuts in ${seconds(clean)}`, "seamless"];
    return ["Cuts now", "short fast-forward"];
  }
  if (clean === null) return ["Cuts at the next keyframe", "seamless"];
  return [clean < 50 ? "Cuts now" : `Cuts in ${seconds(clean)}`, "seamless"];
}

const INSTANT_IS_CLEAN_MS = 220;

/** The difference that costs most, in the server's words. */
function reasonOf(camera: Camera): { reason?: string } {
  const worst = camera.compatibility?.differences.find((difference) => difference.cost !== "none");
  return worst ? { reason: `${worst.meaning} ${worst.setting}` } : {};
}
