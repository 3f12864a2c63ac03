// Plays a live HLS programme: hls.js where the browser has Media Source Extensions, else the browser's own player.
// What each plays best was measured: docs/players.md.
import Hls, { type ErrorData, ErrorTypes, Events, type HlsConfig, type LoadPolicy, type RetryConfig } from "hls.js";
import type { PlayerState } from "./states";

/** How long until what failed for good is begun anew, in milliseconds. */
const RETRY_MS = 2000;

/** How often it is looked whether the picture is too late to be caught up gently, in milliseconds. */
const LOOK_MS = 1000;

/** Looks in a row after which it is: one may be a moment in which nothing was decoded. */
const LATE_LOOKS = 2;

/** A server that restarts is away for seconds: what is held plays on meanwhile, and then there is more. */
const patient = (policy: LoadPolicy): LoadPolicy => {
  const retry: RetryConfig = {
    maxNumRetry: 60,
    retryDelayMs: 500,
    maxRetryDelayMs: 2000,
    backoff: "linear",
    // A server that is down refuses connections, which hls.js takes for a mistake of the page and does not retry.
    shouldRetry: (config, count, _isTimeout, response, usual) =>
      usual || (!response?.code && (config?.maxNumRetry ?? 0) > count),
  };
  return { default: { ...policy.default, errorRetry: retry, timeoutRetry: retry } };
};

const SETTINGS: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // What a stall or a slow start costs is caught up again; by default it stays for good.
  maxLiveSyncPlaybackRate: 1.06,
  // After a stall this much more is kept, in seconds, so that a poor network stalls once and not all the time.
  liveSyncOnStallIncrease: 0.5,
  playlistLoadPolicy: patient(Hls.DefaultConfig.playlistLoadPolicy),
  fragLoadPolicy: patient(Hls.DefaultConfig.fragLoadPolicy),
};

/** A recording is not followed to its end, also not one that still grows. */
const RECORDED: Partial<HlsConfig> = {
  ...SETTINGS,
  lowLatencyMode: false,
  maxLiveSyncPlaybackRate: 1,
  startPosition: 0,
};

export interface Player {
  /** How far behind the live edge the picture is, in seconds; `null` where that is not known. */
  latency(): number | null;
  /** The height of the picture in pixels; `null` before there is one. */
  height(): number | null;
  /** When what is shown was live, in milliseconds since 1970; `null` where that is not known. */
  shownAt(): number | null;
  /** Goes to the newest picture. */
  toLive(): void;
  stop(): void;
}

/** What to play. */
export interface Source {
  /** A multivariant playlist of this server, or a recording's playlist. */
  url: string;
  /** The moment to begin with, in milliseconds since 1970: the same on another camera. Else the newest. */
  from?: number | null;
  /** A recording: from its begin, in whatever tempo the viewer likes. */
  recorded?: boolean;
  /** Shows its first picture and waits. */
  paused?: boolean;
}

/**
 * Attaches `source` to `video` and keeps it playing: while it has not started yet, or when it is lost, it is tried
 * again without a reload of the page.
 */
export function play(video: HTMLVideoElement, source: Source, onState: (state: PlayerState) => void): Player {
  let state: PlayerState = "waiting";
  const change = (next: PlayerState) => {
    if (next === state) return;
    state = next;
    onState(next);
  };
  const playing = () => change("playing");
  const ended = () => change("ended");
  video.addEventListener("playing", playing);
  video.addEventListener("ended", ended);
  const failed = () => {
    if (state === "playing") change("lost");
  };
  const player = Hls.isSupported() ? playWithHls(video, source, failed) : playNatively(video, source, failed);
  return {
    ...player,
    height: () => video.videoHeight || null,
    stop: () => {
      video.removeEventListener("playing", playing);
      video.removeEventListener("ended", ended);
      player.stop();
    },
  };
}

type Engine = Omit<Player, "height">;

