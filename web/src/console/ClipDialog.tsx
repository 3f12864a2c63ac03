import { useRef, useState } from "react";
import type { Recording, RecordingClip } from "../api/types";
import { Button, buttonClass, Dialog, Field, Problem } from "../ui/controls";
import { duration, place, placeText } from "../words/format";
import { useEventScope } from "./event";
import { RecordingPlayer } from "./RecordingPlayer";
import type { Links } from "./recordingLinks";
import { useSession } from "./session";
import { useAction } from "./useLoad";
import css from "./recordings.module.css";

/** A stretch of a recording, as a file. It begins with a key frame: what it is snapped to is told before the download. */
export function ClipDialog(props: { recording: Recording; name: string; links: Links; onClose: () => void }) {
  const { recording, name, links, onClose } = props;
  const { event } = useEventScope();
  const { api } = useSession();
  const video = useRef<HTMLVideoElement>(null);
  const [from, setFrom] = useState("0:00");
  const [to, setTo] = useState(duration(recording.duration_ms));
  const [clip, setClip] = useState<RecordingClip | null>(null);
  const { busy, problem, run } = useAction();
  const [begin, end] = [place(from), place(to)];
  const wrong =
    begin === null || end === null
      ? "Times are written as 1:02:03, 2:03 or 3.5."
      : end <= begin
        ? "The end is behind the begin."
        : null;
  const change = (set: (text: string) => void) => (text: string) => {
    set(text);
    setClip(null);
  };
  const here = (set: (text: string) => void) => (
    <Button
      large
      onClick={() => {
        change(set)(placeText(video.current?.currentTime ?? 0));
      }}
    >
      Now
    </Button>
  );
  return (
    <Dialog title={`Clip of ${name}`} onClose={onClose}>
      <RecordingPlayer url={links.of(recording.id, "index.m3u8")} name={name} video={video} />
      <form
        className={css.clip}
        onSubmit={(form) => {
          form.preventDefault();
          if (begin === null || end === null) return;
          run(async () => setClip(await api.clip(event, recording.id, begin, end)));
        }}
      >
        <div className={css.place}>
          <Field label="From" value={from} onChange={(edit) => change(setFrom)(edit.target.value)} />
          {here(setFrom)}
        </div>
        <div className={css.place}>
          <Field label="To" value={to} onChange={(edit) => change(setTo)(edit.target.value)} />
          {here(setTo)}
        </div>
        {wrong && <p className={css.note}>{wrong}</p>}
        {problem && <Problem>{problem}</Problem>}
        {clip ? (
          <>
            <p className={css.note} role="status">
              {duration(clip.to_ms - clip.from_ms)} from {duration(clip.from_ms)}: it begins with the key frame before.
            </p>
            <a
              className={buttonClass("primary", true)}
              href={links.of(recording.id, `download.mp4?from=${clip.from_ms / 1000}&to=${clip.to_ms / 1000}`)}
              download
            >
              Download the clip
            </a>
          </>
        ) : (
          <Button type="submit" look="primary" large disabled={busy || wrong !== null}>
            Make the clip
          </Button>
        )}
      </form>
    </Dialog>
  );
}
