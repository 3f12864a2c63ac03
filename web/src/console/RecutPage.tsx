import { useEffect, useRef, useState, type RefObject } from "react";
import type { Recording, RecutView } from "../api/types";
import { Button, buttonClass, Dialog, Field, Problem } from "../ui/controls";
import { Undo } from "../ui/icons";
import { duration, placeText } from "../words/format";
import { movedWords, PROGRAM, RECUT, sourceName } from "../words/recordings";
import { ClipList } from "./ClipList";
import { useEventScope, useLive } from "./event";
import { RecordingPlayer } from "./RecordingPlayer";
import { useRecordingLinks } from "./recordingLinks";
import { beginAt, type Clip, cutAt, type Draft, draftOf, endAt, lengthOf, listOf } from "./recut";
import { Link, path } from "./router";
import { useSession } from "./session";
import { useSettings } from "./settings";
import { useTick } from "./ticker";
import { useAction, useLoad } from "./useLoad";
import css from "./recut.module.css";
import pages from "./pages.module.css";

/** What a re-cut is made of. */
export interface Material {
  program: Recording;
  recordings: readonly Recording[];
  /** The sources that there are pictures of, with their names. */
  sources: readonly { source: string; name: string }[];
}

/** A new version of the show: the switch log, to be changed and cut again. */
export function RecutPage({ recording }: { recording: string }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const cameras = useLive((live) => live.cameras);
  const loaded = useLoad(
    () => Promise.all([api.recording(event, recording), api.cuts(event, recording), api.recordings(event)]),
    recording,
  );
  const [draft, setDraft] = useState<Draft | null>(null);
  const [program, list, all] = loaded.data ?? [];
  useEffect(() => {
    if (program && list) setDraft(draftOf(list, program.duration_ms / 1000) ?? null);
  }, [program, list]);
  const recordings = all?.items.filter(({ source }) => source !== RECUT) ?? [];
  const sources = [...new Set([...recordings.map(({ source }) => source), PROGRAM])].map((source) => ({
    source,
    name: sourceName(source, cameras),
  }));
  return (
    <div className={`${pages.page} ${pages.stack} ${css.recut}`}>
      <div className={css.head}>
        <h1>Re-cut</h1>
        <Link className={buttonClass("quiet")} href={path(event, "recordings")}>
          All recordings
        </Link>
      </div>
      {loaded.problem && <Problem>{loaded.problem}</Problem>}
      {program && draft && (
        <Editor material={{ program, recordings, sources }} draft={draft} onChange={setDraft} />
      )}
    </div>
  );
}

interface EditorProps {
  material: Material;
  draft: Draft;
  onChange: (draft: Draft) => void;
}

function Editor({ material, draft, onChange }: EditorProps) {
  const { program } = material;
  const links = useRecordingLinks();
  const video = useRef<HTMLVideoElement>(null);
  const [past, setPast] = useState<readonly Draft[]>([]);
  const now = () => video.current?.currentTime ?? 0;
  const change = (clips: readonly Clip[]) => {
    if (clips === draft.clips) return;
    setPast([...past, draft].slice(-100));
    onChange({ ...draft, clips });
  };
  const edit = {
    begin: () => change(beginAt(draft.clips, now())),
    end: () => change(endAt(draft.clips, now())),
    cut: (source?: string) => change(cutAt(draft.clips, now(), source)),
    undo: () => {
      const before = past.at(-1);
      if (!before) return;
      setPast(past.slice(0, -1));
      onChange({ ...before, title: draft.title });
    },
  };
  useKeys({ KeyI: edit.begin, KeyO: edit.end, KeyS: () => edit.cut(), KeyZ: edit.undo });
  const seek = (to: number) => {
    if (video.current) video.current.currentTime = to;
  };
  return (
    <>
      {links.problem && <Problem>{links.problem}</Problem>}
      <div className={css.desk}>
        <div className={css.stage}>
          <RecordingPlayer url={links.of(program.id, "index.m3u8")} name="The programme as it was" video={video} paused />
          <div className={css.tools} role="group" aria-label="At the picture that is shown">
            <Button onClick={edit.begin} aria-keyshortcuts="I">
              Begin here <kbd>I</kbd>
            </Button>
            <Button onClick={edit.end} aria-keyshortcuts="O">
              End here <kbd>O</kbd>
            </Button>
            <Button onClick={() => edit.cut()} aria-keyshortcuts="S">
              Cut here <kbd>S</kbd>
            </Button>
            <select
              className={buttonClass()}
              aria-label="From here on"
              value=""
              onChange={(choice) => choice.target.value && edit.cut(choice.target.value)}
            >
              <option value="">From here on…</option>
              {material.sources.map(({ source, name }) => (
                <option key={source} value={source}>
                  {name}
                </option>
              ))}
            </select>
          </div>
        </div>
        <Making material={material} draft={draft} onTitle={(title) => onChange({ ...draft, title })} />
      </div>
      <div>
        <div className={css.lineHead}>
          <Now video={video} />
          <Button look="quiet" onClick={edit.undo} disabled={past.length === 0} aria-keyshortcuts="Z">
            <Undo /> Undo <kbd>Z</kbd>
          </Button>
        </div>
        <Timeline clips={draft.clips} names={material.sources} video={video} onSeek={seek} />
      </div>
      <ClipList material={material} clips={draft.clips} onChange={change} onSeek={seek} />
      {draft.clips.some(({ source }) => source === PROGRAM) && (
        <p className={css.note}>Clips of the programme show it as viewers saw it: behind instant cuts, for example, and the slate.</p>
      )}
    </>
  );
}

