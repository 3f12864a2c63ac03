import { useState, type SubmitEvent } from "react";
import type { Camera, CameraWithKey } from "../api/types";
import { Button, buttonClass, Field, HoldButton, Problem } from "../ui/controls";
import { Cross, Dot, Plus, Ring, Warning } from "../ui/icons";
import { bitrate, duration, fps, size } from "../words/format";
import { ConnectPanel } from "./ConnectPanel";
import { useEventScope, useLive } from "./event";
import { Link, path } from "./router";
import { useSession } from "./session";
import { useNow } from "./ticker";
import { TallyDialog } from "./TallyDialog";
import { useAction } from "./useLoad";
import css from "./setup.module.css";
import pages from "./pages.module.css";

export function SetupPage() {
  const cameras = useLive((live) => live.cameras);
  const [fresh, setFresh] = useState<CameraWithKey | null>(null);
  const [adding, setAdding] = useState(false);
  const first = cameras.length === 0;
  return (
    <div className={pages.page}>
      <NextStep onAdd={() => setAdding(true)} />
      <div className={css.columns}>
        <div className={css.stack}>
          {cameras.map((camera, place) => (
            <CameraCard key={camera.camera_id} camera={camera} place={place} onKey={setFresh} />
          ))}
          {first || adding ? (
            <AddCamera
              count={cameras.length}
              onDone={(made) => {
                setAdding(false);
                setFresh(made);
              }}
            />
          ) : (
            <Button large onClick={() => setAdding(true)}>
              <Plus /> Add camera
            </Button>
          )}
          <Danger />
        </div>
        {fresh && <ConnectPanel key={fresh.stream_key} camera={fresh} onClose={() => setFresh(null)} />}
      </div>
    </div>
  );
}

/** What to do next, as one sentence and one button. */
function NextStep({ onAdd }: { onAdd: () => void }) {
  const { event } = useEventScope();
  const total = useLive((live) => live.cameras.length);
  const on = useLive((live) => live.cameras.filter((camera) => camera.status === "live").length);
  if (total === 0) return <h1 className={css.title}>Add your first camera</h1>;
  const toLive = (
    <Link className={buttonClass(on > 0 ? "primary" : "plain")} href={path(event, "live")}>
      Open live control
    </Link>
  );
  return (
    <div className={pages.head}>
      <h1 role="status">
        {total >= 2 && on === total
          ? `${on === 2 ? "Two" : on} cameras are live.`
          : `${on} of ${Math.max(2, total)} cameras live.`}
      </h1>
      <div className={css.row}>
        {on > 0 && total < 2 && <Button onClick={onAdd}>Add another camera</Button>}
        {toLive}
      </div>
    </div>
  );
}

function AddCamera({ count, onDone }: { count: number; onDone: (camera: CameraWithKey) => void }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const [name, setName] = useState(`Camera ${count + 1}`);
  const { busy, problem, run } = useAction();
  const submit = (form: SubmitEvent) => {
    form.preventDefault();
    run(async () => onDone(await api.createCamera(event, name.trim())));
  };
  return (
    <form className={css.card} onSubmit={submit}>
      <Field
        label="Name of the camera"
        value={name}
        maxLength={200}
        required
        autoFocus
        onFocus={(focus) => focus.target.select()}
        onChange={(change) => setName(change.target.value)}
      />
      {problem && <Problem>{problem}</Problem>}
      <div className={css.row}>
        <Button type="submit" look="primary" large disabled={busy}>
          Add camera
        </Button>
      </div>
    </form>
  );
}

const STATUS = {
  waiting: [<Ring key="g" />, "WAITING"],
  live: [<Dot key="g" />, "LIVE"],
  offline: [<Cross key="g" />, "OFFLINE"],
} as const;

