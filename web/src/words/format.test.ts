import { describe, expect, it } from "vitest";
import { bitrate, bytes, duration, fps, micros, place, placeText, seconds, signedMs, UNKNOWN } from "./format";

/** Narrow no-break spaces shown as plain ones. */
const plain = (text: string) => text.replaceAll("\u202f", " ");

describe("numbers", () => {
  it("tells bit rates in the unit that fits", () => {
    expect(plain(bitrate(6_000_000))).toBe("6.0 Mb/s");
    expect(plain(bitrate(850_000))).toBe("850 kb/s");
    expect(plain(bitrate(999_700))).toBe("1.0 Mb/s");
    expect(bitrate(0)).toBe(UNKNOWN);
    expect(bitrate(null)).toBe(UNKNOWN);
  });

  it("shows broken frame rates only where they are broken", () => {
    expect(plain(fps(30.004))).toBe("30 fps");
    expect(plain(fps(29.973))).toBe("29.97 fps");
    expect(plain(fps(29.93))).toBe("30 fps");
    expect(fps(undefined)).toBe(UNKNOWN);
  });

  it("has one decimal below ten seconds", () => {
    expect(plain(seconds(640))).toBe("0.6 s");
    expect(plain(seconds(9_940))).toBe("9.9 s");
    expect(plain(seconds(9_960))).toBe("10 s");
    expect(plain(seconds(-5))).toBe("0.0 s");
  });

  it("writes durations as clocks do", () => {
    expect(duration(42_900)).toBe("0:42");
    expect(duration(4_365_000)).toBe("1:12:45");
    expect(duration(-1)).toBe("0:00");
  });

  it("uses a real minus", () => {
    expect(plain(signedMs(-40))).toBe("−40 ms");
    expect(plain(signedMs(12.4))).toBe("+12 ms");
    expect(plain(signedMs(-0.2))).toBe("0 ms");
    expect(plain(micros(-4_100))).toBe("−4.1 ms");
    expect(plain(micros(0))).toBe("0 µs");
  });

  it("tells sizes as disks are sold", () => {
    expect(plain(bytes(3_120_000_000))).toBe("3.1 GB");
    expect(plain(bytes(850_400_000))).toBe("850 MB");
    expect(plain(bytes(999_900))).toBe("1.0 MB");
    expect(plain(bytes(12))).toBe("12 B");
  });

  it("writes places as it reads them", () => {
    expect(placeText(2467.34)).toBe("41:07.3");
    expect(placeText(59.97)).toBe("1:00.0");
    expect(place(placeText(3723.5))).toBe(3723.5);
  });

  it("reads places as people write them", () => {
    expect(place("7.5")).toBe(7.5);
    expect(place("41:07.3")).toBeCloseTo(2467.3);
    expect(place("1:02:03")).toBe(3723);
    for (const none of ["", "1:", "a", "-1", "1:2:3:4", "1.5:00"]) expect(place(none)).toBeNull();
  });
});
