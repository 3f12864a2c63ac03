// What the TAKE button says at each stage, and how many of its three segments are filled.
import type { Take } from "../live/take";
import { seconds } from "./format";

export interface TakeWords {
  label: string;
  note: string | null;
  /** Filled segments; half of the first one is a press without an answer. */
  segments: 0 | 0.5 | 1 | 2 | 3;
  attention: boolean;
}

/** Without an answer for so long the button says so. */
const SENDING_MS = 250;
const NO_ANSWER_MS = 2000;

export interface TakeContext {
  now: number;
  connected: boolean;
  /** The camera in preview, if any. */
  armed: string | null;
  name: (camera: string) => string;
  /** How far viewers are behind, in milliseconds, where that is known. */
  viewersBehindMs: number | null;
}

export function takeWords(take: Take, context: TakeContext): TakeWords {
  const { now, armed, name } = context;
  if (!context.connected) return { label: "Not connected", note: "The show goes on", segments: 0, attention: true };
  switch (take.stage) {
    case "idle":
      return armed === null
        ? { label: "TAKE", note: "Nothing in preview", segments: 0, attention: false }
        : { label: `TAKE ${name(armed)}`, note: null, segments: 0, attention: false };
    case "pressed": {
      const waited = now - take.at;
      const label =
        waited > NO_ANSWER_MS ? "No answer. Checking…" : waited > SENDING_MS ? "Sending…" : "Taking…";
      return { label, note: name(take.camera), segments: 0.5, attention: waited > NO_ANSWER_MS };
    }
    case "accepted": {
      const wait = take.cutAt === null ? "" : ` · ${seconds(take.cutAt - now)}`;
      return { label: `Cut set${wait}`, note: name(take.camera), segments: 1, attention: false };
    }
    case "committed":
      return { label: "Cutting", note: name(take.camera), segments: 2, attention: false };
    case "published": {
      const behind = context.viewersBehindMs;
      const note = behind === null ? "Viewers see it shortly" : `Viewers see it in about ${seconds(behind)}`;
      return { label: "On air ✓", note, segments: 3, attention: false };
    }
    case "refused":
      return { label: "Not taken", note: take.reason, segments: 0, attention: true };
  }
}
