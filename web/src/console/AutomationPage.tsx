import { useEffect, useState, type ChangeEvent, type DragEvent } from "react";
import type { Camera, PolicyChange } from "../api/types";
import { Button, buttonClass, Problem } from "../ui/controls";
import { Down, Grip, Padlock, Up } from "../ui/icons";
import { useEventScope, useLive } from "./event";
import { moved, priorities } from "./priority";
import { useSession } from "./session";
import { useAction } from "./useLoad";
import controls from "../ui/controls.module.css";
import css from "./setup.module.css";
import pages from "./pages.module.css";

type Run = (action: () => Promise<unknown>) => void;

/** What happens if a camera dies. */
export function AutomationPage() {
  const { event } = useEventScope();
  const { api } = useSession();
  const lock = useLive((live) => live.event?.lock ?? null);
  const { problem, run } = useAction();
  return (
    <div className={`${pages.page} ${pages.stack}`}>
      <h1>What happens if a camera dies?</h1>
      {problem && <Problem>{problem}</Problem>}
      <Lost run={run} />
      <BackAgain run={run} />
      <NoCamera run={run} />
      <section className={css.section}>
        <h2>Lock</h2>
        <div className={css.sentence}>
          <Button aria-pressed={lock !== null} onClick={() => run(() => (lock ? api.unlock(event) : api.lock(event)))}>
            <Padlock /> {lock ? "Unlock" : "Lock"}
          </Button>
          <p className={css.note}>
            {lock
              ? `Locked${lock.name ? ` by ${lock.name}` : ""}${lock.by === "flapping" ? ": cameras came and went too often" : ""}. Only hands cut.`
              : "Automation may act. A lock stops it; hands still cut."}
          </p>
        </div>
      </section>
    </div>
  );
}

function usePolicy(run: Run) {
  const { event } = useEventScope();
  const { api } = useSession();
  const policy = useLive((live) => live.event?.policy);
  const change = (wanted: PolicyChange) => run(() => api.changeEvent(event, { policy: wanted }));
  return [policy, change] as const;
}

function Lost({ run }: { run: Run }) {
  const [policy, change] = usePolicy(run);
  return (
    <section className={css.section}>
      <h2>If the camera on air is lost</h2>
      <Seconds
        label="wait"
        after="then switch to the next in this order:"
        value={policy?.failover_after_ms ?? 900}
        min={0.2}
        max={30}
        onChange={(failover_after_ms) => change({ failover_after_ms })}
      />
      <Order run={run} />
    </section>
  );
}

/** The failover order: by drag, and by buttons for whoever does not drag. */
function Order({ run }: { run: Run }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const cameras = useLive((live) => live.cameras);
  const [dragged, setDragged] = useState<string | null>(null);
  const [over, setOver] = useState<string | null>(null);
  const order = [...cameras].sort(
    (a, b) => a.priority - b.priority || Date.parse(a.created_at) - Date.parse(b.created_at),
  );
  const place = (camera: string, at: number) => {
    const wanted = priorities(moved(order, camera, at));
    run(() =>
      Promise.all(wanted.map(({ camera_id, priority }) => api.changeCamera(event, camera_id, { priority }))),
    );
  };
  const drop = (target: number) => (dropped: DragEvent) => {
    dropped.preventDefault();
    if (dragged !== null) place(dragged, target);
    setDragged(null);
    setOver(null);
  };
  return (
    <ol className={css.order}>
      {order.map((camera: Camera, index) => (
        <li
          key={camera.camera_id}
          className={css.orderRow}
          data-over={over === camera.camera_id && dragged !== camera.camera_id}
          draggable
          onDragStart={(event_) => {
            event_.dataTransfer.effectAllowed = "move";
            setDragged(camera.camera_id);
          }}
          onDragOver={(event_) => {
            event_.preventDefault();
            setOver(camera.camera_id);
          }}
          onDragEnd={() => {
            setDragged(null);
            setOver(null);
          }}
          onDrop={drop(index)}
        >
          <Grip />
          <span className={css.number}>{index + 1}</span>
          <bdi>{camera.name}</bdi>
          <Button
            look="quiet"
            disabled={index === 0}
            aria-label={`${camera.name}: earlier`}
            onClick={() => place(camera.camera_id, index - 1)}
          >
            <Up />
          </Button>
          <Button
            look="quiet"
            disabled={index === order.length - 1}
            aria-label={`${camera.name}: later`}
            onClick={() => place(camera.camera_id, index + 1)}
          >
            <Down />
          </Button>
        </li>
      ))}
    </ol>
  );
}

