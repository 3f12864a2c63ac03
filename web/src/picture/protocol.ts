// The preview's messages: docs/preview.md. Pure; what is cut short or unknown is `null`, never an exception.

export const SYNC = 1;
export const DISPOSABLE = 2;
export const NEW_EPOCH = 4;
export const BURST = 8;

export interface Config {
  kind: "config";
  sub: number;
  seq: number;
  config: number;
  /** Pictures that may precede one in decoding order and follow it on the screen; `null` where that is not known. */
  reorder: number | null;
  width: number;
  height: number;
  /** RFC 6381. */
  codec: string;
  /** avcC, hvcC or av1C, without its box. */
  record: Uint8Array<ArrayBuffer>;
}

export interface Sample {
  kind: "sample";
  sub: number;
  seq: number;
  flags: number;
  /** On the event clock, in microseconds. */
  pts: number;
  /** Presentation less decoding time, in microseconds. */
  offset: number;
  /** From its arrival at the server to its sending, in microseconds. */
  waited: number;
  config: number;
  payload: Uint8Array<ArrayBuffer>;
}

/** What decodes sound. */
export interface Heard {
  kind: "heard";
  sub: number;
  seq: number;
  config: number;
  sampleRate: number;
  /** PCM samples in one access unit. */
  samplesPerUnit: number;
  channels: number;
  /** RFC 6381. */
  codec: string;
  /** AudioSpecificConfig or OpusHead. */
  record: Uint8Array<ArrayBuffer>;
}

/** A tenth of a second of sound. */
export interface Sound {
  kind: "sound";
  sub: number;
  seq: number;
  /** Of the first access unit, on the event clock, in microseconds. */
  pts: number;
  config: number;
  units: Uint8Array<ArrayBuffer>[];
}

export type Told =
  | Config
  | Sample
  | Heard
  | Sound
  | { kind: "skipped"; sub: number; seq: number; samples: number }
  | { kind: "hello"; sub: number; seq: number; now: number; wall: number }
  | { kind: "pong"; sub: number; seq: number; echo: number; now: number };

const HEADER = 8;
const SAMPLE_HEADER = HEADER + 18;
const CONFIG_HEADER = HEADER + 8;
const HEARD_HEADER = HEADER + 10;
const SOUND_HEADER = HEADER + 10;
const REORDER_UNKNOWN = 255;

export function parse(message: ArrayBuffer): Told | null {
  if (message.byteLength < HEADER) return null;
  const view = new DataView(message);
  const head = { sub: view.getUint16(2), seq: view.getUint32(4) };
  const rest = message.byteLength - HEADER;
  switch (view.getUint8(0)) {
    case 1:
      return rest < 8 ? null : config(message, view, head);
    case 2:
      if (rest < 18) return null;
      return {
        kind: "sample",
        ...head,
        flags: view.getUint8(1),
        pts: Number(view.getBigInt64(HEADER)),
        offset: view.getInt32(HEADER + 8),
        waited: view.getUint32(HEADER + 12),
        config: view.getUint16(HEADER + 16),
        payload: new Uint8Array(message, SAMPLE_HEADER),
      };
    case 3:
      return rest < 4 ? null : { kind: "skipped", ...head, samples: view.getUint32(HEADER) };
    case 4:
      if (rest < 16) return null;
      return {
        kind: "hello",
        ...head,
        now: Number(view.getBigInt64(HEADER)),
        wall: Number(view.getBigInt64(HEADER + 8)),
      };
    case 5:
      if (rest < 12) return null;
      return { kind: "pong", ...head, echo: view.getUint32(HEADER), now: Number(view.getBigInt64(HEADER + 4)) };
    case 6:
      return rest < 10 ? null : heard(message, view, head);
    case 7:
      return rest < 10 ? null : sound(message, view, head);
    default:
      return null;
  }
}

interface Head {
  sub: number;
  seq: number;
}

function config(message: ArrayBuffer, view: DataView, head: Head): Config | null {
  const reorder = view.getUint8(HEADER + 2);
  const length = view.getUint8(HEADER + 7);
  if (message.byteLength < CONFIG_HEADER + length) return null;
  return {
    kind: "config",
    ...head,
    config: view.getUint16(HEADER),
    reorder: reorder === REORDER_UNKNOWN ? null : reorder,
    width: view.getUint16(HEADER + 3),
    height: view.getUint16(HEADER + 5),
    codec: text(message, CONFIG_HEADER, length),
    record: new Uint8Array(message, CONFIG_HEADER + length),
  };
}

function heard(message: ArrayBuffer, view: DataView, head: Head): Heard | null {
  const length = view.getUint8(HEADER + 9);
  if (message.byteLength < HEARD_HEADER + length) return null;
  return {
    kind: "heard",
    ...head,
    config: view.getUint16(HEADER),
    sampleRate: view.getUint32(HEADER + 2),
    samplesPerUnit: view.getUint16(HEADER + 6),
    channels: view.getUint8(HEADER + 8),
    codec: text(message, HEARD_HEADER, length),
    record: new Uint8Array(message, HEARD_HEADER + length),
  };
}

function sound(message: ArrayBuffer, view: DataView, head: Head): Sound | null {
  const units: Uint8Array<ArrayBuffer>[] = [];
  let at = SOUND_HEADER;
  while (at < message.byteLength) {
    if (at + 2 > message.byteLength) return null;
    const length = view.getUint16(at);
    if (at + 2 + length > message.byteLength) return null;
    units.push(new Uint8Array(message, at + 2, length));
    at += 2 + length;
  }
  return { kind: "sound", ...head, pts: Number(view.getBigInt64(HEADER)), config: view.getUint16(HEADER + 8), units };
}

const text = (message: ArrayBuffer, at: number, length: number) =>
  String.fromCharCode(...new Uint8Array(message, at, length));
