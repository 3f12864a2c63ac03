import { describe, expect, it } from "vitest";
import { obsProfile, profileName } from "./obs";
import { crc32 } from "./zip";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a profile for OBS", () => {
  it("has the checksum that zip readers expect", () => {
    // The check value of CRC-32/ISO-HDLC.
    expect(crc32(bytes("123456789"))).toBe(0xcbf43926);
  });

  it("is a folder with server, key and a key frame every two seconds", () => {
    const file = obsProfile("Altar", "rtmp://192.0.2.1:1935/live", "gl_secret");
    const text = new TextDecoder("latin1").decode(file);
    for (const name of ["basic.ini", "service.json", "streamEncoder.json"]) {
      // Once before the file, once in the index.
      expect(text.split(`Genlock Altar/${name}`).length).toBe(3);
    }
    expect(text).toContain(`"key": "gl_secret"`);
    expect(text).toContain(`"keyint_sec": 2`);
    const end = new DataView(file.buffer, file.length - 22);
    expect(end.getUint32(0, true)).toBe(0x06054b50);
    expect(end.getUint16(10, true)).toBe(3);
    expect(end.getUint32(16, true) + end.getUint32(12, true)).toBe(file.length - 22);
  });

  it("has a name that every file system takes", () => {
    expect(profileName("../<b>Aïsle</b>/2")).toBe("Genlock bAsleb2");
    expect(profileName("聖壇")).toBe("Genlock camera");
  });
});
