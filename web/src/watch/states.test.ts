import { describe, expect, it } from "vitest";
import type { Watch } from "../api/types";
import { embedCode, latencyWords, ownPath, paths, scene, toldByStatus } from "./states";

const watch = (more: Partial<Watch>): Watch => ({
  name: "Ann & Bob",
  status: "live",
  watch_url: "http://here/watch/e",
  hls_url: "http://here/hls/e/program/index.m3u8",
  poster_url: "http://here/watch/e/poster.jpg",
  angles: [],
  recording: null,
  ...more,
});

describe("what a viewer is told", () => {
  it("says nothing over the picture", () => {
    expect(scene(watch({}), "playing")).toEqual({ words: null, poster: false, recording: null });
    expect(scene(null, "playing").words).toBeNull();
  });

  it("tells a start from a loss, and leaves the picture of what was lost", () => {
    expect(scene(watch({ status: "waiting" }), "waiting")).toEqual({
      words: "Starts soon. It begins here by itself.",
      poster: true,
      recording: null,
    });
    expect(scene(watch({}), "lost")).toEqual({
      words: "Connection lost. Trying again…",
      poster: false,
      recording: null,
    });
  });

  it("does not cry wolf before the server has said anything", () => {
    expect(scene(null, "waiting")).toEqual({ words: null, poster: true, recording: null });
  });

  it("says nothing of a start over a programme that shows the slate", () => {
    expect(scene(watch({ status: "waiting" }), "playing").words).toBeNull();
  });

  it("tells of a break over the slate", () => {
    expect(scene(watch({ status: "paused" }), "playing")).toMatchObject({ words: "Paused. Back shortly.", poster: false });
    expect(scene(watch({ status: "paused" }), "waiting")).toMatchObject({ words: "Paused. Back shortly.", poster: true });
  });

  it("offers the recording of what has ended, as soon as the last picture has been shown", () => {
    const recording = { hls_url: "http://here/watch/e/recordings/1-program/index.m3u8", duration_ms: 1 };
    const ended = watch({ status: "ended", recording });
    expect(scene(ended, "playing").words).toBeNull();
    for (const player of ["waiting", "lost", "ended"] as const) {
      expect(scene(ended, player)).toMatchObject({ words: "It has ended.", recording: recording.hls_url });
    }
    expect(scene(watch({ status: "ended" }), "ended").recording).toBeNull();
  });

  it("tells that a link is over when it plays no more", () => {
    expect(toldByStatus(403)).toBe("refused");
    expect(scene("refused", "playing").words).toBeNull();
    expect(scene("refused", "lost").words).toBe("This link has expired. Ask for a new one.");
  });

  it("tells a link that leads nowhere from a server that is away", () => {
    expect(scene(toldByStatus(404), "waiting").words).toBe("There is nothing to watch here. Check the link.");
    expect(toldByStatus(502)).toBeNull();
  });

  it("tells the delay", () => {
    expect(latencyWords(2.14)).toBe("2.1\u202fs behind live");
    expect(latencyWords(null)).toBe("Delay not known");
  });
});

describe("addresses", () => {
  it("carries the token of a signed path along", () => {
    expect(paths("/watch/show").program).toBe("/hls/show/program/index.m3u8");
    expect(paths("/p/t0k3n/watch/show")).toEqual({
      program: "/p/t0k3n/hls/show/program/index.m3u8",
      status: "/p/t0k3n/watch/show/status",
      poster: "/p/t0k3n/watch/show/poster.jpg",
    });
  });

  it("stays with the address of the page", () => {
    expect(ownPath("http://other.example:8080/hls/e/c/index.m3u8?x=1")).toBe("/hls/e/c/index.m3u8?x=1");
  });

  it("writes a name into the embed code as text", () => {
    expect(embedCode("http://here/watch/e", `"><script>`)).toContain(`title="&#34;&#62;&#60;script&#62;"`);
  });
});
