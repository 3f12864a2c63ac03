import { useState } from "react";
import type { Recording } from "../api/types";
import { Button, buttonClass, Dialog, Empty, HoldButton, Problem } from "../ui/controls";
import { Dot } from "../ui/icons";
import { bytes, duration } from "../words/format";
import { gapWords, isOpen, PROGRAM, RECUT, recordingName, sourceName, sourceProblem } from "../words/recordings";
import { ClipDialog } from "./ClipDialog";
import { useEventScope, useLive } from "./event";
import { RecordingPlayer } from "./RecordingPlayer";
import { RecordingStill } from "./RecordingStill";
import { type Links, useRecordingLinks } from "./recordingLinks";
import { useMayOwn } from "./role";
import { Link, recutPath } from "./router";
import { useSession } from "./session";
import { save } from "./save";
import { useNow } from "./ticker";
import { useAction, useLoad } from "./useLoad";
import css from "./recordings.module.css";
import pages from "./pages.module.css";

/** How often the list is read again: what is recorded grows. */
const READ_EVERY_MS = 5000;

/** The programme, then what was made of it, then the cameras. */
const RANK = ({ source }: Recording) => (source === PROGRAM ? 2 : source === RECUT ? 1 : 0);

export function RecordingsPage() {
  const { event } = useEventScope();
  const { api } = useSession();
  const tick = Math.floor(useNow(READ_EVERY_MS) / READ_EVERY_MS);
  const list = useLoad(() => api.recordings(event), tick);
  const links = useRecordingLinks();
  const [playing, setPlaying] = useState<Recording | null>(null);
  const [clipping, setClipping] = useState<Recording | null>(null);
  const cameras = useLive((live) => live.cameras);
  const name = (recording: Recording) => recordingName(recording, cameras);
  const items = [...(list.data?.items ?? [])].sort(
    (a, b) => RANK(b) - RANK(a) || name(a).localeCompare(name(b)),
  );
  const problems = (list.data?.sources ?? []).flatMap((source) => {
    const problem = sourceProblem(source);
    return problem ? [`${sourceName(source.source, cameras)}: ${problem}`] : [];
  });
  const total = items.reduce((sum, recording) => sum + recording.bytes, 0);
  return (
    <div className={pages.page}>
      <div className={pages.head}>
        <h1>Recordings</h1>
        {items.length > 0 && <p className={css.total}>{bytes(total)} on the server</p>}
      </div>
      {list.problem && <Problem>{list.problem}</Problem>}
      {links.problem && <Problem>{links.problem}</Problem>}
      {problems.map((problem) => (
        <Problem key={problem}>{problem}</Problem>
      ))}
      {list.data && items.length === 0 && (
        <Empty>
          <p>Nothing recorded yet. The programme and every camera are recorded by themselves as soon as pictures come.</p>
        </Empty>
      )}
      <ul className={css.list}>
        {items.map((recording) => (
          <Row
            key={recording.id}
            recording={recording}
            name={name(recording)}
            links={links}
            onPlay={setPlaying}
            onClip={setClipping}
            onGone={list.reload}
          />
        ))}
      </ul>
      {playing && (
        <Dialog title={name(playing)} onClose={() => setPlaying(null)}>
          <RecordingPlayer url={links.of(playing.id, "index.m3u8")} name={name(playing)} />
        </Dialog>
      )}
      {clipping && (
        <ClipDialog
          recording={clipping}
          name={name(clipping)}
          links={links}
          onClose={() => setClipping(null)}
        />
      )}
    </div>
  );
}

interface RowProps {
  recording: Recording;
  name: string;
  links: Links;
  onPlay: (recording: Recording) => void;
  onClip: (recording: Recording) => void;
  onGone: () => void;
}

function Row({ recording, name, links, onPlay, onClip, onGone }: RowProps) {
  const { event } = useEventScope();
  const { api } = useSession();
  const mayOwn = useMayOwn();
  const { problem, run } = useAction();
  const open = isOpen(recording);
  const gaps = gapWords(recording);
  const remove = () =>
    run(async () => {
      await api.deleteRecording(event, recording.id);
      onGone();
    });
  const began = recording.began_at ? new Date(recording.began_at) : null;
  return (
    <li className={css.row} data-recording={recording.id}>
      <button type="button" className={css.picture} onClick={() => onPlay(recording)} aria-label={`Play ${name}, ${duration(recording.duration_ms)}`}>
        <RecordingStill recording={recording.id} />
        <span className={css.length}>{duration(recording.duration_ms)}</span>
      </button>
      <div className={css.about}>
        <h2 className={css.name}>
          <bdi>{name}</bdi>
          {open && (
            <span className={css.recording}>
              <Dot /> RECORDING
            </span>
          )}
          {recording.source === RECUT && <span className={css.recording}>RE-CUT</span>}
        </h2>
        <p className={css.note}>
          {began && <time dateTime={began.toISOString()}>{began.toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}</time>}
          {" · "}
          {bytes(recording.bytes)}
          {gaps && ` · ${gaps}`}
        </p>
        {problem && <Problem>{problem}</Problem>}
      </div>
      <div className={css.actions}>
        <Button onClick={() => onPlay(recording)}>Play</Button>
        <a className={buttonClass()} href={links.of(recording.id, "download.mp4")} download>
          Download
        </a>
        <Button onClick={() => onClip(recording)}>Clip…</Button>
        {recording.source === PROGRAM && mayOwn && (
          <Link className={buttonClass()} href={recutPath(event, recording.id)}>
            Re-cut…
          </Link>
        )}
        {(recording.source === PROGRAM || recording.source === RECUT) && <EditList recording={recording.id} />}
        {mayOwn && !open && (
          <HoldButton
            look="quiet"
            onConfirm={remove}
            consequence={
              <p>
                {name}, {duration(recording.duration_ms)}, is removed from the server for good. This cannot be taken back.
              </p>
            }
          >
            Remove…
          </HoldButton>
        )}
      </div>
    </li>
  );
}

const FORMATS = [
  ["otio", "OpenTimelineIO (Resolve, Kdenlive)"],
  ["fcpxml", "FCPXML (Final Cut, Resolve)"],
  ["edl", "EDL (any)"],
] as const;

/** The cuts as a file for an editing program, that lies over the cameras' recordings. */
function EditList({ recording }: { recording: string }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const { problem, run } = useAction();
  const choose = (format: (typeof FORMATS)[number][0]) =>
    run(async () => save(`${event}.${format}`, await api.editList(event, recording, format)));
  return (
    <>
      <select
        className={buttonClass()}
        aria-label="Edit list"
        value=""
        onChange={(change) => {
          const format = FORMATS.find(([name]) => name === change.target.value);
          if (format) choose(format[0]);
        }}
      >
        <option value="">Edit list…</option>
        {FORMATS.map(([format, label]) => (
          <option key={format} value={format}>
            {label}
          </option>
        ))}
      </select>
      {problem && <Problem>{problem}</Problem>}
    </>
  );
}
