import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beginAt, type Clip, cutAt, draftOf, endAt, lengthOf, listOf, move, SHORTEST_S, swap, without, withSource } from "./recut";

const clips = (...spans: [string, number, number][]): Clip[] =>
  spans.map(([source, from, to], key) => ({ key, source, from, to }));
const spans = (list: readonly Clip[]) => list.map(({ source, from, to }) => [source, from, to]);

const SHOW = clips(["altar", 0, 10], ["aisle", 10, 20], ["altar", 20, 30]);

describe("a re-cut", () => {
  it("begins as the switch log, without what no cut parts", () => {
    const list = {
      title: "Wedding",
      clips: [
        { source: "altar", from: -0.1, to: 4 },
        { source: "altar", from: 4, to: 10 },
        { source: "aisle", from: 10, to: 99 },
      ],
    };
    const draft = draftOf(list, 20);
    expect(draft?.title).toBe("Wedding");
    expect(spans(draft?.clips ?? [])).toEqual([["altar", 0, 10], ["aisle", 10, 20]]);
    expect(draftOf({ clips: [{ source: "altar", from: "2026-12-24T18:00:00Z", to: 1 }] }, 20)).toBeUndefined();
  });

  it("can begin later, end earlier and be cut anywhere", () => {
    expect(spans(beginAt(SHOW, 12))).toEqual([["aisle", 12, 20], ["altar", 20, 30]]);
    expect(spans(endAt(SHOW, 12))).toEqual([["altar", 0, 10], ["aisle", 10, 12]]);
    expect(spans(endAt(SHOW, 10.2))).toEqual([["altar", 0, 10]]);
    expect(spans(cutAt(SHOW, 15, "balcony"))[1]).toEqual(["aisle", 10, 15]);
    expect(spans(cutAt(SHOW, 15, "balcony"))[2]).toEqual(["balcony", 15, 20]);
    expect(cutAt(SHOW, 10.2)).toBe(SHOW);
    expect(cutAt(SHOW, 99)).toBe(SHOW);
  });

  it("moves a cut for both sides, and never past either", () => {
    expect(spans(move(SHOW, 0, "to", 12))).toEqual([["altar", 0, 12], ["aisle", 12, 20], ["altar", 20, 30]]);
    expect(spans(move(SHOW, 1, "from", 8))).toEqual([["altar", 0, 8], ["aisle", 8, 20], ["altar", 20, 30]]);
    expect(spans(move(SHOW, 1, "from", 99))[1]).toEqual(["aisle", 19.5, 20]);
    expect(spans(move(SHOW, 0, "to", -5))[0]).toEqual(["altar", 0, 0.5]);
    const apart = without(SHOW, 1);
    expect(spans(move(apart, 0, "to", 15))).toEqual([["altar", 0, 15], ["altar", 20, 30]]);
  });

  it("takes another camera, another order, and tells the server what is shown again", () => {
    expect(spans(withSource(SHOW, 1, "balcony"))[1]).toEqual(["balcony", 10, 20]);
    const swapped = swap(SHOW, 2, -1);
    expect(spans(swapped)).toEqual([["altar", 0, 10], ["altar", 20, 30], ["aisle", 10, 20]]);
    expect(swap(SHOW, 0, -1)).toBe(SHOW);
    expect(listOf({ title: " Best of ", clips: swapped })).toEqual({
      title: "Best of",
      clips: [
        { source: "altar", from: 0, to: 10 },
        { source: "altar", from: 20, to: 30 },
        { source: "aisle", from: 10, to: 20, replay: true },
      ],
    });
  });

  it("never has a clip that is too short, nor one that overlaps, whatever is moved and cut", () => {
    const step = fc.record({ what: fc.integer({ min: 0, max: 4 }), key: fc.integer({ min: 0, max: 2 }), at: fc.double({ min: -5, max: 40, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let list: readonly Clip[] = SHOW;
        for (const { what, key, at } of steps) {
          const chosen = list[key % Math.max(1, list.length)]?.key ?? -1;
          list = [
            () => move(list, chosen, "from", at),
            () => move(list, chosen, "to", Math.min(30, at)),
            () => cutAt(list, at, "balcony"),
            () => beginAt(list, Math.min(29, at)),
            () => endAt(list, Math.max(1, at)),
          ][what]?.() ?? list;
        }
        for (const [place, clip] of list.entries()) {
          expect(clip.to - clip.from).toBeGreaterThanOrEqual(SHORTEST_S - 1e-9);
          expect(clip.from).toBeGreaterThanOrEqual((list[place - 1]?.to ?? 0) - 1e-9);
        }
        expect(lengthOf(list)).toBeLessThanOrEqual(30);
      }),
    );
  });
});
