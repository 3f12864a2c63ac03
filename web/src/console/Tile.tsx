import { memo, useRef, type ComponentType, type KeyboardEvent, type MouseEvent, type PointerEvent } from "react";
import type { Camera } from "../api/types";
import { CameraPicture } from "../picture/CameraPicture";
import { Button } from "../ui/controls";
import { Cross, Dot, Half, Play, Ring, Warning } from "../ui/icons";
import { bitrate, fps, signedMs, UNKNOWN } from "../words/format";
import { badge } from "../words/health";
import { forecastWords } from "../words/forecast";
import { pictureNote } from "../words/picture";
import { tileWords, type TileState } from "../words/tile";
import { useEventScope, useLive, usePictureState } from "./event";
import { KeyframeRing } from "./KeyframeRing";
import { Meter } from "./Meter";
import { useMayTake } from "./role";
import { useSettings } from "./settings";
import { useHand, useSwitching } from "./switching";
import { useNow } from "./ticker";
import css from "./live.module.css";

const GLYPHS: Readonly<Record<TileState, ComponentType>> = {
  waiting: Ring,
  live: Ring,
  preview: Play,
  taking: Half,
  "on-air": Dot,
  holding: Dot,
  late: Warning,
  offline: Cross,
};

/** A press that moves further is a scroll. */
const MOVED_PX = 10;
const LONG_PRESS_MS = 400;

export interface TileProps {
  camera: Camera;
  place: number;
  /** The one tile that the Tab key reaches. */
  tabbable: boolean;
  /** Under the pointer or the keyboard focus: its picture gives way last. */
  hovered: boolean;
  onFocus: (place: number) => void;
  onArrow: (event: KeyboardEvent, place: number) => void;
  onIssues: (camera: string) => void;
  onConnect: () => void;
}

export const Tile = memo(function Tile({ camera, place, tabbable, hovered, onFocus, onArrow, onIssues, onConnect }: TileProps) {
  const { store } = useEventScope();
  const armed = useHand((hand) => hand.armed === camera.camera_id);
  const taking = useHand((hand) =>
    hand.take.stage === "accepted" && hand.take.camera === camera.camera_id ? hand.take : null,
  );
  const offset = useLive((live) => live.clockOffset);
  useNow(500);
  const picture = usePictureState(camera.camera_id);
  const waitMs = taking?.cutAt == null ? null : Math.max(0, taking.cutAt - performance.now());
  const words = tileWords(camera, {
    armed,
    taking: taking && { waitMs },
    silentMs: picture?.silentMs ?? null,
    serverNow: Date.now() + offset,
  });
  const Icon = GLYPHS[words.state];
  const worst = badge(camera);
  // Why the picture is less than it could be, where it is.
  const note = picture && camera.status === "live" ? pictureNote(picture) : null;
  const press = usePress(camera.camera_id, armed);
  const description = () => {
    const { event, forecastAt } = store.getState();
    if (!event) return "";
    const style = "auto" as const;
    return forecastWords(camera, style, event.policy, performance.now() - forecastAt).line;
  };
  return (
    <li className={css.tile} data-state={words.state} data-camera={camera.camera_id}>
      <button
        type="button"
        className={css.face}
        tabIndex={tabbable ? 0 : -1}
        data-place={place}
        aria-label={`${place + 1}, ${camera.name}, ${spoken(words.state)}`}
        aria-describedby={`forecast-${camera.camera_id}`}
        title={note?.sentence}
        onFocus={(focus) => {
          onFocus(place);
          const described = focus.currentTarget.querySelector("[data-described]");
          // Frozen at the moment of focus: a description that counts down would be read without end.
          if (described) described.textContent = description();
        }}
        onKeyDown={(event) => onArrow(event, place)}
        {...press}
      >
        <span className={css.picture}>
          <CameraPicture camera={camera.camera_id} important={hovered} />
        </span>
        <span className="visually-hidden" id={`forecast-${camera.camera_id}`} data-described />
        {words.state === "taking" && <span className={css.takingBar} />}
      </button>
      <span className={css.top}>
        <span className={css.number}>{place + 1}</span>
        <span className={css.pill} data-state={words.state}>
          <Icon /> {words.pill}
        </span>
        {words.state === "holding" && (
          <span className={`${css.pill} ${css.held}`}>
            <Warning size={10} /> {words.detail}
          </span>
        )}
      </span>
      {note && <span className={css.pictureNote}>{note.label}</span>}
      {words.state !== "holding" && words.detail && <span className={css.detail}>{words.detail}</span>}
      {words.state === "waiting" ? (
        <Button className={css.connectButton ?? ""} onClick={onConnect}>
          Show how to connect
        </Button>
      ) : (
        worst && (
          <button
            type="button"
            className={css.badge}
            onClick={() => onIssues(camera.camera_id)}
            aria-label={`${worst.text}: what is wrong with ${camera.name}`}
          >
            <Warning size={14} /> <span>{worst.text}</span>
          </button>
        )
      )}
      <div className={css.footer}>
        <bdi className={css.cameraName}>{camera.name}</bdi>
        <KeyframeRing camera={camera.camera_id} />
        <span className={css.numbers}>{numbers(camera)}</span>
        {camera.status === "live" && camera.health?.audio && <Meter camera={camera.camera_id} name={camera.name} />}
      </div>
    </li>
  );
});

