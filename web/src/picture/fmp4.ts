// The little of ISO/IEC 14496-12 that Media Source Extensions need to play samples one by one: an init section, and a
// fragment for each sample. Pure.
import type { Config, Sample } from "./protocol";

/** Ticks per second: the samples' own microseconds. */
const TIMESCALE = 1_000_000;

const text = (four: string) => [...four].map((letter) => letter.charCodeAt(0));
const u16 = (value: number) => [(value >> 8) & 255, value & 255];
const u32 = (value: number) => [...u16((value >>> 16) & 0xffff), ...u16(value & 0xffff)];
const u64 = (value: number) => [...u32(Math.floor(value / 2 ** 32)), ...u32(value >>> 0)];

type Part = readonly number[] | Uint8Array;

function join(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function box(name: string, ...parts: Part[]): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((sum, part) => sum + part.length, 8);
  return join([u32(size), text(name), ...parts]);
}

const fullBox = (name: string, version: number, flags: number, ...parts: Part[]) =>
  box(name, [version, 0, 0, 0].map((byte, index) => (index === 0 ? byte : (flags >> (8 * (3 - index))) & 255)), ...parts);

/** The box that holds the decoder's record, by the first four letters of the codec. */
const RECORD_BOX: Readonly<Record<string, string>> = { avc1: "avcC", hvc1: "hvcC", av01: "av1C" };

/** What `MediaSource` must be told; `null` for codecs that it has no box for. */
export function mimeType(config: Config): string | null {
  return RECORD_BOX[config.codec.slice(0, 4)] ? `video/mp4; codecs="${config.codec}"` : null;
}

const UNITY_MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].flatMap(u32);

/** `ftyp` and `moov` with one video track. */
export function initSection(config: Config): Uint8Array<ArrayBuffer> {
  const entry = config.codec.slice(0, 4);
  const sampleEntry = box(
    entry,
    [0, 0, 0, 0, 0, 0, 0, 1],
    new Uint8Array(16),
    u16(config.width),
    u16(config.height),
    u32(0x480000),
    u32(0x480000),
    u32(0),
    u16(1),
    new Uint8Array(32),
    u16(0x18),
    [0xff, 0xff],
    box(RECORD_BOX[entry] ?? "avcC", config.record),
  );
  const none = u32(0);
  const stbl = box(
    "stbl",
    fullBox("stsd", 0, 0, u32(1), sampleEntry),
    fullBox("stts", 0, 0, none),
    fullBox("stsc", 0, 0, none),
    fullBox("stsz", 0, 0, none, none),
    fullBox("stco", 0, 0, none),
  );
  const minf = box(
    "minf",
    fullBox("vmhd", 0, 1, new Uint8Array(8)),
    box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1))),
    stbl,
  );
  const mdia = box(
    "mdia",
    fullBox("mdhd", 0, 0, none, none, u32(TIMESCALE), none, u16(0x55c4), u16(0)),
    fullBox("hdlr", 0, 0, none, text("vide"), new Uint8Array(13)),
    minf,
  );
  const tkhd = fullBox(
    "tkhd",
    0,
    7,
    none,
    none,
    u32(1),
    none,
    none,
    new Uint8Array(16),
    UNITY_MATRIX,
    u32(config.width << 16),
    u32(config.height << 16),
  );
  const mvhd = fullBox(
    "mvhd",
    0,
    0,
    none,
    none,
    u32(TIMESCALE),
    none,
    u32(0x10000),
    u16(0x100),
    new Uint8Array(10),
    UNITY_MATRIX,
    new Uint8Array(24),
    u32(2),
  );
  return join([
    box("ftyp", text("iso6"), u32(0), text("iso6"), text("cmfc")),
    box(
      "moov",
      mvhd,
      box("trak", tkhd, mdia),
      box("mvex", fullBox("trex", 0, 0, u32(1), u32(1), none, none, none)),
    ),
  ]);
}

const SYNC_SAMPLE = 0x02000000;
const OTHER_SAMPLE = 0x01010000;

/**
 * `moof` and `mdat` with one sample, `decodeTime` and `duration` in microseconds. Decoding times are counted from wherever
 * the caller likes: the element's timeline begins there.
 */
export function fragment(
  sample: Sample,
  number: number,
  decodeTime: number,
  duration: number,
  sync: boolean,
): Uint8Array<ArrayBuffer> {
  const traf = (dataOffset: number) =>
    box(
      "traf",
      // The data is found from the moof's beginning.
      fullBox("tfhd", 0, 0x020000, u32(1)),
      fullBox("tfdt", 1, 0, u64(decodeTime)),
      // Data offset, duration, size, flags, composition offset: for one sample.
      fullBox(
        "trun",
        1,
        0x000f01,
        u32(1),
        u32(dataOffset),
        u32(duration),
        u32(sample.payload.length),
        u32(sync ? SYNC_SAMPLE : OTHER_SAMPLE),
        u32(sample.offset >>> 0),
      ),
    );
  const moof = (dataOffset: number) => box("moof", fullBox("mfhd", 0, 0, u32(number)), traf(dataOffset));
  const head = moof(moof(0).length + 8);
  return join([head, box("mdat", sample.payload)]);
}
