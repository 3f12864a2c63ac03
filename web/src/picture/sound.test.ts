import { describe, expect, it } from "vitest";
import { adts } from "./adts";
import { filled, FLOOR_DB, louder, Needle, peakDb } from "./level";

describe("levels", () => {
  it("are peaks in dB of full scale, and never below the meter's end", () => {
    expect(peakDb(new Float32Array([0.1, -1, 0.5]))).toBe(0);
    expect(peakDb(new Float32Array([0.5, -0.25]))).toBeCloseTo(-6.02, 2);
    expect(peakDb(new Float32Array([0, 0]))).toBe(FLOOR_DB);
    expect(peakDb(new Float32Array())).toBe(FLOOR_DB);
    expect(louder({ left: -10, right: -3 }, { left: -6, right: -9 })).toEqual({ left: -6, right: -3 });
    expect(louder(null, { left: -6, right: -9 })).toEqual({ left: -6, right: -9 });
    expect([0, -30, -60, -90, 6].map(filled)).toEqual([1, 0.5, 0, 0, 1]);
  });

  it("rise at once and fall slowly, and fall when nothing is heard any more", () => {
    const needle = new Needle();
    expect(needle.at(1000, { left: -12, right: -20, at: 990 })).toEqual({ left: -12, right: -20 });
    const quieter = needle.at(1170, { left: -40, right: -19, at: 1160 });
    expect(quieter.left).toBeCloseTo(-14, 5);
    expect(quieter.right).toBe(-19);
    expect(needle.at(1850, { left: -5, right: -5, at: 1160 }).left).toBeCloseTo(-22, 5);
    expect(needle.at(9000, null)).toEqual({ left: FLOOR_DB, right: FLOOR_DB });
  });
});

describe("a file of AAC", () => {
  it("has a header in front of each access unit", () => {
    // AAC LC, 48 kHz, stereo.
    const file = adts(new Uint8Array([0x11, 0x90]), [new Uint8Array([1, 2, 3]), new Uint8Array([4])]);
    expect([...(file ?? [])]).toEqual([
      ...[0xff, 0xf1, 0x4c, 0x80, 0x01, 0x5f, 0xfc, 1, 2, 3],
      ...[0xff, 0xf1, 0x4c, 0x80, 0x01, 0x1f, 0xfc, 4],
    ]);
  });

  it("is not made where a header cannot tell the rate or the channels, or a unit is too long", () => {
    expect(adts(new Uint8Array([0x17, 0x80, 0, 0, 0]), [])).toBeNull();
    expect(adts(new Uint8Array([0x11, 0x80]), [])).toBeNull();
    expect(adts(new Uint8Array([0x11]), [])).toBeNull();
    expect(adts(new Uint8Array([0x11, 0x90]), [new Uint8Array(8192)])).toBeNull();
  });
});
