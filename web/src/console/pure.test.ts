import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoff } from "../live/backoff";
import { command } from "./keys";
import { arrange, railWidth } from "./layout";
import { moved, priorities } from "./priority";
import { ffmpegCommand, groveLink, isLocal } from "./publish";
import { parse, path } from "./router";
import { embedCode } from "../watch/states";

describe("the grid", () => {
  // The box that header, status line, rail and padding leave, with the tile widths of the mock-up.
  const at = (width: number, height: number, count: number) => {
    const { columns, tileWidth } = arrange(width - 24 - 12 - railWidth(width) - 4, height - 76 - 24 - 4, count);
    return [columns, tileWidth];
  };

  it("has the sizes of the mock-up", () => {
    expect(at(1280, 800, 4)).toEqual([2, 454]);
    expect(at(1280, 800, 6)).toEqual([3, 298]);
    expect(at(1280, 800, 9)).toEqual([3, expect.closeTo(298, -1)]);
    expect(at(1280, 800, 12)).toEqual([4, 221]);
    expect(at(1920, 1080, 4)[0]).toBe(2);
    expect(at(1920, 1080, 6)).toEqual([3, 478]);
  });

  it("never makes tiles that do not fit beside each other", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 400, max: 4000 }),
        fc.integer({ min: 300, max: 2200 }),
        fc.integer({ min: 1, max: 24 }),
        (width, height, count) => {
          const { columns, tileWidth } = arrange(width, height, count);
          return columns <= count && (tileWidth === 120 || columns * tileWidth + (columns - 1) * 12 <= width);
        },
      ),
    );
  });
});

describe("keys", () => {
  const key = (changes: object) => ({
    code: "",
    key: "",
    shiftKey: false,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    repeat: false,
    ...changes,
  });

  it("go by their place: a French keyboard needs Shift for digits", () => {
    expect(command(key({ code: "Digit2", key: "é" }), "direct")).toEqual({ do: "cut", place: 1 });
    expect(command(key({ code: "Digit2", key: "2", shiftKey: true }), "direct")).toEqual({ do: "arm", place: 1 });
    expect(command(key({ code: "Digit0", key: "à" }), "direct")).toEqual({ do: "cut", place: 9 });
  });

  it("follow the ATEM habit where it is chosen, and can be off", () => {
    expect(command(key({ code: "Digit3", key: "3" }), "atem")).toEqual({ do: "arm", place: 2 });
    expect(command(key({ code: "Digit3", key: "3", shiftKey: true }), "atem")).toEqual({ do: "cut", place: 2 });
    expect(command(key({ code: "Digit3", key: "3" }), "off")).toBeNull();
  });

  it("do nothing while held or with Ctrl", () => {
    expect(command(key({ code: "Digit1", key: "1", repeat: true }), "direct")).toBeNull();
    expect(command(key({ code: "KeyL", key: "l", ctrlKey: true }), "direct")).toBeNull();
    expect(command(key({ code: "KeyZ", key: "z" }), "direct")).toEqual({ do: "undo" });
    expect(command(key({ code: "Slash", key: "?", shiftKey: true }), "direct")).toEqual({ do: "help" });
  });
});

describe("addresses", () => {
  it("are read as they are written", () => {
    expect(parse("/")).toEqual({ page: "events" });
    expect(parse("/events")).toEqual({ page: "events" });
    expect(parse(path("a/b", "log"))).toEqual({ page: "event", event: "a/b", tab: "log" });
    expect(parse("/events/x")).toEqual({ page: "event", event: "x", tab: "live" });
    expect(parse("/events/x/nothing")).toEqual({ page: "unknown" });
    expect(parse("/events/%E0%A4%A/live")).toMatchObject({ page: "event" });
  });
});

describe("the failover order", () => {
  const order = [
    { camera_id: "a", priority: 10 },
    { camera_id: "b", priority: 100 },
    { camera_id: "c", priority: 100 },
  ];

  it("moves one camera and tells only what changes", () => {
    expect(moved(order, "c", 0).map((each) => each.camera_id)).toEqual(["c", "a", "b"]);
    expect(moved(order, "a", 2).map((each) => each.camera_id)).toEqual(["b", "c", "a"]);
    expect(priorities(order)).toEqual([
      { camera_id: "b", priority: 20 },
      { camera_id: "c", priority: 30 },
    ]);
  });
});

describe("what encoders are told", () => {
  it("holds server and key", () => {
    expect(ffmpegCommand("rtmp://10.0.0.7:1935/live", "k3y")).toMatch(/-f flv rtmp:\/\/10\.0\.0\.7:1935\/live\/k3y$/);
    const link = new URL(groveLink("rtmp://10.0.0.7/live", "k3y", "Phone & co"));
    expect(link.searchParams.get("conn[][url]")).toBe("rtmp://10.0.0.7/live/k3y");
    expect(link.searchParams.get("conn[][name]")).toBe("Phone & co");
    expect([isLocal("localhost"), isLocal("127.0.0.1"), isLocal("10.0.0.7")]).toEqual([true, true, false]);
  });

  it("embeds with the name as text", () => {
    const frame = document.createElement("div");
    frame.innerHTML = embedCode("http://x/watch/1", `"><img src=x onerror=alert(1)> & co`);
    expect(frame.querySelector("img")).toBeNull();
    expect(frame.querySelector("iframe")?.title).toBe(`"><img src=x onerror=alert(1)> & co`);
  });
});

describe("trying again", () => {
  it("waits longer each time, up to four seconds, give or take a fifth", () => {
    expect([0, 1, 2, 3, 4, 9].map((tries) => backoff(tries, 0.5))).toEqual([250, 500, 1000, 2000, 4000, 4000]);
    expect(backoff(0, 0)).toBeCloseTo(200);
    expect(backoff(0, 1)).toBeCloseTo(300);
  });
});
