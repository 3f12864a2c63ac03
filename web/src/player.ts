// Plays a live HLS programme: hls.js where the browser has Media Source Extensions, else the browser's own player.
import Hls, { ErrorTypes, Events } from "hls.js";

const RETRY_MS = 2000;

export type PlayerState = "waiting" | "playing";

/**
 * Attaches `url` to `video` and keeps it playing: while the programme has not started yet, or when it is lost,
 * it is tried again every two seconds without a reload of the page. Returns a function that ends it.
 */
export function play(
  video: HTMLVideoElement,
  url: string,
  onState: (state: PlayerState) => void,
): () => void {
  video.addEventListener("playing", () => onState("playing"));
  return Hls.isSupported() ? playWithHls(video, url, onState) : playNatively(video, url, onState);
}

function playWithHls(
  video: HTMLVideoElement,
  url: string,
  onState: (state: PlayerState) => void,
): () => void {
  let hls: Hls | undefined;
  let retry: number | undefined;

  const start = () => {
    hls = new Hls({ lowLatencyMode: true, backBufferLength: 30, maxLiveSyncPlaybackRate: 1.1 });
    hls.on(Events.MANIFEST_PARSED, () => void video.play().catch(() => undefined));
    hls.on(Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (data.type === ErrorTypes.MEDIA_ERROR) {
        hls?.recoverMediaError();
        return;
      }
      onState("waiting");
      hls?.destroy();
      retry = window.setTimeout(start, RETRY_MS);
    });
    // hls.js maps time anew at every discontinuity, by decoding times, and so loses the composition offset
    // at each tagged cut; the seamless dialect lists the same bytes without them.
    hls.loadSource(`${url}?dialect=seamless`);
    hls.attachMedia(video);
    // The end-to-end test reads the player's statistics from here.
    Object.assign(video, { hls });
  };

  start();
  return () => {
    window.clearTimeout(retry);
    hls?.destroy();
  };
}

function playNatively(
  video: HTMLVideoElement,
  url: string,
  onState: (state: PlayerState) => void,
): () => void {
  let retry: number | undefined;
  const start = () => {
    video.src = url;
    void video.play().catch(() => undefined);
  };
  const lost = () => {
    onState("waiting");
    retry = window.setTimeout(start, RETRY_MS);
  };
  video.addEventListener("error", lost);
  start();
  return () => {
    window.clearTimeout(retry);
    video.removeEventListener("error", lost);
    video.removeAttribute("src");
  };
}
