// A level in words.
import type { Heard } from "../picture/hearing";
import { FLOOR_DB, type Level } from "../picture/level";
import { MINUS, THIN, UNKNOWN } from "./format";

/** Without a word for this long, nobody knows how loud it is. */
const UNKNOWN_AFTER_MS = 2_000;
const CLIPPING_DB = -0.5;

export interface LevelWords {
  known: boolean;
  /** Beside the meter. */
  text: string;
  /** For screen readers. */
  spoken: string;
  /** For whoever points at it. */
  hint: string;
}

/** `−12 dB`: the louder channel's peak, as the meter shows it. */
export function levelWords(heard: Heard | null, shown: Level, now: number): LevelWords {
  if (heard === "unsupported") {
    return { known: false, text: UNKNOWN, spoken: "not known", hint: "No meter: this browser cannot decode this sound." };
  }
  if (heard === null || now - heard.at > UNKNOWN_AFTER_MS) {
    return { known: false, text: UNKNOWN, spoken: "not known", hint: "No sound has come." };
  }
  const loudest = Math.max(shown.left, shown.right);
  if (loudest <= FLOOR_DB) return { known: true, text: "silent", spoken: "silent", hint: "Silent." };
  const rounded = Math.round(loudest);
  const text = `${rounded < 0 ? MINUS : ""}${Math.abs(rounded)}${THIN}dB`;
  const clipping = loudest > CLIPPING_DB;
  const hint = clipping ? `Peak ${text}: too loud, it clips. Turn the source down.` : `Peak ${text} of full scale`;
  return { known: true, text, spoken: clipping ? `${text}, too loud` : text, hint };
}
