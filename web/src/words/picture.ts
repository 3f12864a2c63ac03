// Why a picture is less than it could be, in words.
import type { PictureState } from "../picture/pictures";

const CODECS: Readonly<Record<string, string>> = { hvc1: "HEVC", hev1: "HEVC", av01: "AV1", avc1: "this H.264" };

/** A label for the tile and a sentence for whoever asks; `null` where all is shown, or a small tile is meant to be still. */
export function pictureNote(state: PictureState): { label: string; sentence: string } | null {
  if (state.reason === "codec") {
    const codec = CODECS[state.codec?.slice(0, 4) ?? ""] ?? "this codec";
    return { label: "NO PREVIEW", sentence: `This browser cannot show ${codec}. You can still cut to it.` };
  }
  if (state.reason === "data") {
    return { label: "SAVING DATA", sentence: "This browser saves data, so pictures move once in a while. The programme is not affected." };
  }
  if (state.reason === "busy" && state.step !== "refs") {
    return { label: "STILLS", sentence: "This computer is busy. The programme is not affected." };
  }
  return null;
}