/** Single keys, as the settings allow them; not while something is typed or chosen. */
function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  const off = useSettings((settings) => settings.keys === "off");
  useEffect(() => {
    if (off) return;
    const onKey = (pressed: KeyboardEvent) => {
      const elsewhere = (pressed.target as HTMLElement).closest("input, textarea, select, dialog, [popover]");
      if (elsewhere || pressed.repeat || pressed.ctrlKey || pressed.altKey || pressed.metaKey) return;
      latest.current[pressed.code]?.();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [off]);
}

function Now({ video }: { video: RefObject<HTMLVideoElement | null> }) {
  const text = useRef<HTMLSpanElement>(null);
  useTick(() => {
    if (text.current) text.current.textContent = placeText(video.current?.currentTime ?? 0);
  });
  return <span ref={text} className={css.now} />;
}

/** What will be made, and what was. */
function Making({ material, draft, onTitle }: { material: Material; draft: Draft; onTitle: (title: string) => void }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const { busy, problem, run } = useAction();
  const [made, setMade] = useState<RecutView | null>(null);
  const count = draft.clips.length;
  return (
    <form
      className={css.making}
      onSubmit={(form) => {
        form.preventDefault();
        run(async () => setMade(await api.recut(event, material.program.id, listOf(draft))));
      }}
    >
      <Field label="Name of the new version" value={draft.title} maxLength={200} onChange={(edit) => onTitle(edit.target.value)} />
      <p className={css.note}>
        {duration(lengthOf(draft.clips) * 1000)} of {duration(material.program.duration_ms)} ·{" "}
        {count === 1 ? "1 clip" : `${count} clips`}. Nothing is copied or encoded; cuts move to the nearest key frame.
      </p>
      {problem && <Problem>{problem}</Problem>}
      <Button type="submit" look="primary" large disabled={busy || count === 0}>
        Make new version
      </Button>
      {made && <Made made={made} />}
    </form>
  );
}

function Made({ made }: { made: RecutView }) {
  const { event } = useEventScope();
  const links = useRecordingLinks();
  const [playing, setPlaying] = useState(false);
  const moved = made.clips.flatMap((clip, place) => {
    const words = movedWords(clip);
    return words ? [`Clip ${place + 1} ${words}.`] : [];
  });
  const name = made.title ?? "Re-cut";
  return (
    <div className={css.made} role="status">
      <p>
        <strong>
          <bdi>{name}</bdi>
        </strong>{" "}
        is there: {duration(made.duration_ms)}.
      </p>
      {moved.length > 0 && <p className={css.note}>{moved.slice(0, 4).join(" ")}{moved.length > 4 && ` And ${moved.length - 4} more.`}</p>}
      <div className={css.madeActions}>
        <Button onClick={() => setPlaying(true)}>Play it</Button>
        <a className={buttonClass()} href={links.of(made.id, "download.mp4")} download>
          Download
        </a>
        <Link className={buttonClass("quiet")} href={path(event, "recordings")}>
          To the recordings
        </Link>
      </div>
      {playing && (
        <Dialog title={name} onClose={() => setPlaying(false)}>
          <RecordingPlayer url={links.of(made.id, "index.m3u8")} name={name} />
        </Dialog>
      )}
    </div>
  );
}

interface TimelineProps {
  clips: readonly Clip[];
  names: Material["sources"];
  video: RefObject<HTMLVideoElement | null>;
  onSeek: (to: number) => void;
}

/** All clips side by side, as wide as they are long. A click shows the programme there. */
function Timeline({ clips, names, video, onSeek }: TimelineProps) {
  const line = useRef<HTMLDivElement>(null);
  const total = lengthOf(clips);
  useTick(() => {
    const at = video.current?.currentTime ?? 0;
    let passed = 0;
    for (const clip of clips) {
      if (at < clip.to) {
        passed += Math.max(0, at - clip.from);
        break;
      }
      passed += clip.to - clip.from;
    }
    line.current?.style.setProperty("--at", String(total > 0 ? passed / total : 0));
  });
  return (
    <div className={css.timeline} ref={line} role="group" aria-label="The new version">
      {clips.map((clip, place) => {
        const name = names.find(({ source }) => source === clip.source)?.name ?? "";
        return (
          <button
            key={clip.key}
            type="button"
            style={{ flexGrow: clip.to - clip.from }}
            data-tone={names.findIndex(({ source }) => source === clip.source) % 4}
            aria-label={`Clip ${place + 1}, ${name}, ${duration((clip.to - clip.from) * 1000)}: show its begin`}
            onClick={() => onSeek(clip.from)}
          >
            <bdi>{name}</bdi>
          </button>
        );
      })}
    </div>
  );
}
