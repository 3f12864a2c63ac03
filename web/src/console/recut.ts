// An edit list while somebody changes it. Pure; times are seconds from the begin of the programme's recording.
import type { EditList } from "../api/types";

export interface Clip {
  /** Its own, on this page. */
  key: number;
  /** A camera's id, or the programme's name. */
  source: string;
  from: number;
  to: number;
}

export interface Draft {
  title: string;
  clips: readonly Clip[];
}

/** A clip is no shorter: what is cut between key frames could be nothing at all. */
export const SHORTEST_S = 0.5;

let nextKey = 1;

/** The switch log, to begin with. `undefined` where it has a place that is no number. */
export function draftOf(list: EditList, length: number): Draft | undefined {
  const clips = list.clips.map(({ source, from, to }) =>
    source === undefined || typeof from !== "number" || typeof to !== "number"
      ? undefined
      : { key: nextKey++, source, from: Math.max(0, from), to: Math.min(to, length) },
  );
  if (!clips.every((clip) => clip !== undefined)) return undefined;
  return { title: list.title ?? "", clips: merged(clips.filter(({ from, to }) => to - from > 0)) };
}

/** Of one camera and without a cut between them, clips are one. */
function merged(clips: readonly Clip[]): Clip[] {
  return clips.reduce<Clip[]>((list, clip) => {
    const before = list.at(-1);
    if (before && before.source === clip.source && meets(before, clip)) list[list.length - 1] = { ...before, to: clip.to };
    else list.push(clip);
    return list;
  }, []);
}

const meets = (one: Clip, next: Clip): boolean => Math.abs(one.to - next.from) < 0.001;

/** The clip that shows `at`; -1 where none does. */
export const clipAt = (clips: readonly Clip[], at: number): number =>
  clips.findIndex(({ from, to }) => from <= at && at < to);

/** What the programme showed before `at` is left out. */
export function beginAt(clips: readonly Clip[], at: number): Clip[] {
  return clips.filter(({ to }) => to - at >= SHORTEST_S).map((clip) => ({ ...clip, from: Math.max(clip.from, at) }));
}

/** What the programme showed after `at` is left out. */
export function endAt(clips: readonly Clip[], at: number): Clip[] {
  return clips.filter(({ from }) => at - from >= SHORTEST_S).map((clip) => ({ ...clip, to: Math.min(clip.to, at) }));
}

/** Makes two clips of the one that shows `at`, where both are long enough; with `source` the second is of that one. */
export function cutAt(clips: readonly Clip[], at: number, source?: string): readonly Clip[] {
  const place = clipAt(clips, at);
  const clip = clips[place];
  if (!clip || at - clip.from < SHORTEST_S || clip.to - at < SHORTEST_S) return clips;
  const second = { ...clip, key: nextKey++, from: at, source: source ?? clip.source };
  return [...clips.slice(0, place), { ...clip, to: at }, second, ...clips.slice(place + 1)];
}

/** Moves an end of a clip; what meets it there moves along, so that nothing is missing. */
export function move(clips: readonly Clip[], key: number, edge: "from" | "to", to: number): readonly Clip[] {
  const place = clips.findIndex((clip) => clip.key === key);
  const clip = clips[place];
  const other = clips[edge === "from" ? place - 1 : place + 1];
  if (!clip) return clips;
  const joined = other && (edge === "from" ? meets(other, clip) : meets(clip, other)) ? other : undefined;
  const lowest = edge === "to" ? clip.from + SHORTEST_S : joined ? joined.from + SHORTEST_S : 0;
  const highest = edge === "from" ? clip.to - SHORTEST_S : joined ? joined.to - SHORTEST_S : Number.POSITIVE_INFINITY;
  const at = Math.min(highest, Math.max(lowest, to));
  return clips.map((each) => {
    if (each === clip) return { ...each, [edge]: at };
    return each === joined ? { ...each, [edge === "from" ? "to" : "from"]: at } : each;
  });
}

export const withSource = (clips: readonly Clip[], key: number, source: string): Clip[] =>
  clips.map((clip) => (clip.key === key ? { ...clip, source } : clip));

export const without = (clips: readonly Clip[], key: number): Clip[] => clips.filter((clip) => clip.key !== key);

/** A clip one place earlier or later. */
export function swap(clips: readonly Clip[], key: number, by: -1 | 1): readonly Clip[] {
  const place = clips.findIndex((clip) => clip.key === key);
  const [one, other] = [clips[place], clips[place + by]];
  if (!one || !other) return clips;
  return clips.map((clip) => (clip === one ? other : clip === other ? one : clip));
}

export const lengthOf = (clips: readonly Clip[]): number => clips.reduce((sum, { from, to }) => sum + to - from, 0);

/** What the server is told. What a clip before has shown already is shown again because somebody put it there. */
export function listOf({ title, clips }: Draft): EditList {
  return {
    ...(title.trim() ? { title: title.trim() } : {}),
    clips: clips.map(({ source, from, to }, place) => {
      const before = clips[place - 1];
      const replay = before !== undefined && from < before.to - 0.001;
      return { source, from: rounded(from), to: rounded(to), ...(replay ? { replay } : {}) };
    }),
  };
}

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
