import { useEffect, useRef, useState } from "react";
import { CameraPicture } from "../picture/CameraPicture";
import type { Player } from "../watch/player";
import { useEventScope, useLive, usePictureState } from "./event";
import { Meter } from "./Meter";
import { useSession } from "./session";
import { useHand } from "./switching";
import css from "./live.module.css";

/** The programme among the pictures. */
const PROGRAMME = "";

export function Monitors() {
  const onAir = useLive((live) => live.cameras.find((camera) => camera.on_air)?.name ?? null);
  const armed = useHand((hand) => hand.armed);
  const status = useLive((live) => live.event?.status ?? "waiting");
  const slate = useLive((live) => live.slate);
  // The slate, too, where this page came when it was on already.
  const seen = usePictureState(PROGRAMME)?.ageMs != null;
  const words = status === "waiting" && (slate || seen) ? null : WORDS[status];
  const [viewers, setViewers] = useState(false);
  const preview = useLive((live) => live.cameras.find((camera) => camera.camera_id === armed)?.name ?? null);
  return (
    <div className={css.monitors}>
      <section className={css.monitor} aria-label="Programme">
        <div className={css.monitorHead}>
          PROGRAMME <bdi>{onAir}</bdi>
          {onAir && <Meter camera={undefined} name="the programme" />}
          <button
            type="button"
            className={css.source}
            aria-pressed={viewers}
            title="What viewers see, as late as they see it"
            onClick={() => setViewers(!viewers)}
          >
            Viewers’ picture
          </button>
        </div>
        <div className={`${css.screen} ${onAir ? css.programScreen : ""}`}>
          {viewers ? <ViewersPicture /> : <CameraPicture camera={undefined} important />}
          {words && <p className={css.blank}>{words}</p>}
        </div>
      </section>
      <section className={css.monitor} aria-label="Preview">
        <div className={css.monitorHead}>
          PREVIEW <bdi>{preview}</bdi>
        </div>
        <div className={`${css.screen} ${preview ? css.previewScreen : ""}`}>
          {armed && preview !== null ? (
            <CameraPicture camera={armed} key={armed} important />
          ) : (
            <p className={css.blank}>A right click or long press puts a camera here.</p>
          )}
        </div>
      </section>
    </div>
  );
}

/** What stands where the programme has no picture. A break has one: the slate. */
const WORDS = {
  waiting: "Viewers see “Starts soon”.",
  live: null,
  paused: null,
  ended: "It has ended.",
} as const;

/** How long a playback token of the monitor lasts, and how long before its end it gets another. */
const TOKEN_SECONDS = 4 * 3600;
const RENEW_SECONDS = TOKEN_SECONDS - 300;

/** The programme as viewers have it: the same playlists, by hls.js. */
function ViewersPicture() {
  const { event } = useEventScope();
  const { api } = useSession();
  const status = useLive((live) => live.event?.status ?? "waiting");
  const signed = useLive((live) => live.event?.playback === "signed");
  const running = status === "live" || status === "paused";
  const video = useRef<HTMLVideoElement>(null);
  const [playing, setPlaying] = useState(false);
  useEffect(() => {
    if (!running) return;
    let player: Player | undefined;
    let renew: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const start = async () => {
      const { play } = await import("../watch/player");
      let path = `/hls/${encodeURIComponent(event)}/program/index.m3u8`;
      if (signed) {
        path = new URL((await api.playbackToken(event, TOKEN_SECONDS)).hls_url, location.href).pathname;
        renew = setTimeout(() => {
          player?.stop();
          void start();
        }, RENEW_SECONDS * 1000);
      }
      if (ended || !video.current) return;
      player = play(video.current, { url: path }, (state) => setPlaying(state === "playing"));
    };
    start().catch(() => setPlaying(false));
    return () => {
      ended = true;
      clearTimeout(renew);
      player?.stop();
      setPlaying(false);
    };
  }, [api, event, running, signed]);
  return (
    <>
      <video ref={video} muted playsInline aria-label="The programme, as viewers see it" />
      {running && !playing && <p className={css.blank}>Loading…</p>}
    </>
  );
}