function playWithHls(video: HTMLVideoElement, source: Source, failed: () => void): Engine {
  let hls: Hls | undefined;
  let retry: number | undefined;
  let from = source.from ?? null;

  const start = () => {
    const made = new Hls(source.recorded ? RECORDED : SETTINGS);
    hls = made;
    if (!source.paused) made.on(Events.MANIFEST_PARSED, () => void video.play().catch(() => undefined));
    made.once(Events.LEVEL_UPDATED, (_event, { details }) => {
      if (from === null) return;
      const fragment = details.fragments.findLast(({ programDateTime }) => (programDateTime ?? Infinity) <= from!);
      // What has left the playlist is not shown again: then it begins with the newest.
      if (fragment?.programDateTime) {
        made.startLoad(fragment.start + (from - fragment.programDateTime) / 1000);
      }
      from = null;
    });
    made.on(Events.ERROR, (_event, data: ErrorData) => {
      if (!data.fatal) {
        // What is held plays on; when it has run out, the viewer is told why.
        if (data.type === ErrorTypes.NETWORK_ERROR && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) failed();
        return;
      }
      if (data.type === ErrorTypes.MEDIA_ERROR) {
        made.recoverMediaError();
        return;
      }
      failed();
      made.destroy();
      retry = window.setTimeout(start, RETRY_MS);
    });
    // hls.js 1.7 maps time anew at every discontinuity, by decoding times, and so falls 100 ms behind at each
    // tagged cut; the seamless dialect lists the same bytes without them.
    made.loadSource(source.recorded ? source.url : `${source.url}?dialect=seamless`);
    made.attachMedia(video);
    // The end-to-end test reads the player's statistics from here.
    Object.assign(video, { hls: made });
  };

  const toLive = () => {
    const live = hls?.liveSyncPosition;
    if (live != null) video.currentTime = live;
    void video.play().catch(() => undefined);
  };

  let late = 0;
  const look = window.setInterval(() => {
    late = !source.recorded && !video.paused && isTooLate(hls) ? late + 1 : 0;
    if (late >= LATE_LOOKS) toLive();
  }, LOOK_MS);

  start();
  return {
    latency: () => (hls && Number.isFinite(hls.latency) && hls.latency > 0 ? hls.latency : null),
    shownAt: () => hls?.playingDate?.getTime() ?? null,
    toLive,
    stop: () => {
      window.clearInterval(look);
      window.clearTimeout(retry);
      hls?.destroy();
    },
  };
}

/** Whether the picture is later than hls.js catches up by itself: beyond this it plays at normal speed for ever. */
function isTooLate(hls: Hls | undefined): boolean {
  if (!hls || hls.targetLatency === null) return false;
  const target = hls.levels[hls.currentLevel]?.details?.targetduration ?? 0;
  return hls.latency > hls.targetLatency + target + 1;
}

/** Where Safari keeps the time of its media's begin. */
interface Dated {
  getStartDate?(): Date;
}

/** Safari and whatever else has no Media Source Extensions: the strict dialect, which is what Apple specifies. */
function playNatively(video: HTMLVideoElement & Dated, source: Source, failed: () => void): Engine {
  let retry: number | undefined;
  const start = () => {
    video.src = source.url;
    if (!source.paused) void video.play().catch(() => undefined);
  };
  const lost = () => {
    failed();
    retry = window.setTimeout(start, RETRY_MS);
  };
  const shownAt = () => {
    const begin = video.getStartDate?.().getTime() ?? NaN;
    return Number.isFinite(begin) ? begin + video.currentTime * 1000 : null;
  };
  const toLive = () => {
    const { seekable } = video;
    if (seekable.length > 0) video.currentTime = seekable.end(seekable.length - 1);
    void video.play().catch(() => undefined);
  };
  const seek = () => {
    const [from, at] = [source.from ?? null, shownAt()];
    if (from !== null && at !== null) video.currentTime += (from - at) / 1000;
  };
  video.addEventListener("error", lost);
  video.addEventListener("loadedmetadata", seek, { once: true });
  start();
  return {
    latency: () => {
      const at = shownAt();
      return at === null ? null : (Date.now() - at) / 1000;
    },
    shownAt,
    toLive,
    stop: () => {
      window.clearTimeout(retry);
      video.removeEventListener("error", lost);
      video.removeEventListener("loadedmetadata", seek);
      video.removeAttribute("src");
    },
  };
}
