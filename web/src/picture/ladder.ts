// Which pictures give way when this computer or the network cannot do them all: one step at a time, the least
// important first, and back up after a calm while. Pure; times are milliseconds of one clock.

export type Step = "all" | "refs" | "sync" | "stills";

const STEPS: readonly Step[] = ["all", "refs", "sync", "stills"];

export interface Rung {
  sub: number;
  /** Programme, preview, the camera under the pointer: they give way last. */
  important: boolean;
  /** Below this a picture is too small to move. */
  best: Step;
}

export interface Strain {
  sub: number;
  queue: number;
  ageMs: number | null;
}

const QUEUE_MAX = 3;
const AGE_MAX_MS = 700;
/** So many strained looks within the window take a step down. */
const STRAINED_LOOKS = 2;
const STRAIN_WINDOW_MS = 6_000;
/** A step up is tried after so much calm, and after twice as much when the last try failed. */
const CALM_MS = 10_000;
const CALM_MAX_MS = 120_000;
/** A step down this soon after a step up means that the try failed. */
const FAILED_WITHIN_MS = 10_000;

export class Ladder {
  private readonly steps = new Map<number, Step>();
  private strained: number[] = [];
  private calmSince = 0;
  private calmNeeded = CALM_MS;
  private raisedAt = Number.NEGATIVE_INFINITY;

  /** The step of a stream: what was decided, or its best. */
  step(rung: Rung): Step {
    const decided = this.steps.get(rung.sub) ?? "all";
    return STEPS.indexOf(decided) > STEPS.indexOf(rung.best) ? decided : rung.best;
  }

  forget(sub: number): void {
    this.steps.delete(sub);
  }

  /** A look at all streams, about once a second. Returns the stream whose step changed, if any. */
  look(now: number, rungs: readonly Rung[], strains: readonly Strain[]): number | null {
    const strained = strains.some(({ queue, ageMs }) => queue > QUEUE_MAX || (ageMs ?? 0) > AGE_MAX_MS);
    this.strained = this.strained.filter((at) => now - at < STRAIN_WINDOW_MS);
    if (!strained) {
      const calm = this.strained.length === 0 && now - Math.max(this.calmSince, this.raisedAt) >= this.calmNeeded;
      return calm ? this.raise(now, rungs) : null;
    }
    this.calmSince = now;
    this.strained.push(now);
    if (this.strained.length < STRAINED_LOOKS) return null;
    this.strained = [];
    return this.lower(now, rungs);
  }

  private lower(now: number, rungs: readonly Rung[]): number | null {
    if (now - this.raisedAt < FAILED_WITHIN_MS) this.calmNeeded = Math.min(CALM_MAX_MS, this.calmNeeded * 2);
    // The best of those that matter least.
    const [first] = rungs
      .filter((rung) => this.step(rung) !== "stills")
      .sort((a, b) => Number(a.important) - Number(b.important) || STEPS.indexOf(this.step(a)) - STEPS.indexOf(this.step(b)));
    if (!first) return null;
    this.steps.set(first.sub, STEPS[STEPS.indexOf(this.step(first)) + 1] ?? "stills");
    return first.sub;
  }

  private raise(now: number, rungs: readonly Rung[]): number | null {
    const [first] = rungs
      .filter((rung) => STEPS.indexOf(this.step(rung)) > STEPS.indexOf(rung.best))
      .sort((a, b) => Number(b.important) - Number(a.important) || STEPS.indexOf(this.step(b)) - STEPS.indexOf(this.step(a)));
    if (!first) return null;
    this.raisedAt = now;
    this.steps.set(first.sub, STEPS[STEPS.indexOf(this.step(first)) - 1] ?? "all");
    return first.sub;
  }
}