function spoken(state: TileState): string {
  return state === "on-air" ? "on air" : state === "preview" ? "live, preview" : state;
}

function numbers(camera: Camera): string {
  if (camera.status !== "live") return UNKNOWN;
  const { bitrate_bps, video, audio } = camera.health ?? {};
  const parts = [bitrate(bitrate_bps), fps(video?.fps)];
  if (camera.sync_offset_ms !== 0) parts.push(signedMs(camera.sync_offset_ms));
  if (camera.health && !audio) parts.push("no sound");
  return parts.join(" · ");
}

/** A tap cuts or arms, as the settings say; a right click or a long press does the other. */
function usePress(camera: string, armed: boolean) {
  const { cut, arm } = useSwitching();
  const tap = useSettings((settings) => settings.tap);
  const mayTake = useMayTake();
  const press = useRef<{ x: number; y: number; timer: ReturnType<typeof setTimeout>; spent: boolean } | null>(null);
  const act = (which: "tap" | "other") => {
    if (!mayTake) return;
    // With "tap arms", the second tap on the armed tile takes.
    const cuts = (which === "tap") === (tap === "cut") || (which === "tap" && armed);
    if (cuts) cut(camera);
    else arm(camera);
  };
  const spend = () => {
    if (!press.current) return;
    clearTimeout(press.current.timer);
    press.current.spent = true;
  };
  return {
    onPointerDown: (event: PointerEvent<HTMLButtonElement>) => {
      if (event.button !== 0) return;
      const timer = setTimeout(() => {
        if (!press.current || press.current.spent) return;
        spend();
        act("other");
      }, LONG_PRESS_MS);
      press.current = { x: event.clientX, y: event.clientY, timer, spent: false };
    },
    onPointerMove: (event: PointerEvent<HTMLButtonElement>) => {
      const start = press.current;
      if (start && Math.hypot(event.clientX - start.x, event.clientY - start.y) > MOVED_PX) spend();
    },
    onPointerCancel: spend,
    onPointerUp: () => clearTimeout(press.current?.timer),
    onClick: (event: MouseEvent<HTMLButtonElement>) => {
      const spent = press.current?.spent ?? false;
      press.current = null;
      if (spent) return;
      act("tap");
      // A mouse leaves no focus behind, so that the space bar stays "take".
      if (event.detail > 0) event.currentTarget.blur();
    },
    onContextMenu: (event: MouseEvent) => {
      event.preventDefault();
      if (press.current?.spent) return;
      spend();
      act("other");
    },
  };
}
