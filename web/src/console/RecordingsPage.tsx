import { useEffect, useState } from "react";
import type { Recording } from "../api/types";
import { Button, buttonClass, Dialog, Empty, HoldButton, Problem } from "../ui/controls";
import { Dot } from "../ui/icons";
import { bytes, duration } from "../words/format";
import { gapWords, isOpen, PROGRAM, sourceProblem } from "../words/recordings";
import { ClipDialog } from "./ClipDialog";
import { useEventScope, useLive } from "./event";
import { RecordingPlayer } from "./RecordingPlayer";
import { type Links, useRecordingLinks } from "./recordingLinks";
import { useMayOwn } from "./role";
import { useSession } from "./session";
import { save } from "./save";
import { useNow } from "./ticker";
import { useAction, useLoad } from "./useLoad";
import css from "./recordings.module.css";
import pages from "./pages.module.css";

/** How often the list is read again: what is recorded grows. */
const READ_EVERY_MS = 5000;

export function RecordingsPage() {
  const { event } = useEventScope();
  const { api } = useSession();
  const tick = Math.floor(useNow(READ_EVERY_MS) / READ_EVERY_MS);
  const list = useLoad(() => api.recordings(event), tick);
  const links = useRecordingLinks();
  const [playing, setPlaying] = useState<Recording | null>(null);
  const [clipping, setClipping] = useState<Recording | null>(null);
  const cameras = useLive((live) => live.cameras);
  const name = (source: string) =>
    source === PROGRAM ? "Programme" : (cameras.find(({ camera_id }) => camera_id === source)?.name ?? "A removed camera");
  const items = [...(list.data?.items ?? [])].sort(
    (a, b) => Number(b.source === PROGRAM) - Number(a.source === PROGRAM) || name(a.source).localeCompare(name(b.source)),
  );
  const problems = (list.data?.sources ?? []).flatMap((source) => {
    const problem = sourceProblem(source);
    return problem ? [`${name(source.source)}: ${problem}`] : [];
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
            name={name(recording.source)}
            links={links}
            onPlay={setPlaying}
            onClip={setClipping}
            onGone={list.reload}
          />
        ))}
      </ul>
      {playing && (
        <Dialog title={name(playing.source)} onClose={() => setPlaying(null)}>
          <RecordingPlayer url={links.of(playing.id, "index.m3u8")} name={name(playing.source)} />
        </Dialog>
      )}
      {clipping && (
        <ClipDialog
          recording={clipping}
          name={name(clipping.source)}
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
        <Still recording={recording.id} />
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
        {recording.source === PROGRAM && <EditList recording={recording.id} />}
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

/** A picture of the recording. */
function Still({ recording }: { recording: string }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let left = false;
    api.recordingPicture(event, recording).then(
      (picture) => {
        if (left) return;
        made = URL.createObjectURL(picture);
        setUrl(made);
      },
      // Without a picture the row is whole all the same.
      () => undefined,
    );
    return () => {
      left = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [api, event, recording]);
  return url && <img src={url} alt="" />;
}
