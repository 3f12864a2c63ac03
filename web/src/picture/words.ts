// What the page and its worker say to each other.
import type { Level } from "./level";
import type { Config, Heard, Sample, Sound } from "./protocol";

/** How much of a camera's pictures is sent. */
export type Mode = "all" | "refs" | "sync" | "none";

/** From the page to the worker. A stream is a camera's pictures; a place is one canvas that shows them. */
export type Asked =
  | { type: "open"; url: string; token: string }
  /** `forward`: the page decodes pictures by itself (Media Source Extensions). `sound`: a meter shows its level. */
  | ({ type: "subscribe"; sub: number; camera: string | null } & Wanted)
  | { type: "unsubscribe"; sub: number }
  | { type: "attach"; sub: number; place: number; canvas: OffscreenCanvas; width: number }
  | { type: "resize"; sub: number; place: number; width: number }
  | { type: "detach"; sub: number; place: number }
  | { type: "close" };

export interface Wanted {
  mode: Mode;
  forward: boolean;
  important: boolean;
  sound: boolean;
}

export interface StreamReport {
  sub: number;
  /** Pictures that wait for the decoder. */
  queue: number;
  /** From presentation time to drawing, in milliseconds; `null` while nothing was drawn. */
  ageMs: number | null;
  /** Since the newest sample came. */
  silentMs: number;
  /** Drawn since the last report. */
  drawn: number;
}

/** From the worker to the page. */
export type Answered =
  | { type: "report"; streams: StreamReport[] }
  /** This browser does not decode it. */
  | { type: "unsupported"; sub: number; codec: string }
  | { type: "config"; config: Config }
  | { type: "sample"; sample: Sample; ageMs: number }
  /** The loudest of the last tenth of a second, or that this browser does not decode the sound. */
  | { type: "levels"; levels: { sub: number; level: Level | "unsupported" }[] }
  /** Where the worker cannot decode sound, the page does. */
  | { type: "heard"; heard: Heard }
  | { type: "sound"; sound: Sound }
  | { type: "link"; open: boolean };
