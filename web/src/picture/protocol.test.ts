import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "./protocol";

const bytes = (...numbers: number[]) => new Uint8Array(numbers).buffer;

describe("the preview's messages", () => {
  it("are read as the server writes them", () => {
    const codec = [...new TextEncoder().encode("avc1.64001f")];
    const config = parse(bytes(1, 0, 0, 3, 0, 0, 0, 9, 0, 2, 2, 5, 0, 2, 208, codec.length, ...codec, 1, 100, 0, 31));
    expect(config).toMatchObject({
      kind: "config",
      sub: 3,
      seq: 9,
      config: 2,
      reorder: 2,
      width: 1280,
      height: 720,
      codec: "avc1.64001f",
    });
    expect(config?.kind === "config" && [...config.record]).toEqual([1, 100, 0, 31]);
    const sample = parse(
      bytes(2, 9, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 16, 200, 224, 0, 1, 134, 160, 0, 0, 5, 220, 0, 4, 7, 8),
    );
    expect(sample).toMatchObject({ flags: 9, pts: 1_100_000, offset: 100_000, waited: 1_500, config: 4 });
    expect(sample?.kind === "sample" && [...sample.payload]).toEqual([7, 8]);
    expect(parse(bytes(3, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 60))).toMatchObject({ kind: "skipped", samples: 60 });
    expect(parse(bytes(5, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 1, 2))).toMatchObject({ echo: 5, now: 258 });
  });

  it("tell of sound what decodes it, and one access unit behind the other", () => {
    const codec = [...new TextEncoder().encode("mp4a.40.2")];
    const heard = parse(bytes(6, 0, 0, 1, 0, 0, 0, 2, 0, 3, 0, 0, 0xbb, 0x80, 4, 0, 2, codec.length, ...codec, 0x11, 0x90));
    expect(heard).toMatchObject({ kind: "heard", config: 3, sampleRate: 48_000, samplesPerUnit: 1024, channels: 2 });
    expect(heard?.kind === "heard" && [heard.codec, ...heard.record]).toEqual(["mp4a.40.2", 0x11, 0x90]);
    const sound = [7, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 2, 0, 3, 0, 3, 1, 2, 3, 0, 1, 4];
    const told = parse(bytes(...sound));
    expect(told).toMatchObject({ kind: "sound", sub: 1, pts: 258, config: 3 });
    expect(told?.kind === "sound" && told.units.map((unit) => [...unit])).toEqual([[1, 2, 3], [4]]);
    expect(parse(bytes(...sound.slice(0, -1)))).toBeNull();
  });

  it("are nothing when they are cut short or unknown", () => {
    expect(parse(bytes())).toBeNull();
    expect(parse(bytes(9, 0, 0, 0, 0, 0, 0, 0))).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (random) => {
        parse(new Uint8Array(random).buffer);
        return true;
      }),
    );
  });
});
