// How loud a camera is, by WebCodecs. Runs in the worker.
import { type Level, louder, peakDb } from "./level";
import type { Heard, Sound } from "./protocol";

/** Access units in front of the decoder: beyond a second, some are left out. A meter need not hear all. */
const QUEUE_MAX = 50;
const RETRY_MS = 2_000;

export class SoundDecoder {
  private decoder: AudioDecoder | null = null;
  private heard: Heard | null = null;
  private retryAt = 0;
  private loudest: Level | null = null;
  /** Whether this browser cannot decode it. */
  unsupported = false;

  configure(heard: Heard): void {
    this.close();
    this.heard = heard;
    this.unsupported = false;
    AudioDecoder.isConfigSupported(decoderConfig(heard)).then(
      ({ supported }) => this.answered(heard, supported === true),
      () => this.answered(heard, false),
    );
  }

  decode(sound: Sound): void {
    if (!this.decoder && performance.now() >= this.retryAt) this.open();
    if (!this.decoder || this.decoder.decodeQueueSize > QUEUE_MAX) return;
    const unitMicros = this.heard ? (this.heard.samplesPerUnit * 1e6) / this.heard.sampleRate : 0;
    try {
      for (const [number, data] of sound.units.entries()) {
        const timestamp = sound.pts + Math.round(number * unitMicros);
        this.decoder.decode(new EncodedAudioChunk({ type: "key", timestamp, data }));
      }
    } catch {
      this.failed();
    }
  }

  /** The loudest since the last call; `null` where nothing was heard. */
  takeLevel(): Level | null {
    const level = this.loudest;
    this.loudest = null;
    return level;
  }

  close(): void {
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
    this.heard = null;
  }

  private answered(heard: Heard, supported: boolean): void {
    if (this.heard !== heard || supported) return;
    this.close();
    this.unsupported = true;
  }

  private open(): void {
    if (!this.heard) return;
    const decoder = new AudioDecoder({
      output: (data) => {
        this.loudest = louder(this.loudest, levelOf(data));
        data.close();
      },
      error: () => {
        if (this.decoder === decoder) this.failed();
      },
    });
    this.decoder = decoder;
    try {
      decoder.configure(decoderConfig(this.heard));
    } catch {
      this.failed();
    }
  }

  /** Anew with the next sound, after a while. */
  private failed(): void {
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
    this.retryAt = performance.now() + RETRY_MS;
  }
}

function decoderConfig({ codec, sampleRate, channels, record }: Heard): AudioDecoderConfig {
  return { codec, sampleRate, numberOfChannels: channels, description: record };
}

function levelOf(data: AudioData): Level {
  const samples = new Float32Array(data.numberOfFrames);
  const peak = (planeIndex: number) => {
    data.copyTo(samples, { planeIndex, format: "f32-planar" });
    return peakDb(samples);
  };
  const left = peak(0);
  return { left, right: data.numberOfChannels > 1 ? peak(1) : left };
}
