import { describe, expect, it } from "vitest";
import { CAMERAS, camera, details, event, FORECAST, message, snapshot } from "../testing/samples";
import type { Message } from "../api/types";
import { apply, NOTHING, type Show, unseenCut, withDetails } from "./state";

const READ = { now: 1_000, wall: Date.parse("2026-11-25T11:59:59.000Z") };

const after = (...messages: Message[]): Show => messages.reduce((show, each) => apply(show, each, READ), NOTHING);

const onAir = (show: Show) => show.cameras.filter((each) => each.on_air).map((each) => each.name);
const said = (show: Show) => show.happenings.map((each) => each.text);

describe("the live state", () => {
  it("begins with the snapshot, cameras in the order in which they were made", () => {
    const shuffled = { ...snapshot(), cameras: [...CAMERAS].reverse() } as Message;
    const show = after(shuffled);
    expect(show.cameras.map((each) => each.name)).toEqual(["Altar", "Aisle", "Balcony"]);
    expect(show.clockOffset).toBe(1_000);
    expect(show.seq).toBe(shuffled.seq);
  });

  it("follows a take through its stages", () => {
    const plan = {
      camera_id: "aisle",
      style: "clean",
      wait_ms: 640,
      discontinuity: "none",
      reason: "cadence",
    } as const;
    const accepted = after(
      snapshot(),
      message({ type: "cut", cut_id: 7, stage: "accepted", camera_id: "aisle", plan }),
    );
    expect(unseenCut(accepted)).toMatchObject({ id: 7, cameraId: "aisle" });
    expect(onAir(accepted)).toEqual(["Altar"]);
    const committed = apply(accepted, message({ type: "cut", cut_id: 7, stage: "committed" }), READ);
    expect(committed.cuts[0]).toMatchObject({ cameraId: "aisle", stage: "committed", plan });
    const switched = apply(committed, message(switchedTo("aisle", "Aisle", "take")), READ);
    expect(onAir(switched)).toEqual(["Aisle"]);
    expect(switched.previous).toBe("altar");
    const published = apply(switched, message({ type: "cut", cut_id: 7, stage: "published" }), READ);
    expect(unseenCut(published)).toBeNull();
    expect(said(published)).toEqual(["Cut to Aisle set.", "On air: Aisle."]);
  });

  it("does not take a camera for its own predecessor when the snapshot knew it already", () => {
    expect(after(snapshot(), message(switchedTo("altar", "Altar", "first_live"))).previous).toBeNull();
  });

  it("tells a failover urgently, with the camera that was lost", () => {
    const show = after(snapshot(), message(switchedTo("aisle", "Aisle", "failover", "altar")));
    expect(show.happenings.at(-1)).toMatchObject({ text: "Altar lost. Switched to Aisle.", urgent: true });
  });

  it("tells that no camera is left", () => {
    const show = after(snapshot(), message({ type: "off_air", slate: true, from_camera_id: "altar" }));
    expect(onAir(show)).toEqual([]);
    expect(show.slate).toBe(true);
    expect(said(show)).toEqual(["No camera left. Viewers see the slate."]);
    expect(apply(show, message(switchedTo("altar", "Altar", "first_live")), READ).slate).toBe(false);
  });

  it("follows whose sound is heard", () => {
    const heard = after(snapshot(), message({ type: "heard", camera_id: "aisle" }));
    expect(heard.event?.heard_camera_id).toBe("aisle");
    expect(apply(heard, message({ type: "heard", camera_id: null }), READ).event?.heard_camera_id).toBeNull();
  });

  it("keeps who is on air when a camera changes, and forgets the forecast of one that went", () => {
    const renamed = after(
      snapshot(),
      message({ type: "camera_changed", camera: { ...CAMERAS[0]!, name: "Choir", on_air: false } }),
    );
    expect(renamed.cameras[0]).toMatchObject({ name: "Choir", on_air: true });
    const gone = apply(
      renamed,
      message({ type: "camera_status", camera_id: "aisle", status: "offline", since: "2026-11-25T12:00:00Z" }),
      READ,
    );
    expect(gone.cameras[1]).toMatchObject({ status: "offline", forecast: null });
    expect(said(gone)).toEqual(["Aisle is offline."]);
  });

  it("takes forecasts of live cameras only", () => {
    const show = after(
      snapshot(),
      message({ type: "forecast", cameras: [{ ...FORECAST, clean_wait_ms: 90, camera_id: "aisle" }] }),
    );
    expect(show.cameras.map((each) => each.forecast?.clean_wait_ms)).toEqual([undefined, 90, undefined]);
    expect(show.forecastAt).toBe(1_000);
  });

  it("says who locked", () => {
    const lock = { locked_at: "2026-11-25T12:00:00Z", by: "human", name: "Lea" } as const;
    const show = after(snapshot(), message({ type: "event", event: event({ lock }) }));
    expect(said(show)).toEqual(["Locked by Lea. Automation is off."]);
  });

  it("adds and removes cameras", () => {
    const added = after(
      snapshot(),
      message({ type: "camera_added", camera: camera("Drone", { created_at: "2026-11-25T10:30:00Z" }) }),
    );
    expect(added.cameras.at(-1)?.name).toBe("Drone");
    expect(apply(added, message({ type: "camera_removed", camera_id: "altar" }), READ).cameras).toHaveLength(3);
  });

  it("forgets cuts of another run of the server, and keeps them over a mere break", () => {
    const before = after(snapshot(), message({ type: "cut", cut_id: 1, stage: "accepted", camera_id: "aisle" }));
    expect(apply(before, snapshot(), READ).cuts).toHaveLength(1);
    expect(apply(before, { ...snapshot(), stream: "s2", resync: true } as Message, READ).cuts).toEqual([]);
  });

  it("passes over what it does not know", () => {
    const show = after(snapshot());
    const strange = { type: "moonrise", seq: 99, at: "2026-11-25T12:00:00Z" } as unknown as Message;
    expect(apply(show, strange, READ)).toEqual({ ...show, seq: 99 });
  });

  it("adds what only REST tells, without touching what is newer", () => {
    const show = after(snapshot(), message(switchedTo("aisle", "Aisle", "take")));
    const read = details();
    const told = withDetails(show, { ...read, viewers: 128, active_camera_id: "altar" });
    expect(told.event).toMatchObject({ viewers: 128, active_camera_id: "aisle" });
    expect(onAir(told)).toEqual(["Aisle"]);
  });
});

function switchedTo(id: string, name: string, cause: "take" | "failover" | "first_live", from?: string) {
  return {
    type: "camera_switched",
    camera_id: id,
    camera_name: name,
    from_camera_id: from ?? null,
    hls_url: "",
    switched_at: "2026-11-25T12:00:00Z",
    cause,
    discontinuity: "none",
  } as const;
}
