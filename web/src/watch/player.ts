// Plays a live HLS programme: hls.js where the browser has Media Source Extensions, else the browser's own player.
// What each plays best was measured: docs/players.md.
import Hls, { ErrorTypes, Events, type HlsConfig } from "hls.js";

const RETRY_MS = 2000;

const SETTINGS: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // What a stall or a slow start costs is caught up again; by default it stays for good.
  maxLiveSyncPlaybackRate: 1.06,
  // After a stall this much more is kept, in seconds, so that a poor network stalls once and not all the time.
  liveSyncOnStallIncrease: 0.5,
};

export type PlayerState = "waiting" | "playing";

/**
 * Attaches the programme at `url` to `video` and keeps it playing: while it has not started yet, or when it is
 * lost, it is tried again every two seconds without a reload of the page. Returns a function that ends it.
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
    hls = new Hls(SETTINGS);
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
    // hls.js 1.7 maps time anew at every discontinuity, by decoding times, and so falls 100 ms behind at each
    // tagged cut; the seamless dialect lists the same bytes without them.
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

/** Safari and whatever else has no Media Source Extensions: the strict dialect, which is what Apple specifies. */
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
