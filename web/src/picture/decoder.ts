// One camera's pictures through WebCodecs. Runs in the worker.
import { type Config, type Sample, SYNC } from "./protocol";

/** Pictures in front of the decoder; beyond, everything up to the next sync sample is dropped. */
const QUEUE_MAX = 12;
/** Samples that wait for the answer whether a configuration is supported. */
const WAITING_MAX = 180;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5_000;

export interface Screen {
  picture(frame: VideoFrame): void;
  unsupported(codec: string): void;
}

/** A decoder that begins anew at the next sync sample after whatever goes wrong. */
export class Decoder {
  private decoder: VideoDecoder | null = null;
  private config: Config | null = null;
  private wantsSync = true;
  private retryAt = 0;
  private retryMs = RETRY_MIN_MS;
  /** Samples that came while the browser was asked; `null` when it has answered. */
  private waiting: Sample[] | null = null;

  constructor(private readonly screen: Screen) {}

  get queue(): number {
    return this.decoder?.decodeQueueSize ?? 0;
  }

  configure(config: Config): void {
    this.close();
    this.config = config;
    this.waiting = [];
    const wanted = decoderConfig(config);
    VideoDecoder.isConfigSupported(wanted).then(
      ({ supported }) => this.answered(config, supported === true),
      () => this.answered(config, false),
    );
  }

  /** Decodes a sample. With `alone` it is shown at once, whatever may follow. */
  decode(sample: Sample, alone: boolean): void {
    if (this.waiting) {
      if (this.waiting.length < WAITING_MAX) this.waiting.push(sample);
      return;
    }
    const sync = (sample.flags & SYNC) !== 0;
    if (this.queue > QUEUE_MAX) this.wantsSync = true;
    if (this.wantsSync && !sync) return;
    const decoder = this.decoder ?? this.open();
    if (!decoder) return;
    this.wantsSync = false;
    const type = sync ? "key" : "delta";
    try {
      decoder.decode(new EncodedVideoChunk({ type, timestamp: sample.pts, data: sample.payload }));
      // Otherwise a decoder keeps pictures back for those that might come before them.
      if (alone) decoder.flush().catch(() => undefined);
    } catch {
      this.failed();
    }
  }

  close(): void {
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
    this.wantsSync = true;
  }

  private answered(config: Config, supported: boolean): void {
    if (this.config !== config) return;
    const waiting = this.waiting ?? [];
    this.waiting = null;
    if (!supported) {
      this.config = null;
      this.screen.unsupported(config.codec);
      return;
    }
    for (const sample of waiting) this.decode(sample, false);
  }

  private open(): VideoDecoder | null {
    if (!this.config || performance.now() < this.retryAt) return null;
    const decoder = new VideoDecoder({
      output: (frame) => {
        this.retryMs = RETRY_MIN_MS;
        this.screen.picture(frame);
      },
      error: () => {
        if (this.decoder === decoder) this.failed();
      },
    });
    decoder.configure(decoderConfig(this.config));
    this.decoder = decoder;
    return decoder;
  }

  private failed(): void {
    this.close();
    this.retryAt = performance.now() + this.retryMs;
    this.retryMs = Math.min(RETRY_MAX_MS, this.retryMs * 2);
  }
}

function decoderConfig(config: Config): VideoDecoderConfig {
  // AV1 has its sequence header in band.
  const description = config.codec.startsWith("av01") ? {} : { description: config.record };
  return {
    codec: config.codec,
    codedWidth: config.width,
    codedHeight: config.height,
    optimizeForLatency: true,
    ...description,
  };
}
