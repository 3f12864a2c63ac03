// An event as the console shows it: the snapshot of the live updates, and every message after it. Pure.
import type { Camera, Cut, CutUpdate, Event, EventWithCameras, Message } from "../api/types";

/** A take on its way, or that has ended lately. */
export interface TrackedCut {
  id: number;
  cameraId: string | null;
  stage: CutUpdate["stage"];
  plan: Cut | null;
  reason: string | null;
  /** Client time of the last stage, in milliseconds of `performance.now()`. */
  at: number;
}

/** Something that is worth a sentence to somebody who does not see the screen, and a line in the log. */
export interface Happening {
  id: number;
  text: string;
  urgent: boolean;
}

export interface Show {
  event: Event | null;
  /** What whoever is signed in may do; `null` before that is known. */
  role: EventWithCameras["role"] | null;
  /** In the order in which they were made: their places on the screen never change. */
  cameras: readonly Camera[];
  cuts: readonly TrackedCut[];
  slate: boolean;
  /** Client time at which the newest forecasts came. */
  forecastAt: number;
  /** Server's clock less this computer's, in milliseconds. */
  clockOffset: number;
  happenings: readonly Happening[];
  /** Who was on air before whoever is. */
  previous: string | null;
  /** Counts changes of who is on air: whoever shows the switch log reads it again. */
  switches: number;
  stream: string | null;
  seq: number;
}

export const NOTHING: Show = {
  event: null,
  role: null,
  cameras: [],
  cuts: [],
  slate: false,
  forecastAt: 0,
  clockOffset: 0,
  happenings: [],
  previous: null,
  switches: 0,
  stream: null,
  seq: 0,
};

/** Cuts that are remembered; only the newest few are ever shown. */
const CUTS_KEPT = 8;

/** Sentences that are remembered: more than are read out before new ones come. */
const HAPPENINGS_KEPT = 20;

/** Moments of the client at which a message was read. */
export interface Read {
  /** `performance.now()` */
  now: number;
  /** `Date.now()` */
  wall: number;
}

/** The show after `message`. Types that are not known change nothing. */
export function apply(show: Show, message: Message, read: Read): Show {
  const numbered = { ...show, seq: message.seq, clockOffset: Date.parse(message.at) - read.wall };
  switch (message.type) {
    case "snapshot":
      return {
        ...numbered,
        stream: message.stream,
        event: message.event,
        cameras: [...message.cameras].sort(byAge),
        forecastAt: read.now,
        slate: false,
        switches: show.switches + 1,
        cuts: message.resync || show.stream !== message.stream ? [] : show.cuts,
      };
    case "cut":
      return cutStage(numbered, message, read.now);
    case "camera_switched": {
      const name = message.camera_name;
      const [text, urgent] =
        message.cause === "failover"
          ? [`${nameOf(show, message.from_camera_id) ?? "The camera"} lost. Switched to ${name}.`, true]
          : [message.cause === "revert" ? `${name} is back on air.` : `On air: ${name}.`, false];
      return say({ ...onAir(numbered, message.camera_id), slate: false }, text, urgent);
    }
    case "off_air": {
      const text = message.slate
        ? "No camera left. Viewers see the slate."
        : "No camera left. The last picture is held.";
      const next = { ...onAir(numbered, null), slate: message.slate };
      // An event that nobody has started by hand waits again when its last camera goes; a break is meant.
      const meant = show.event?.status === "paused" || show.event?.status === "ended";
      return meant ? next : say(next, text, true);
    }
    case "event": {
      const next = { ...numbered, event: message.event };
      const [was, is] = [show.event?.lock, message.event.lock];
      if (Boolean(was) === Boolean(is)) return next;
      return say(next, is ? `Locked${is.name ? ` by ${is.name}` : ""}. Automation is off.` : "Unlocked.", false);
    }
    case "event_status":
      return { ...numbered, event: show.event && { ...show.event, status: message.status } };
    case "heard":
      return { ...numbered, event: show.event && { ...show.event, heard_camera_id: message.camera_id ?? null } };
    case "camera_added":
      return { ...numbered, cameras: [...show.cameras, message.camera].sort(byAge) };
    case "camera_changed":
      return change(numbered, message.camera.camera_id, () => message.camera);
    case "camera_removed":
      return { ...numbered, cameras: show.cameras.filter((camera) => camera.camera_id !== message.camera_id) };
    case "camera_status": {
      const { camera_id, status, since } = message;
      const next = change(numbered, camera_id, (camera) => ({
        ...camera,
        status,
        since: since ?? null,
        forecast: status === "live" ? (camera.forecast ?? null) : null,
      }));
      const name = nameOf(show, camera_id);
      const was = show.cameras.find((camera) => camera.camera_id === camera_id)?.status;
      if (!name || was === status) return next;
      if (status === "live") return say(next, was === "waiting" ? `${name} is live.` : `${name} is back.`, false);
      return say(next, `${name} is offline.`, false);
    }
    case "health":
      return change(numbered, message.camera_id, (camera) => ({ ...camera, health: message.health ?? null }));
    case "forecast": {
      const forecasts = new Map(message.cameras.map((forecast) => [forecast.camera_id, forecast]));
      const cameras = show.cameras.map((camera) => ({
        ...camera,
        forecast: forecasts.get(camera.camera_id) ?? null,
      }));
      return { ...numbered, cameras, forecastAt: read.now };
    }
    default:
      return numbered;
  }
}

