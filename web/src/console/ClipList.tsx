import { useState } from "react";
import type { Recording } from "../api/types";
import { Button } from "../ui/controls";
import { Cross, Down, Up } from "../ui/icons";
import { duration, place, placeText } from "../words/format";
import { RecordingStill } from "./RecordingStill";
import { type Clip, move, swap, without, withSource } from "./recut";
import type { Material } from "./RecutPage";
import css from "./recut.module.css";

interface Props {
  material: Material;
  clips: readonly Clip[];
  onChange: (clips: readonly Clip[]) => void;
  onSeek: (to: number) => void;
}

/** The clips of a re-cut, each with whose picture it is, from when and until when. */
export function ClipList({ material, clips, onChange, onSeek }: Props) {
  return (
    <ol className={css.clips} aria-label="Clips">
      {clips.map((clip, at) => {
        const number = at + 1;
        const moment = new Date(Date.parse(material.program.began_at ?? "") + clip.from * 1000);
        const still = recordingAt(material.recordings, clip.source, moment);
        return (
          <li key={clip.key}>
            <span className={css.number}>{number}</span>
            <button type="button" className={css.still} onClick={() => onSeek(clip.from)} aria-label={`Show the begin of clip ${number}`}>
              {still && <RecordingStill recording={still.id} at={moment.toISOString()} />}
            </button>
            <select
              className={css.select}
              aria-label={`Camera of clip ${number}`}
              value={clip.source}
              onChange={(choice) => onChange(withSource(clips, clip.key, choice.target.value))}
            >
              {material.sources.map(({ source, name }) => (
                <option key={source} value={source}>
                  {name}
                </option>
              ))}
            </select>
            <div className={css.times}>
              <Time label={`Begin of clip ${number}`} at={clip.from} onChange={(to) => onChange(move(clips, clip.key, "from", to))} />
              <span aria-hidden="true">–</span>
              <Time label={`End of clip ${number}`} at={clip.to} onChange={(to) => onChange(move(clips, clip.key, "to", to))} />
              <span className={css.length}>{duration((clip.to - clip.from) * 1000)}</span>
            </div>
            <div className={css.moves}>
              <Button look="quiet" disabled={at === 0} onClick={() => onChange(swap(clips, clip.key, -1))} aria-label={`Clip ${number} earlier`}>
                <Up />
              </Button>
              <Button look="quiet" disabled={number === clips.length} onClick={() => onChange(swap(clips, clip.key, 1))} aria-label={`Clip ${number} later`}>
                <Down />
              </Button>
              <Button look="quiet" disabled={clips.length === 1} onClick={() => onChange(without(clips, clip.key))} aria-label={`Leave clip ${number} out`}>
                <Cross size={12} />
              </Button>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

/** The recording of `source` that has a picture of that moment. */
function recordingAt(recordings: readonly Recording[], source: string, moment: Date): Recording | undefined {
  if (Number.isNaN(moment.getTime())) return undefined;
  return recordings.find(({ source: of, began_at, ended_at }) => {
    const ended = ended_at ? Date.parse(ended_at) : Number.POSITIVE_INFINITY;
    return of === source && began_at != null && Date.parse(began_at) <= moment.getTime() && moment.getTime() < ended;
  });
}

/** A time that can be typed; what is none is put back as it was. */
function Time({ label, at, onChange }: { label: string; at: number; onChange: (to: number) => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  const commit = () => {
    const wanted = typed === null ? null : place(typed);
    setTyped(null);
    if (wanted !== null && placeText(wanted) !== placeText(at)) onChange(wanted);
  };
  return (
    <input
      className={css.time}
      aria-label={label}
      inputMode="decimal"
      value={typed ?? placeText(at)}
      onChange={(edit) => setTyped(edit.target.value)}
      onBlur={commit}
      onKeyDown={(pressed) => {
        if (pressed.key === "Enter") commit();
        if (pressed.key === "Escape") setTyped(null);
      }}
    />
  );
}
