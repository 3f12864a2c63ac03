// What this browser's operator likes, kept in this browser.
import { create } from "zustand";

export interface Settings {
  /** What a tap on a tile does; a right click or a long press does the other. */
  tap: "cut" | "arm";
  keys: "off" | "direct" | "atem";
}

const KEY = "genlock.settings";
const DEFAULTS: Settings = { tap: "cut", keys: "direct" };

function kept(): Settings {
  try {
    const { tap, keys } = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Settings>;
    return {
      tap: tap === "arm" ? "arm" : DEFAULTS.tap,
      keys: keys === "off" || keys === "atem" ? keys : DEFAULTS.keys,
    };
  } catch {
    return DEFAULTS;
  }
}

export const useSettings = create<Settings & { set: (change: Partial<Settings>) => void }>((set, get) => ({
  ...kept(),
  set: (change) => {
    set(change);
    const { tap, keys } = get();
    localStorage.setItem(KEY, JSON.stringify({ tap, keys }));
  },
}));
