/** @jsxImportSource preact */
// Everything on the viewer's page.
import { useEffect, useRef, useState } from "preact/hooks";
import { Angles, type Angle } from "./Angles";
import { Bar } from "./Bar";
import { type Player, play } from "./player";
import { ownPath, paths, type PlayerState, scene } from "./states";
import { useIdle, useTextTracks, useTold } from "./use";

export function Watch({ page }: { page: string }) {
  const own = paths(page);
  const stage = useRef<HTMLElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const last = useRef<HTMLCanvasElement>(null);
  const player = useRef<Player | null>(null);
  const [state, setState] = useState<PlayerState>("waiting");
  // The camera that is watched instead of the programme, and the recording that is watched instead of both.
  const [angle, setAngle] = useState<Angle | null>(null);
  const [recording, setRecording] = useState<string | null>(null);
  const [silent, setSilent] = useState(true);
  const told = useTold(own.status, state);
  const watch = typeof told === "object" ? told : null;
  const url = recording ?? (angle ? ownPath(angle.hls_url) : own.program);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    // Another angle goes on at the same moment; a recording begins at its begin.
    const from = recording === null ? (player.current?.shownAt() ?? null) : null;
    // What was seen last stays until there is something else.
    keep(element, last.current);
    player.current?.stop();
    setState((before) => (before === "waiting" ? "waiting" : "lost"));
    player.current = play(element, { url, from, recorded: recording !== null }, (next) => {
      if (next === "lost") keep(element, last.current);
      setState(next);
    });
  }, [url, recording]);
  useEffect(() => () => player.current?.stop(), []);

  useEffect(() => {
    const element = video.current;
    const heard = () => setSilent(element?.muted ?? true);
    element?.addEventListener("volumechange", heard);
    return () => element?.removeEventListener("volumechange", heard);
  }, []);

  const { name, poster_url } = watch ?? {};
  useEffect(() => {
    if (!name) return;
    document.title = name;
    if ("mediaSession" in navigator) {
      const artwork = [{ src: poster_url ? ownPath(poster_url) : own.poster, sizes: "640x360" }];
      navigator.mediaSession.metadata = new MediaMetadata({ title: name, artwork });
    }
  }, [name, poster_url, own.poster]);

  const { words, poster, recording: offered } = scene(told, state);
  const switching = state === "lost" && angle !== null;
  const idle = useIdle(stage) && state === "playing" && words === null;
  const captions = useTextTracks(video);
  const angles = watch?.angles.filter(({ live }) => live) ?? [];
  const unmute = () => {
    if (video.current) video.current.muted = false;
  };
  return (
    <main ref={stage} class="stage" data-idle={idle} data-state={state}>
      <h1 class="visually-hidden">{name ?? "Live"}</h1>
      <video
        ref={video}
        id="program"
        muted
        autoplay
        playsInline
        disableRemotePlayback
        controls={recording !== null}
        aria-label={recording === null ? "The programme" : "The recording"}
      />
      <canvas ref={last} class="last" hidden={state === "playing" || poster} />
      {poster && told !== null && typeof told === "object" && <img class="poster" src={own.poster} alt="" />}
      <div class="message" hidden={words === null || switching}>
        <p id="message" role="status">
          {words}
        </p>
        {offered !== null && recording === null && (
          <button type="button" class="primary" onClick={() => setRecording(ownPath(offered))}>
            Watch the recording
          </button>
        )}
      </div>
      {state === "playing" && silent && (
        <button type="button" class="sound" onClick={unmute}>
          Tap for sound
        </button>
      )}
      {recording === null && (
        <div class="controls">
          {angles.length > 0 && <Angles angles={angles} shown={angle} onChoose={setAngle} />}
          <Bar
            name={name ?? ""}
            live={watch?.status === "live"}
            state={state}
            stage={stage}
            video={video}
            player={player}
            captions={captions}
          />
        </div>
      )}
    </main>
  );
}

/** Copies what `video` shows onto `canvas`. */
function keep(video: HTMLVideoElement, canvas: HTMLCanvasElement | null): void {
  if (!canvas || video.videoWidth === 0) return;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
}
