// An event with cameras, for tests: the shapes are the API's.
import type { Camera, Event, EventWithCameras, Forecast, Message, Policy, Switch } from "../api/types";

export const POLICY: Policy = {
  cut_style: "auto",
  auto_wait_ms: 1000,
  lookahead_ms: 0,
  audio_source: "follow",
  failover_after_ms: 900,
  failover_grace_ms: 0,
  on_air_min_ms: 1000,
  slate_after_ms: 3000,
  dialect: "strict",
  recording: "all",
    viewer_angles: false,
    viewer_recording: true,
};

export const FORECAST: Forecast = {
  style: "clean",
  wait_ms: 640,
  clean_wait_ms: 640,
  discontinuity: "none",
  reason: "cadence",
};

export function camera(name: string, changes: Partial<Camera> = {}): Camera {
  return {
    camera_id: name.toLowerCase(),
    version: "1",
    name,
    priority: 100,
    sync_offset_ms: 0,
    created_at: "2026-11-25T10:00:00Z",
    status: "live",
    since: "2026-11-25T10:01:00Z",
    on_air: false,
    viewers: 0,
    hls_url: `/hls/show/${name.toLowerCase()}/index.m3u8`,
    forecast: FORECAST,
    ...changes,
  };
}

export function event(changes: Partial<Event> = {}): Event {
  return {
    id: "show",
    version: "1",
    name: "Anna & Ben",
    status: "live",
    viewers: 3,
    created_at: "2026-11-25T09:00:00Z",
    playback: "public",
    policy: POLICY,
    program: { hls_url: "/hls/show/program/index.m3u8", ts_url: "/hls/show/program/ts.m3u8", watch_url: "/watch/show" },
    active_camera_id: "altar",
    ...changes,
  };
}

export const CAMERAS: Camera[] = [
  camera("Altar", { on_air: true, created_at: "2026-11-25T10:00:00Z" }),
  camera("Aisle", { created_at: "2026-11-25T10:00:01Z" }),
  camera("Balcony", { created_at: "2026-11-25T10:00:02Z" }),
];

export const details = (): EventWithCameras => ({ ...event(), cameras: CAMERAS, role: "owner" });

let seq = 40;

/** A message with the next number. */
export function message(update: DistributiveOmit<Message, "seq" | "at">): Message {
  seq += 1;
  return { ...update, seq, at: "2026-11-25T12:00:00.000Z" } as Message;
}

type DistributiveOmit<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never;

export const snapshot = (): Message =>
  message({ type: "snapshot", stream: "s1", resync: false, event: event(), cameras: CAMERAS, pending: null, recordings: [] });

export function cut(changes: Partial<Switch> = {}): Switch {
  return {
    seq: 7,
    requested_at: "2026-11-25T12:00:00.000Z",
    switched_at: "2026-11-25T12:00:00.652Z",
    outcome: "cut",
    style: "clean",
    wait_ms: 640,
    discontinuity: "none",
    asked_by: "human",
    reason: "take",
    from_camera_id: "altar",
    to_camera_id: "aisle",
    ledger: { planned_at: "2026-11-25T12:00:00.640Z", video_gap_us: 0, audio_error_us: 4_100 },
    ...changes,
  };
}
