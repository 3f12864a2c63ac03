// One camera's pictures through Media Source Extensions: on plain http there is no WebCodecs. The page decodes in a video
// element that nobody sees and draws its pictures to all places.
import { fragment, initSection, mimeType } from "./fmp4";
import { type Config, type Sample, SYNC } from "./protocol";

/** The element stays so far behind its newest picture: below 0.2 s it stalls now and then. */
const TARGET_S = 0.3;
const LATE_S = 0.08;
const LOST_S = 0.8;
const CATCH_UP_RATE = 1.1;
const KEPT_S = 10;
/** Fragments that wait for the element: two seconds of sixty pictures. */
const WAITING_MAX = 120;
const FIRST_DURATION_US = 33_333;

export interface MseScreen {
  /** The element has a new picture. */
  picture(video: HTMLVideoElement): void;
  failed(): void;
}

/** What a browser without Media Source Extensions says. iPhones have the managed kind only. */
export const mediaSource = (): typeof MediaSource | undefined =>
  globalThis.MediaSource ??
  (globalThis as { ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource;

export const canPlay = (config: Config): boolean => {
  const type = mimeType(config);
  return type !== null && (mediaSource()?.isTypeSupported(type) ?? false);
};

export class MsePlayer {
  private readonly video = document.createElement("video");
  private source: MediaSource | null = null;
  private buffer: SourceBuffer | null = null;
  private waiting: Uint8Array<ArrayBuffer>[] = [];
  private number = 0;
  private base: number | null = null;
  private last: { decodeTime: number; duration: number } | null = null;
  private wantsSync = true;
  private stopped = false;
  private url: string | null = null;

  constructor(private readonly screen: MseScreen) {
    this.video.muted = true;
    this.video.playsInline = true;
    this.video.disableRemotePlayback = true;
    const drawn = () => {
      if (this.stopped) return;
      this.screen.picture(this.video);
      this.video.requestVideoFrameCallback(drawn);
    };
    this.video.requestVideoFrameCallback(drawn);
  }

  configure(config: Config): void {
    const type = mimeType(config);
    const Source = mediaSource();
    if (!type || !Source) return this.screen.failed();
    this.release();
    const source = new Source();
    this.source = source;
    this.waiting = [initSection(config)];
    this.base = null;
    this.last = null;
    this.wantsSync = true;
    source.onsourceopen = () => {
      if (this.source !== source) return;
      this.buffer = source.addSourceBuffer(type);
      this.buffer.onupdateend = () => this.pump();
      this.buffer.onerror = () => this.screen.failed();
      this.pump();
    };
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
  }

  append(sample: Sample): void {
    const sync = (sample.flags & SYNC) !== 0;
    if (!this.source || (this.wantsSync && !sync)) return;
    if (this.waiting.length >= WAITING_MAX) {
      // Behind for good: from the next sync sample on.
      this.waiting = this.waiting.slice(0, this.buffer ? 0 : 1);
      this.wantsSync = true;
      return;
    }
    this.wantsSync = false;
    const dts = sample.pts - sample.offset;
    this.base ??= dts;
    const decodeTime = Math.max(0, dts - this.base);
    const duration = this.last ? Math.max(1, decodeTime - this.last.decodeTime) : FIRST_DURATION_US;
    this.last = { decodeTime, duration };
    this.number += 1;
    this.waiting.push(fragment(sample, this.number, decodeTime, duration, sync));
    this.pump();
    this.steer();
  }

  stop(): void {
    this.stopped = true;
    this.release();
  }

  private pump(): void {
    const { buffer } = this;
    if (!buffer || buffer.updating || this.source?.readyState !== "open") return;
    try {
      const old = this.video.currentTime - KEPT_S;
      if (buffer.buffered.length > 0 && buffer.buffered.start(0) < old - KEPT_S) return buffer.remove(0, old);
      const next = this.waiting.shift();
      if (next) buffer.appendBuffer(next);
    } catch {
      this.screen.failed();
    }
  }

  /** Keeps the element just behind its newest picture. */
  private steer(): void {
    const { video } = this;
    if (!this.buffer || video.buffered.length === 0) return;
    const end = video.buffered.end(video.buffered.length - 1);
    const behind = end - video.currentTime;
    if (behind > LOST_S || behind < 0) video.currentTime = Math.max(0, end - TARGET_S);
    else if (video.paused && behind < TARGET_S) return;
    video.playbackRate = behind > TARGET_S + LATE_S ? CATCH_UP_RATE : 1;
    if (video.paused) video.play().catch(() => undefined);
  }

  private release(): void {
    this.source = null;
    this.buffer = null;
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.video.removeAttribute("src");
  }
}
