// How loud each stream is, as far as this page knows: from the worker, or decoded here where the worker cannot.
import type { Level } from "./level";
import { PageSoundDecoder } from "./pageSound";
import type { Answered } from "./words";

/** What a meter shows. `unsupported`: this browser does not decode the sound. */
export type Heard = (Level & { at: number }) | "unsupported";

export class Hearing {
  private readonly levels = new Map<number, Heard>();
  private readonly decoders = new Map<number, PageSoundDecoder>();

  /** Takes what the worker says of sound. */
  hear(told: Extract<Answered, { type: "levels" | "heard" | "sound" }>): void {
    switch (told.type) {
      case "levels":
        for (const { sub, level } of told.levels) this.set(sub, level);
        break;
      case "heard": {
        const { sub } = told.heard;
        const decoder = this.decoders.get(sub) ?? new PageSoundDecoder((level) => this.set(sub, level));
        this.decoders.set(sub, decoder);
        decoder.configure(told.heard);
        if (decoder.unsupported) this.set(sub, "unsupported");
        break;
      }
      case "sound":
        this.decoders.get(told.sound.sub)?.append(told.sound);
    }
  }

  level(sub: number): Heard | null {
    return this.levels.get(sub) ?? null;
  }

  forget(sub: number): void {
    this.levels.delete(sub);
    this.decoders.delete(sub);
  }

  private set(sub: number, level: Level | "unsupported"): void {
    this.levels.set(sub, level === "unsupported" ? level : { ...level, at: performance.now() });
  }
}
