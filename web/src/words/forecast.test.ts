import { describe, expect, it } from "vitest";
import { camera, FORECAST, POLICY } from "../testing/samples";
import type { Camera, CutStyle, Policy } from "../api/types";
import { forecastWords } from "./forecast";

function line(shown: Camera, style: CutStyle = "auto", policy: Partial<Policy> = {}, elapsed = 0): string {
  return forecastWords(shown, style, { ...POLICY, ...policy }, elapsed).line.replaceAll("\u202f", " ");
}

describe("what a take will do", () => {
  it("tells the wait of a clean cut, with the time since the forecast taken off", () => {
    expect(line(camera("Aisle"))).toBe("Cuts in 0.6 s · seamless");
    expect(line(camera("Aisle"), "auto", {}, 300)).toBe("Cuts in 0.3 s · seamless");
    expect(line(camera("Aisle"), "auto", {}, 5_000)).toBe("Cuts now · seamless");
  });

  it("tells of the fast-forward of an instant cut, unless the keyframe is near", () => {
    const far = camera("Aisle", { forecast: { ...FORECAST, style: "instant", wait_ms: 0, clean_wait_ms: 1_600 } });
    expect(line(far)).toBe("Cuts now · short fast-forward");
    expect(line(camera("Aisle", { forecast: { ...FORECAST, clean_wait_ms: 200 } }), "instant")).toBe(
      "Cuts in 0.2 s · seamless",
    );
  });

  it("follows the style that the operator chose", () => {
    const far = camera("Aisle", { forecast: { ...FORECAST, style: "instant", wait_ms: 0, clean_wait_ms: 1_600 } });
    expect(line(far, "clean")).toBe("Cuts in 1.6 s · seamless");
    expect(line(far, "lookahead", { lookahead_ms: 2_000 })).toBe("Cuts at your press · undo for 2.0 s");
  });

  it("warns of what viewers may notice, with the setting to change", () => {
    const unlike = camera("Drone", {
      forecast: { ...FORECAST, discontinuity: "parameters" },
      compatibility: {
        verdict: "discontinuity",
        discontinuity: "parameters",
        lost_in_ts: [],
        differences: [
          {
            field: "resolution",
            severity: "warning",
            cost: "parameters",
            expected: "1920x1080",
            got: "1280x720",
            meaning: "Some players blink at the cut.",
            setting: "Settings > Video > Output (Scaled) Resolution: 1920x1080",
          },
        ],
      },
    });
    const words = forecastWords(unlike, "auto", POLICY, 0);
    expect(words.line).toContain("some players blink");
    expect(words.reason).toContain("Resolution: 1920x1080");
    expect(words.attention).toBe(true);
    expect(line(unlike, "auto", { dialect: "seamless" })).toContain("seamless");
  });

  it("says why a cut is not possible", () => {
    expect(line(camera("Drone", { status: "offline", forecast: null }))).toBe("Can’t cut: Drone is offline");
    expect(line(camera("Drone", { status: "waiting", forecast: null }))).toBe(
      "Can’t cut: Drone has not sent a picture yet",
    );
    expect(line(camera("Drone", { forecast: null }))).toBe("Can’t cut: no picture from Drone");
  });

  it("does not promise a time where there is no cadence", () => {
    const odd = camera("Aisle", { forecast: { ...FORECAST, wait_ms: null, clean_wait_ms: null, reason: "unknown" } });
    expect(line(odd)).toBe("Cuts at the next keyframe · seamless");
  });
});
