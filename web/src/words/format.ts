// Numbers as people read them: fixed width where they change, a narrow no-break space before units, a real minus.

export const THIN = "\u202f";
export const MINUS = "\u2212";

/** Tells that a value is not known. */
export const UNKNOWN = "—";

/** `6.0 Mb/s`, `850 kb/s`. */
export function bitrate(bps: number | null | undefined): string {
  if (bps == null || bps <= 0) return UNKNOWN;
  if (bps < 999_500) return `${Math.round(bps / 1000)}${THIN}kb/s`;
  return `${(bps / 1e6).toFixed(1)}${THIN}Mb/s`;
}

/** Rates of television that are no whole numbers; all others are, as far as people care. */
const BROKEN_FPS = [23.976, 29.97, 59.94];

/** `30 fps`, `29.97 fps`. */
export function fps(value: number | null | undefined): string {
  if (value == null || value <= 0) return UNKNOWN;
  const broken = BROKEN_FPS.find((rate) => Math.abs(rate - value) < 0.012);
  return `${broken ? broken.toFixed(2) : Math.round(value)}${THIN}fps`;
}

/** `0.6 s`, `12 s`: one decimal below ten seconds. */
export function seconds(ms: number): string {
  const value = Math.max(0, ms) / 1000;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value).toString()}${THIN}s`;
}

/** `0:42`, `12:05`, `1:12:45`. */
export function duration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => value.toString().padStart(2, "0");
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/** `−40 ms`, `0 ms`, `+12 ms`. */
export function signedMs(ms: number): string {
  const rounded = Math.round(ms);
  const sign = rounded > 0 ? "+" : rounded < 0 ? MINUS : "";
  return `${sign}${Math.abs(rounded)}${THIN}ms`;
}

/** `0 µs`, `4.1 ms`: microseconds in the unit that fits. */
export function micros(us: number | null | undefined): string {
  if (us == null) return UNKNOWN;
  const sign = us < 0 ? MINUS : "";
  const size = Math.abs(us);
  return size < 1000 ? `${sign}${size}${THIN}µs` : `${sign}${(size / 1000).toFixed(1)}${THIN}ms`;
}

/** `1920×1080`. */
export function size(width: number, height: number): string {
  return `${width}×${height}`;
}

/** `14:03:12`, of the reader's own clock. */
export function clock(at: Date): string {
  return at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

/** `3.1 GB`, `850 MB`, `12 kB`: decimal, as disks are sold. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [count, 0];
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)}${THIN}${units[unit]}`;
}

/** `41:07.3`: seconds, as a place in a recording. */
export function placeText(seconds: number): string {
  const tenths = Math.round(Math.max(0, seconds) * 10);
  return `${duration(Math.floor(tenths / 10) * 1000)}.${tenths % 10}`;
}

/** `41:07.3`, `1:02:03`, `7.5`: a place in a recording, as seconds; `null` if it is none. */
export function place(text: string): number | null {
  const parts = text.trim().split(":");
  if (parts.length > 3 || !parts.every((part, at) => (at === parts.length - 1 ? /^\d+(\.\d+)?$/ : /^\d+$/).test(part))) {
    return null;
  }
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}
