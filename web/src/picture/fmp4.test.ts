import { describe, expect, it } from "vitest";
import { fragment, initSection, mimeType } from "./fmp4";
import type { Config, Sample } from "./protocol";

const CONFIG: Config = {
  kind: "config",
  sub: 1,
  seq: 1,
  config: 0,
  reorder: 2,
  width: 1280,
  height: 720,
  codec: "avc1.64001f",
  record: new Uint8Array([1, 100, 0, 31]),
};

const SAMPLE: Sample = {
  kind: "sample",
  sub: 1,
  seq: 2,
  flags: 1,
  pts: 1_100_000,
  offset: 100_000,
  waited: 0,
  config: 0,
  payload: new Uint8Array([9, 8, 7]),
};

interface Box {
  name: string;
  at: number;
  size: number;
}

/** The boxes of a stretch; throws when they do not fill it exactly. */
function boxes(bytes: Uint8Array<ArrayBuffer>, from = 0, to = bytes.length): Box[] {
  const view = new DataView(bytes.buffer);
  const found: Box[] = [];
  let at = from;
  while (at < to) {
    const size = view.getUint32(at);
    found.push({ name: String.fromCharCode(...bytes.subarray(at + 4, at + 8)), at, size });
    at += size;
  }
  if (at !== to) throw new Error(`a box ends at ${at}, not at ${to}`);
  return found;
}

const inside = (bytes: Uint8Array<ArrayBuffer>, box: Box | undefined, header = 8) => {
  if (!box) throw new Error("no such box");
  return boxes(bytes, box.at + header, box.at + box.size);
};

const find = (all: Box[], name: string) => all.find((box) => box.name === name);

describe("fragmented MP4", () => {
  it("nests its boxes exactly, down to the decoder's record", () => {
    const bytes = initSection(CONFIG);
    const top = boxes(bytes);
    expect(top.map((box) => box.name)).toEqual(["ftyp", "moov"]);
    let all = inside(bytes, top[1]);
    expect(all.map((box) => box.name)).toEqual(["mvhd", "trak", "mvex"]);
    for (const name of ["trak", "mdia", "minf", "stbl"]) all = inside(bytes, find(all, name));
    // A full box with a count, and a sample entry with 78 bytes of its own.
    const entry = inside(bytes, find(all, "stsd"), 16)[0];
    expect(entry?.name).toBe("avc1");
    const record = inside(bytes, entry, 86)[0];
    expect(record?.name).toBe("avcC");
    expect([...bytes.subarray(record!.at + 8, record!.at + record!.size)]).toEqual([1, 100, 0, 31]);
  });

  it("finds the payload where the fragment says that it is", () => {
    const bytes = fragment(SAMPLE, 5, 2 ** 33 + 7, 33_333, true);
    const [moof, mdat] = boxes(bytes);
    expect([moof?.name, mdat?.name]).toEqual(["moof", "mdat"]);
    const traf = inside(bytes, find(inside(bytes, moof), "traf"));
    const view = new DataView(bytes.buffer);
    const tfdt = find(traf, "tfdt")!;
    expect(Number(view.getBigUint64(tfdt.at + 12))).toBe(2 ** 33 + 7);
    const trun = find(traf, "trun")!;
    const field = (index: number) => view.getUint32(trun.at + 12 + 4 * index);
    const [count, offset, duration, size, flags, composition] = [0, 1, 2, 3, 4, 5].map(field);
    expect({ count, duration, size, flags, composition }).toEqual({
      count: 1,
      duration: 33_333,
      size: 3,
      flags: 0x02000000,
      composition: 100_000,
    });
    expect([...bytes.subarray(moof!.at + offset!, moof!.at + offset! + 3)]).toEqual([9, 8, 7]);
  });

  it("knows which codecs it has a box for", () => {
    expect(mimeType(CONFIG)).toBe('video/mp4; codecs="avc1.64001f"');
    expect(mimeType({ ...CONFIG, codec: "vp09.00.10.08" })).toBeNull();
  });
});
