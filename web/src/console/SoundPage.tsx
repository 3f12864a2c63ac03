import type { Camera } from "../api/types";
import { Button, Empty, Problem } from "../ui/controls";
import { bitrate, signedMs } from "../words/format";
import { useEventScope, useLive } from "./event";
import { Meter } from "./Meter";
import { useSession } from "./session";
import { useAction } from "./useLoad";
import css from "./setup.module.css";
import pages from "./pages.module.css";

const OFFSET_STEP_MS = 10;
const OFFSET_MAX_MS = 10_000;

/** What viewers hear, and whether it fits the pictures. */
export function SoundPage() {
  const { event } = useEventScope();
  const { api } = useSession();
  const cameras = useLive((live) => live.cameras);
  const source = useLive((live) => live.event?.policy.audio_source ?? "follow");
  const heard = useLive((live) => live.event?.heard_camera_id);
  const onAir = useLive((live) => live.cameras.some((camera) => camera.on_air));
  const { problem, run } = useAction();
  const choose = (audio_source: string) => run(() => api.changeEvent(event, { policy: { audio_source } }));
  const [first] = cameras;
  if (!first) {
    return (
      <div className={pages.page}>
        <Empty>
          <p>No cameras yet, so there is nothing to hear.</p>
        </Empty>
      </div>
    );
  }
  return (
    <div className={`${pages.page} ${pages.stack}`}>
      <h1>Sound &amp; sync</h1>
      {problem && <Problem>{problem}</Problem>}
      <fieldset className={css.section} aria-label="Viewers hear">
        <h2>Viewers hear</h2>
        <label className={css.check}>
          <input type="radio" name="source" checked={source === "follow"} onChange={() => choose("follow")} />
          The camera on air: sound follows the picture
        </label>
        <div className={css.sentence}>
          <label className={css.check}>
            <input
              type="radio"
              name="source"
              checked={source !== "follow"}
              onChange={() => choose(first.camera_id)}
            />
            One source, which no cut touches
          </label>
          <select
            className={css.select}
            aria-label="Source of the sound"
            value={source === "follow" ? "" : source}
            onChange={(change) => change.target.value && choose(change.target.value)}
          >
            {source === "follow" && <option value="">Choose a camera</option>}
            {cameras.map((camera) => (
              <option key={camera.camera_id} value={camera.camera_id}>
                {camera.name}
              </option>
            ))}
          </select>
        </div>
        <p className={css.note} aria-live="polite">
          {(heard || onAir) && heardNow(source, cameras.find((camera) => camera.camera_id === heard))}
        </p>
      </fieldset>
      <section className={css.section}>
        <h2>Level and sync offset</h2>
        <p className={css.note}>
          Clap in front of all cameras. Where the clap comes too early, add time; where it comes too late, take some
          away. The picture moves with its sound.
        </p>
        <div>
          {cameras.map((camera) => (
            <Offset key={camera.camera_id} camera={camera} run={run} />
          ))}
        </div>
      </section>
    </div>
  );
}

/** Says who is heard where the choice alone does not. */
function heardNow(source: string, heard: Camera | undefined): string {
  if (!heard) return "Now: silence.";
  const standsIn = source !== "follow" && source !== heard.camera_id;
  return standsIn ? `Now: ${heard.name}, until the source has sound again.` : `Now: ${heard.name}.`;
}

function Offset({ camera, run }: { camera: Camera; run: (action: () => Promise<unknown>) => void }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const offset = camera.sync_offset_ms;
  const { audio } = camera.health ?? {};
  const change = (by: number) => {
    const wanted = Math.max(-OFFSET_MAX_MS, Math.min(OFFSET_MAX_MS, offset + by));
    run(() => api.changeCamera(event, camera.camera_id, { sync_offset_ms: wanted }));
  };
  const heard = audio
    ? `${audio.sample_rate / 1000} kHz, ${audio.channels === 2 ? "stereo" : audio.channels === 1 ? "mono" : `${audio.channels} channels`}, ${bitrate(audio.bitrate_bps)}`
    : camera.status === "live"
      ? "no sound"
      : camera.status;
  return (
    <div className={css.offset}>
      <div>
        <bdi className={css.cameraName}>{camera.name}</bdi>
        <p className={css.note}>{heard}</p>
      </div>
      <div className={css.level}>{audio && <Meter camera={camera.camera_id} name={camera.name} told />}</div>
      <div className={css.stepper}>
        <Button onClick={() => change(-OFFSET_STEP_MS)} aria-label={`${camera.name}: ${OFFSET_STEP_MS} ms earlier`}>
          −
        </Button>
        <output aria-live="polite">{signedMs(offset)}</output>
        <Button onClick={() => change(OFFSET_STEP_MS)} aria-label={`${camera.name}: ${OFFSET_STEP_MS} ms later`}>
          +
        </Button>
      </div>
    </div>
  );
}
