// AAC access units as a file that `decodeAudioData` reads (ISO/IEC 14496-3 §1.A.2.2.1). Pure.

const HEADER = 7;
const FRAME_MAX = 0x1fff;
const RATE_EXPLICIT = 15;
const LOW_COMPLEXITY = 2;

/** `units` as ADTS; `null` where that format cannot say what `record` (an AudioSpecificConfig) does. */
export function adts(record: Uint8Array, units: readonly Uint8Array[]): Uint8Array<ArrayBuffer> | null {
  const [first = 0, second = 0] = record;
  const rate = ((first & 7) << 1) | (second >> 7);
  const channels = (second >> 3) & 15;
  // Of HE-AAC the core is enough for a level, and decoders find the rest in band.
  if (record.length < 2 || rate === RATE_EXPLICIT || channels === 0 || channels > 7) return null;
  const total = units.reduce((sum, unit) => sum + HEADER + unit.length, 0);
  const file = new Uint8Array(total);
  let at = 0;
  for (const unit of units) {
    const length = HEADER + unit.length;
    if (length > FRAME_MAX) return null;
    file.set(
      [
        0xff,
        0xf1,
        ((LOW_COMPLEXITY - 1) << 6) | (rate << 2) | (channels >> 2),
        ((channels & 3) << 6) | (length >> 11),
        (length >> 3) & 0xff,
        ((length & 7) << 5) | 0x1f,
        0xfc,
      ],
      at,
    );
    file.set(unit, at + HEADER);
    at += length;
  }
  return file;
}
