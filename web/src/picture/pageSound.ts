// How loud a camera is where there is no WebCodecs (plain http): by what every browser has for reading sound files.
import { adts } from "./adts";
import { type Level, peakDb } from "./level";
import type { Heard, Sound } from "./protocol";

/** Access units in one file: five levels a second, and half the files of ten. */
const UNITS_MIN = 9;
const UNITS_MAX = 60;
/** Every file is decoded at this rate; a level does not mind. */
const RATE = 48_000;

export class PageSoundDecoder {
  private static context: BaseAudioContext | null = null;
  private heard: Heard | null = null;
  private waiting: Uint8Array<ArrayBuffer>[] = [];
  /** The access unit before: sound is made of two that overlap. */
  private before: Uint8Array<ArrayBuffer> | null = null;
  private busy = false;
  unsupported = false;

  constructor(private readonly tell: (level: Level) => void) {}

  configure(heard: Heard): void {
    this.heard = heard;
    this.waiting = [];
    this.before = null;
    this.unsupported = adts(heard.record, []) === null || !heard.codec.startsWith("mp4a");
  }

  /** Keeps the newest while the browser is busy. */
  append(sound: Sound): void {
    if (this.unsupported || !this.heard) return;
    this.waiting.push(...sound.units);
    if (this.waiting.length > UNITS_MAX) {
      this.waiting = this.waiting.slice(-UNITS_MIN);
      this.before = null;
    }
    if (!this.busy && this.waiting.length >= UNITS_MIN) void this.decode(this.heard);
  }

  private async decode(heard: Heard): Promise<void> {
    const led = this.before ? [this.before] : [];
    const units = [...led, ...this.waiting];
    this.before = this.waiting.at(-1) ?? null;
    this.waiting = [];
    const file = adts(heard.record, units);
    if (!file) return;
    this.busy = true;
    try {
      PageSoundDecoder.context ??= new OfflineAudioContext(1, 1, RATE);
      const sound = await PageSoundDecoder.context.decodeAudioData(file.buffer);
      if (this.heard === heard) this.tell(levelOf(sound, led.length / units.length));
    } catch {
      // What cannot be read now may be an access unit that was damaged on its way; the next ones are tried.
      this.before = null;
    } finally {
      this.busy = false;
    }
  }
}

/** Without the first `part` of it, which begins from silence. */
function levelOf(sound: AudioBuffer, part: number): Level {
  const peak = (channel: number) => {
    const samples = sound.getChannelData(channel);
    return peakDb(samples.subarray(Math.floor(samples.length * part)));
  };
  const left = peak(0);
  return { left, right: sound.numberOfChannels > 1 ? peak(1) : left };
}