function CameraCard(props: { camera: Camera; place: number; onKey: (camera: CameraWithKey) => void }) {
  const { camera, place, onKey } = props;
  const { event } = useEventScope();
  const { api } = useSession();
  const { problem, run } = useAction();
  const [open, setOpen] = useState(false);
  const [tally, setTally] = useState(false);
  const [name, setName] = useState<string | null>(null);
  const [glyph, word] = STATUS[camera.status];
  const issues = (camera.health?.issues ?? []).filter((issue) => issue.severity !== "info");
  const live = camera.status === "live";
  const rotate = () => run(async () => onKey(await api.rotateKey(event, camera.camera_id)));
  const rename = (form: SubmitEvent) => {
    form.preventDefault();
    const wanted = name?.trim();
    if (!wanted || wanted === camera.name) return setName(null);
    run(async () => {
      await api.changeCamera(event, camera.camera_id, { name: wanted });
      setName(null);
    });
  };
  return (
    <section className={css.camera} aria-label={camera.name}>
      <div className={css.cameraHead}>
        <span className={css.number}>{place + 1}</span>
        <bdi className={css.cameraName}>{camera.name}</bdi>
        <span className={css.state} data-status={camera.status}>
          {glyph} {word}
        </span>
        <Button look="quiet" onClick={() => setTally(true)}>
          Tally
        </Button>
        {tally && <TallyDialog camera={camera.camera_id} name={camera.name} onClose={() => setTally(false)} />}
        <Button look="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Close" : "Manage"}
        </Button>
      </div>
      <p className={css.note}>
        <Received camera={camera} />
      </p>
      {camera.health?.last_error && !live && <Problem>{`Last refused or lost: ${camera.health.last_error}.`}</Problem>}
      {issues.map((issue) => (
        <div key={issue.type} className={css.issue}>
          <Warning />
          <div>
            <p>{issue.sentence}</p>
            <p className={css.note}>{issue.setting}</p>
          </div>
        </div>
      ))}
      {problem && <Problem>{problem}</Problem>}
      {open && (
        <div className={css.manage}>
          <form className={css.row} onSubmit={rename}>
            <Field
              label="Name"
              value={name ?? camera.name}
              maxLength={200}
              required
              onChange={(change) => setName(change.target.value)}
            />
            <Button type="submit" large disabled={name === null || name.trim() === camera.name}>
              Rename
            </Button>
          </form>
          <div className={css.row}>
            {live ? (
              <HoldButton
                onConfirm={rotate}
                consequence={<p>The camera goes on, but it needs the new key when it connects again.</p>}
              >
                New key…
              </HoldButton>
            ) : (
              <Button onClick={rotate}>New key</Button>
            )}
            {live && (
              <HoldButton
                onConfirm={() => run(() => api.kick(event, camera.camera_id, 60))}
                consequence={<p>The camera is disconnected, and its key admits nobody for one minute.</p>}
              >
                Disconnect…
              </HoldButton>
            )}
            <HoldButton
              onConfirm={() => run(() => api.deleteCamera(event, camera.camera_id))}
              consequence={<p>The camera is disconnected and its key is gone. This cannot be taken back.</p>}
            >
              Remove…
            </HoldButton>
          </div>
        </div>
      )}
    </section>
  );
}

/** What comes from the camera, in a line. */
export function Received({ camera }: { camera: Camera }) {
  const offset = useLive((live) => live.clockOffset);
  useNow(1000);
  if (camera.status === "waiting") return <>Nothing received yet.</>;
  const since = camera.since ? duration(Date.now() + offset - Date.parse(camera.since)) : null;
  if (camera.status === "offline") return <>Offline for {since}.</>;
  const { video, bitrate_bps } = camera.health ?? {};
  if (!video) return <>Connected. No picture yet.</>;
  return (
    <>
      {size(video.width, video.height)}, {fps(video.fps)}, {bitrate(bitrate_bps)}
      {since && ` · connected for ${since}`}
    </>
  );
}

/** Who may watch, and the end of the event. */
function Danger() {
  const { event } = useEventScope();
  const { api } = useSession();
  const playback = useLive((live) => live.event?.playback ?? "public");
  const policy = useLive((live) => live.event?.policy);
  const name = useLive((live) => live.event?.name ?? "");
  const [draft, setDraft] = useState<string | null>(null);
  const { problem, run } = useAction();
  return (
    <details className={css.more}>
      <summary>Event settings</summary>
      <div className={css.manage}>
        {problem && <Problem>{problem}</Problem>}
        <form
          className={css.row}
          onSubmit={(form) => {
            form.preventDefault();
            run(async () => {
              await api.changeEvent(event, { name: (draft ?? name).trim() });
              setDraft(null);
            });
          }}
        >
          <Field
            label="Name of the event"
            value={draft ?? name}
            maxLength={200}
            required
            onChange={(change) => setDraft(change.target.value)}
          />
          <Button type="submit" large disabled={draft === null}>
            Rename
          </Button>
        </form>
        <label className={css.check}>
          <input
            type="checkbox"
            checked={playback === "signed"}
            onChange={(change) => {
              const wanted = change.target.checked ? "signed" : "public";
              run(() => api.changeEvent(event, { playback: wanted }));
            }}
          />
          Only people with a signed link may watch
        </label>
        <label className={css.check}>
          <input
            type="checkbox"
            checked={policy?.viewer_angles ?? false}
            onChange={(change) => run(() => api.changeEvent(event, { policy: { viewer_angles: change.target.checked } }))}
          />
          Viewers may choose a camera of their own
        </label>
        <label className={css.check}>
          <input
            type="checkbox"
            checked={policy?.viewer_recording ?? true}
            onChange={(change) => run(() => api.changeEvent(event, { policy: { viewer_recording: change.target.checked } }))}
          />
          Viewers may watch the recording when it has ended
        </label>
      </div>
    </details>
  );
}

