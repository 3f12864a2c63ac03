import type { CutStyle } from "../api/types";
import { unseenCut } from "../live/state";
import { Button } from "../ui/controls";
import { Padlock, Undo, Warning } from "../ui/icons";
import { forecastWords } from "../words/forecast";
import { takeWords } from "../words/take";
import { useLive } from "./event";
import { useSettings } from "./settings";
import { useHand, useSwitching } from "./switching";
import { useNow } from "./ticker";
import css from "./live.module.css";

/** What players keep between themselves and the live edge. */
const VIEWERS_BEHIND_MS = 2000;

/** `hovered` is the camera under the pointer or the keyboard focus, whose forecast is told instead. */
export function Controls({ hovered }: { hovered: string | null }) {
  return (
    <div className={css.controls}>
      <ForecastLine hovered={hovered} />
      <div className={css.pressRow}>
        <TakeButton />
      </div>
      <Buttons />
    </div>
  );
}

function ForecastLine({ hovered }: { hovered: string | null }) {
  const armed = useHand((hand) => hand.armed);
  const style = useHand((hand) => hand.style);
  const camera = useLive((live) => live.cameras.find((other) => other.camera_id === (hovered ?? armed)));
  const policy = useLive((live) => live.event?.policy);
  const forecastAt = useLive((live) => live.forecastAt);
  const now = useNow(200);
  if (!camera || !policy) return <div className={css.forecast} />;
  const words = forecastWords(camera, style, policy, now - forecastAt);
  return (
    <div className={css.forecast} data-attention={words.attention} data-forecast>
      <p>
        {hovered && hovered !== armed && <bdi>{camera.name}: </bdi>}
        {words.line}
      </p>
      <p>{words.reason}</p>
    </div>
  );
}

function TakeButton() {
  const { takePreview } = useSwitching();
  const take = useHand((hand) => hand.take);
  const armed = useHand((hand) => hand.armed);
  const connected = useLive((live) => live.link.state === "open");
  const locked = useLive((live) => Boolean(live.event?.lock));
  const cameras = useLive((live) => live.cameras);
  const keys = useSettings((settings) => settings.keys);
  const now = useNow(100);
  const words = takeWords(take, {
    now,
    connected,
    armed,
    name: (id) => cameras.find((camera) => camera.camera_id === id)?.name ?? "",
    viewersBehindMs: VIEWERS_BEHIND_MS,
  });
  const parts = [0, 1, 2].map((index) => Math.min(1, Math.max(0, words.segments - index)));
  return (
    <button
      type="button"
      className={css.take}
      data-take={take.stage}
      data-empty={take.stage === "idle" && armed === null}
      data-attention={words.attention}
      onClick={(event) => {
        takePreview();
        if (event.detail > 0) event.currentTarget.blur();
      }}
    >
      <span className={css.takeLabel}>
        {words.attention && <Warning />}
        {locked && <Padlock />}
        <strong>{words.label}</strong>
        <span>{words.note}</span>
        {take.stage === "idle" && armed !== null && keys !== "off" && <kbd>Enter</kbd>}
      </span>
      <span className={css.segments} aria-hidden="true">
        {parts.map((part, index) => (
          <i key={index} data-part={part} />
        ))}
      </span>
    </button>
  );
}

const STYLES: readonly [CutStyle, string][] = [
  ["auto", "Auto"],
  ["clean", "Clean"],
  ["instant", "Instant"],
  ["lookahead", "Lookahead"],
];

function Buttons() {
  const { undo, toggleLock, setStyle } = useSwitching();
  const style = useHand((hand) => hand.style);
  const lock = useLive((live) => live.event?.lock ?? null);
  const unseen = useLive(unseenCut);
  const cameras = useLive((live) => live.cameras);
  const previous = useLive((live) => live.previous);
  const name = (id: string | null | undefined) => cameras.find((camera) => camera.camera_id === id)?.name;
  const target = name(unseen ? unseen.cameraId : previous);
  const lookahead = useLive((live) => live.event?.policy.lookahead_ms ?? 0);
  const label = target === undefined ? "Undo" : unseen ? `Undo cut to ${target}` : `Back to ${target}`;
  return (
    <div className={css.buttons}>
      <Button onClick={undo} disabled={target === undefined} aria-keyshortcuts="Z">
        <Undo />
        <span>{label}</span>
      </Button>
      <Button onClick={toggleLock} aria-pressed={lock !== null} aria-keyshortcuts="L">
        <Padlock /> {lock ? "Unlock" : "Lock"}
      </Button>
      <select
        className={css.select}
        aria-label="How to cut"
        value={style}
        onChange={(event) => setStyle(event.target.value as CutStyle)}
      >
        {STYLES.map(([value, words]) => (
          <option key={value} value={value} disabled={value === "lookahead" && lookahead === 0}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}
