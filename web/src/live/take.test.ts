import { describe, expect, it } from "vitest";
import type { TrackedCut } from "./state";
import { IDLE, next, PUBLISHED_SHOWN_MS, type Take, type TakeEvent } from "./take";

const cut = (stage: TrackedCut["stage"], changes: Partial<TrackedCut> = {}): TakeEvent => ({
  type: "cut",
  cut: { id: 7, cameraId: "aisle", stage, plan: null, reason: null, at: 100, ...changes },
});
const press: TakeEvent = { type: "press", camera: "aisle", at: 50 };
const plan = { camera_id: "aisle", style: "clean", wait_ms: 600, discontinuity: "none", reason: "cadence" } as const;

const after = (...events: TakeEvent[]): Take => events.reduce(next, IDLE);

describe("a take", () => {
  it("goes from the press to the picture", () => {
    expect(after(press).stage).toBe("pressed");
    expect(after(press, cut("accepted", { plan }))).toEqual({
      stage: "accepted",
      camera: "aisle",
      cut: 7,
      cutAt: 700,
    });
    expect(after(press, cut("accepted"), cut("committed")).stage).toBe("committed");
    const published = after(press, cut("accepted"), cut("committed"), cut("published", { at: 900 }));
    expect(published).toEqual({ stage: "published", camera: "aisle", at: 900 });
    expect(next(published, { type: "tick", at: 900 + PUBLISHED_SHOWN_MS - 1 })).toBe(published);
    expect(next(published, { type: "tick", at: 900 + PUBLISHED_SHOWN_MS })).toEqual(IDLE);
  });

  it("ends without the last message where nobody packages", () => {
    const onAir = after(press, cut("accepted"), cut("committed"), { type: "onAir", camera: "aisle", at: 1_000 });
    expect(next(onAir, { type: "tick", at: 2_999 }).stage).toBe("committed");
    expect(next(onAir, { type: "tick", at: 3_000 }).stage).toBe("published");
  });

  it("stands with the reason when it is refused or fails, until the next press", () => {
    const refused = after(press, { type: "refused", camera: "aisle", reason: "The camera is not live." });
    expect(refused).toMatchObject({ stage: "refused", reason: "The camera is not live." });
    expect(next(refused, { type: "tick", at: 1e9 })).toBe(refused);
    expect(next(refused, press).stage).toBe("pressed");
    expect(after(press, cut("accepted"), cut("failed", { reason: "the camera went away" }))).toMatchObject({
      stage: "refused",
      reason: "the camera went away",
    });
  });

  it("is not touched by stages of an older one", () => {
    const newer = after(press, cut("accepted"), { type: "press", camera: "balcony", at: 200 });
    expect(next(newer, cut("superseded"))).toBe(newer);
    expect(next(newer, { type: "refused", camera: "aisle", reason: "late" })).toBe(newer);
    expect(next(newer, cut("accepted", { id: 8, cameraId: "balcony" }))).toMatchObject({ cut: 8 });
  });

  it("shows a take of another operator too", () => {
    expect(after(cut("accepted"))).toMatchObject({ stage: "accepted", camera: "aisle" });
  });

  it("is over when it was undone, and done when the camera was on air already", () => {
    expect(after(press, cut("accepted"), cut("undone"))).toEqual(IDLE);
    expect(after(press, { type: "already", camera: "aisle", at: 60 }).stage).toBe("published");
  });
});
