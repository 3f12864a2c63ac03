// What a key does. By its place on the keyboard: on a French one the digits need Shift, which would turn cuts into arms.
import type { Settings } from "./settings";

export type Command =
  | { do: "cut" | "arm"; place: number }
  | { do: "take" | "undo" | "lock" | "disarm" | "fullscreen" | "help" };

interface Pressed {
  code: string;
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  repeat: boolean;
}

/** The command of a key, `null` for keys that are not ours. Places count from 0; the digit 0 is the tenth. */
export function command(pressed: Pressed, keys: Settings["keys"]): Command | null {
  if (keys === "off" || pressed.repeat || pressed.ctrlKey || pressed.altKey || pressed.metaKey) return null;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(pressed.code)?.[1];
  if (digit !== undefined) {
    const direct = (keys === "direct") !== pressed.shiftKey;
    return { do: direct ? "cut" : "arm", place: (Number(digit) + 9) % 10 };
  }
  if (pressed.key === "?") return { do: "help" };
  if (pressed.shiftKey) return null;
  switch (pressed.code) {
    case "Enter":
    case "NumpadEnter":
    case "Space":
      return { do: "take" };
    case "Escape":
      return { do: "disarm" };
    default:
      break;
  }
  // Letters by what is printed on them: they are remembered by their names.
  switch (pressed.key.toLowerCase()) {
    case "z":
      return { do: "undo" };
    case "l":
      return { do: "lock" };
    case "f":
      return { do: "fullscreen" };
    default:
      return null;
  }
}
