// How loud sound is, for level meters. Pure.

/** Peaks of the first two channels, in dB of full scale; a single channel is both. */
export interface Level {
  left: number;
  right: number;
}

/** Silence, and everything below it. */
export const FLOOR_DB = -60;
/** How fast a meter falls: 20 dB in 1.7 s, as OBS's meters do. */
const FALL_DB_PER_MS = 20 / 1700;
/** A level that is older tells nothing. */
const STALE_MS = 600;

/** The largest sample of a channel, in dB of full scale. */
export function peakDb(samples: Float32Array): number {
  let largest = 0;
  for (const sample of samples) {
    const size = Math.abs(sample);
    if (size > largest) largest = size;
  }
  return Math.max(FLOOR_DB, 20 * Math.log10(largest));
}

export const louder = (one: Level | null, other: Level): Level =>
  one === null ? other : { left: Math.max(one.left, other.left), right: Math.max(one.right, other.right) };

/** The needle of a meter: up at once, down slowly. */
export class Needle {
  private shown: Level = { left: FLOOR_DB, right: FLOOR_DB };
  private since = 0;

  /** What is shown at `now`, with what was last heard `at` a time. */
  at(now: number, heard: (Level & { at: number }) | null): Level {
    const fallen = (now - this.since) * FALL_DB_PER_MS;
    const fresh = heard !== null && now - heard.at < STALE_MS;
    const follow = (shown: number, level: number) => Math.max(FLOOR_DB, level, shown - fallen);
    this.shown = {
      left: follow(this.shown.left, fresh ? heard.left : FLOOR_DB),
      right: follow(this.shown.right, fresh ? heard.right : FLOOR_DB),
    };
    this.since = now;
    return this.shown;
  }
}

/** The part of a meter that is filled, 0 to 1. */
export const filled = (db: number): number => Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