const REVERT_DEFAULT_MS = 10_000;

function BackAgain({ run }: { run: Run }) {
  const [policy, change] = usePolicy(run);
  const revert = policy?.revert_after_ms ?? null;
  return (
    <fieldset className={css.section} aria-label="When it comes back">
      <h2>When it comes back</h2>
      <label className={css.check}>
        <input
          type="radio"
          name="revert"
          checked={revert === null}
          onChange={() => change({ revert_after_ms: null })}
        />
        stay with the camera that took over
      </label>
      <div className={css.sentence}>
        <label className={css.check}>
          <input
            type="radio"
            name="revert"
            checked={revert !== null}
            onChange={() => change({ revert_after_ms: REVERT_DEFAULT_MS })}
          />
          return to it
        </label>
        {revert !== null && (
          <Seconds
            label="after"
            after="without a fault"
            value={revert}
            min={1}
            max={3600}
            onChange={(revert_after_ms) => change({ revert_after_ms })}
          />
        )}
      </div>
    </fieldset>
  );
}

function NoCamera({ run }: { run: Run }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const [policy, change] = usePolicy(run);
  const [version, setVersion] = useState(0);
  const upload = (chosen: ChangeEvent<HTMLInputElement>) => {
    const [file] = chosen.target.files ?? [];
    chosen.target.value = "";
    if (!file) return;
    run(async () => {
      await api.putSlate(event, file);
      setVersion((known) => known + 1);
    });
  };
  return (
    <section className={css.section}>
      <h2>If no camera is left</h2>
      <Seconds
        label="hold the last picture"
        after="then show the slate:"
        value={policy?.slate_after_ms ?? 3000}
        min={0}
        max={3600}
        onChange={(slate_after_ms) => change({ slate_after_ms })}
      />
      <SlatePicture version={version} />
      <div className={css.row}>
        <label className={buttonClass("plain", true)}>
          Upload a picture
          <input className="visually-hidden" type="file" accept="image/png,image/jpeg" onChange={upload} />
        </label>
        <Button
          look="quiet"
          large
          onClick={() =>
            run(async () => {
              await api.deleteSlate(event);
              setVersion((known) => known + 1);
            })
          }
        >
          Use the built-in card
        </Button>
      </div>
      <p className={css.note}>PNG or JPEG, best in 16:9.</p>
    </section>
  );
}

function SlatePicture({ version }: { version: number }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let gone = false;
    api.slate(event).then(
      (picture) => {
        if (gone) return;
        made = URL.createObjectURL(picture);
        setUrl(made);
      },
      () => setUrl(null),
    );
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [api, event, version]);
  return <div className={css.slate}>{url && <img src={url} alt="The slate" />}</div>;
}

/** A time in seconds that is sent when the field is left, or Enter is pressed. `value` is in milliseconds. */
function Seconds(props: {
  label: string;
  after: string;
  value: number;
  min: number;
  max: number;
  onChange: (ms: number) => void;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const done = () => {
    const wanted = Number(draft);
    setDraft(null);
    if (draft === null || draft === "" || !Number.isFinite(wanted)) return;
    const ms = Math.round(Math.min(props.max, Math.max(props.min, wanted)) * 1000);
    if (ms !== props.value) props.onChange(ms);
  };
  return (
    <label className={css.sentence}>
      <span className={css.together}>
        {props.label}
        <input
          className={`${controls.input} ${css.short}`}
          type="number"
          inputMode="decimal"
          min={props.min}
          max={props.max}
          step={0.1}
          value={draft ?? props.value / 1000}
          onChange={(change) => setDraft(change.target.value)}
          onBlur={done}
          onKeyDown={(event) => event.key === "Enter" && done()}
        />
        s,
      </span>{" "}
      {props.after}
    </label>
  );
}
