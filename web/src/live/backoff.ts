// How long to wait before a connection is tried again.

const STEPS_MS = [250, 500, 1000, 2000, 4000];
const SPREAD = 0.2;

/** The wait before try number `tries` (0 is the first), ±20 % by `random` in 0..1, so that clients do not come at once. */
export function backoff(tries: number, random: number): number {
  const step = STEPS_MS[Math.min(tries, STEPS_MS.length - 1)] ?? 0;
  return step * (1 + SPREAD * (2 * random - 1));
}