/** The newest take that viewers have seen nothing of, if any: it can be undone. */
export function unseenCut(show: Show): TrackedCut | null {
  const [newest] = show.cuts;
  return newest && (newest.stage === "accepted" || newest.stage === "committed") ? newest : null;
}

/** The show with what the live updates do not tell: who watches, addresses, and how well cameras fit. */
export function withDetails(show: Show, read: EventWithCameras): Show {
  const { viewers, program, playback, role } = read;
  const details = new Map(read.cameras.map((camera) => [camera.camera_id, camera]));
  return {
    ...show,
    role,
    event: show.event && { ...show.event, viewers, program, playback },
    cameras: show.cameras.map((camera) => {
      const detail = details.get(camera.camera_id);
      if (!detail) return camera;
      const { compatibility = null, ingest_url = null, hls_url, viewers } = detail;
      return { ...camera, compatibility, ingest_url, hls_url, viewers };
    }),
  };
}

function byAge(a: Camera, b: Camera): number {
  return Date.parse(a.created_at) - Date.parse(b.created_at) || a.camera_id.localeCompare(b.camera_id);
}

function cutStage(show: Show, message: CutUpdate, at: number): Show {
  const known = show.cuts.find((cut) => cut.id === message.cut_id);
  const cut: TrackedCut = {
    id: message.cut_id,
    cameraId: message.camera_id ?? known?.cameraId ?? null,
    stage: message.stage,
    plan: message.plan ?? known?.plan ?? null,
    reason: message.reason ?? null,
    at,
  };
  const cuts = [cut, ...show.cuts.filter((other) => other.id !== cut.id)].sort((a, b) => b.id - a.id);
  const next = { ...show, cuts: cuts.slice(0, CUTS_KEPT) };
  const name = nameOf(show, cut.cameraId);
  if (!name) return next;
  switch (cut.stage) {
    case "accepted":
      return say(next, `Cut to ${name} set.`, false);
    case "undone":
      return say(next, `Cut to ${name} undone.`, false);
    case "failed":
      return say(next, `Not taken: ${cut.reason ?? name}.`, true);
    default:
      return next;
  }
}

function onAir(show: Show, cameraId: string | null): Show {
  const was = show.event?.active_camera_id ?? null;
  return {
    ...show,
    event: show.event && { ...show.event, active_camera_id: cameraId },
    cameras: show.cameras.map((camera) => {
      const on_air = camera.camera_id === cameraId;
      return camera.on_air === on_air ? camera : { ...camera, on_air };
    }),
    previous: was === cameraId ? show.previous : (was ?? show.previous),
    switches: show.switches + 1,
  };
}

function change(show: Show, cameraId: string, to: (camera: Camera) => Camera): Show {
  return {
    ...show,
    cameras: show.cameras.map((camera) =>
      // Who is on air comes by other messages, and may be newer.
      camera.camera_id === cameraId ? { ...to(camera), on_air: camera.on_air } : camera,
    ),
  };
}

function nameOf(show: Show, cameraId: string | null | undefined): string | undefined {
  return show.cameras.find((camera) => camera.camera_id === cameraId)?.name;
}

function say(show: Show, text: string, urgent: boolean): Show {
  const id = (show.happenings.at(-1)?.id ?? 0) + 1;
  return { ...show, happenings: [...show.happenings, { id, text, urgent }].slice(-HAPPENINGS_KEPT) };
}
