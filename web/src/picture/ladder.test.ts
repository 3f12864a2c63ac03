import { describe, expect, it } from "vitest";
import { Ladder, type Rung, type Strain } from "./ladder";

const RUNGS: Rung[] = [
  { sub: 1, important: true, best: "all" },
  { sub: 2, important: false, best: "all" },
  { sub: 3, important: false, best: "sync" },
];
const CALM: Strain[] = RUNGS.map(({ sub }) => ({ sub, queue: 0, ageMs: 60 }));
const STRAINED: Strain[] = [{ sub: 1, queue: 9, ageMs: 60 }];

/** Looks once a second for as long as told; returns which streams changed, with the second. */
function looks(ladder: Ladder, from: number, seconds: number, strains: Strain[]): [number, number][] {
  const changed: [number, number][] = [];
  for (let second = from; second < from + seconds; second += 1) {
    const sub = ladder.look(second * 1000, RUNGS, strains);
    if (sub !== null) changed.push([second, sub]);
  }
  return changed;
}

describe("giving way", () => {
  it("takes two strained looks, and one step of the least important at a time", () => {
    const ladder = new Ladder();
    expect(looks(ladder, 0, 1, STRAINED)).toEqual([]);
    expect(looks(ladder, 1, 1, STRAINED)).toEqual([[1, 2]]);
    expect(RUNGS.map((rung) => ladder.step(rung))).toEqual(["all", "refs", "sync"]);
  });

  it("goes on down to stills, and comes to what is important last", () => {
    const ladder = new Ladder();
    const order = looks(ladder, 0, 40, STRAINED).map(([, sub]) => sub);
    expect(order).toEqual([2, 2, 2, 3, 1, 1, 1]);
    expect(RUNGS.map((rung) => ladder.step(rung))).toEqual(["stills", "stills", "stills"]);
  });

  it("tells an old picture from a strained decoder no differently", () => {
    const ladder = new Ladder();
    expect(looks(ladder, 0, 2, [{ sub: 2, queue: 0, ageMs: 900 }])).toEqual([[1, 2]]);
  });

  it("does not mind one bad second", () => {
    const ladder = new Ladder();
    looks(ladder, 0, 1, STRAINED);
    looks(ladder, 1, 8, CALM);
    expect(looks(ladder, 9, 1, STRAINED)).toEqual([]);
  });

  it("comes back after ten calm seconds, and waits longer when that was too soon", () => {
    const ladder = new Ladder();
    looks(ladder, 0, 2, STRAINED);
    expect(looks(ladder, 2, 12, CALM)).toEqual([[11, 2]]);
    expect(ladder.step(RUNGS[1]!)).toBe("all");
    expect(looks(ladder, 14, 2, STRAINED)).toEqual([[15, 2]]);
    expect(looks(ladder, 16, 18, CALM)).toEqual([]);
    expect(looks(ladder, 34, 4, CALM)).toEqual([[35, 2]]);
  });

  it("never shows more of a small tile than fits it", () => {
    expect(new Ladder().step(RUNGS[2]!)).toBe("sync");
  });
});
