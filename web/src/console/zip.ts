// A zip archive of a few small texts, stored as they are (APPNOTE 6.3.10 §4.3): enough for an OBS profile. Pure.

interface Entry {
  /** Path within the archive, ASCII. */
  name: string;
  text: string;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** 1980-01-01: the format knows no time without a date. */
const DATE = 0x21;

export function zip(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const index: Uint8Array[] = [];
  let offset = 0;
  for (const { name, text } of entries) {
    const [path, data] = [encoder.encode(name), encoder.encode(text)];
    // Version, flags, method, time, date, CRC, both sizes, lengths of name and extra field.
    const about = [2, 20, 2, 0, 2, 0, 2, 0, 2, DATE, 4, crc32(data), 4, data.length, 4, data.length, 2, path.length, 2, 0];
    const local = [fields([4, LOCAL, ...about]), path, data];
    // Length of the comment, disk, attributes, place of the local header.
    index.push(fields([4, CENTRAL, 2, 20, ...about, 2, 0, 2, 0, 2, 0, 4, 0, 4, offset]), path);
    parts.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const size = index.reduce((sum, part) => sum + part.length, 0);
  const count = entries.length;
  parts.push(...index, fields([4, END, 2, 0, 2, 0, 2, count, 2, count, 4, size, 4, offset, 2, 0]));
  return joined(parts);
}

/** Little-endian numbers, each behind its width in bytes. */
function fields(pairs: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < pairs.length; at += 2) {
    const [width = 0, value = 0] = [pairs[at], pairs[at + 1]];
    for (let byte = 0; byte < width; byte += 1) bytes.push((value >>> (8 * byte)) & 0xff);
  }
  return Uint8Array.from(bytes);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** CRC-32 as zip has it. */
export function crc32(data: Uint8Array): number {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}
