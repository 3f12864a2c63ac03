import { describe, expect, it } from "vitest";
import type { Tally } from "../api/types";
import { health, linkOf, placeOf, scene } from "./state";

const tally = (more: Partial<Tally>): Tally => ({
  state: "off_air",
  on_air_in_ms: null,
  event: "Wedding",
  camera: "Altar",
  status: "live",
  issue: null,
  ...more,
});
const word = (more: Partial<Tally>, later = 0) => scene({ tally: tally(more), at: 1000 }, false, 1000 + later).word;

describe("a tally light", () => {
  it("says what it is in words, not in colour alone", () => {
    expect(word({ state: "on_air" })).toBe("ON AIR");
    expect(word({ state: "preview" })).toBe("STAND BY");
    expect(word({ state: "off_air" })).toBe("OFF AIR");
    expect(word({ state: "next" })).toBe("NEXT");
    expect(word({ state: "ended" })).toBe("IT HAS ENDED");
  });

  it("counts down to the cut between two words of the server", () => {
    const next = { state: "next", on_air_in_ms: 2_400 } as const;
    expect(word(next)).toBe("ON AIR IN 3…");
    expect(word(next, 900)).toBe("ON AIR IN 2…");
    expect(word(next, 2_900)).toBe("ON AIR IN 0…");
  });

  it("is never red by what may be old", () => {
    expect(scene({ tally: tally({ state: "on_air" }), at: 0 }, false, 3_001)).toMatchObject({ light: "no-connection" });
    expect(scene(null, false, 0).word).toBe("NO CONNECTION");
  });

  it("tells that a link is over", () => {
    expect(scene({ tally: tally({ state: "on_air" }), at: 0 }, true, 0).word).toBe("LINK EXPIRED");
  });

  it("tells how the camera itself is", () => {
    expect(health(tally({})).good).toBe(true);
    expect(health(tally({ issue: "Key frames are 8.3 s apart." }))).toEqual({
      good: false,
      words: "Key frames are 8.3 s apart.",
    });
    expect(health(tally({ status: "offline" })).words).toBe("This camera is offline");
  });
});

describe("a link to a tally page", () => {
  it("keeps the token behind the hash", () => {
    const place = { event: "e", camera: "c", token: "t/k" };
    const link = linkOf("http://here", place);
    expect(new URL(link).pathname).toBe("/tally");
    expect(placeOf(new URL(link).hash)).toEqual(place);
    for (const none of ["", "#", "#e/c", "#e/c/t/x"]) expect(placeOf(none)).toBeNull();
  });
});
