/** @jsxImportSource preact */
// The line under the picture: what it is, and what can be done with it.
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Player } from "./player";
import { embedCode, latencyWords, type PlayerState } from "./states";
import type { Captions } from "./use";

interface Props {
  name: string;
  live: boolean;
  state: PlayerState;
  stage: RefObject<HTMLElement | null>;
  video: RefObject<HTMLVideoElement | null>;
  player: RefObject<Player | null>;
  captions: Captions;
}

export function Bar({ name, live, state, stage, video, player, captions }: Props) {
  const [more, setMore] = useState(false);
  const paused = usePaused(video);
  const toggle = () => {
    const element = video.current;
    if (!element) return;
    if (!element.paused) element.pause();
    // A live programme goes on where it is, not where it was left.
    else player.current?.toLive();
  };
  const fullScreen = () => void toggleFullScreen(stage.current, video.current);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
      const at = event.target as HTMLElement | null;
      if (at?.closest("input")) return;
      // The space bar belongs to whatever button has the focus.
      if (event.code === "KeyK" || (event.code === "Space" && !at?.closest("button"))) toggle();
      else if (event.code === "KeyF") fullScreen();
      else if (event.code === "KeyM" && video.current) video.current.muted = !video.current.muted;
      else if (event.code === "KeyC" && captions.there) captions.toggle();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  });
  return (
    <div class="bar">
      {state === "playing" && (
        <IconButton label={paused ? "Play" : "Pause"} onClick={toggle}>
          {paused ? <path d="M6 4v12l10-6Z" /> : <path d="M7 4v12M13 4v12" />}
        </IconButton>
      )}
      <p class="title">
        <bdi>{name}</bdi>
        {live && state === "playing" && !paused && <span class="live">LIVE</span>}
      </p>
      {captions.there && (
        <button type="button" class="icon" aria-pressed={captions.shown} aria-label="CC captions" onClick={captions.toggle}>
          CC
        </button>
      )}
      <IconButton label="Full screen" onClick={fullScreen}>
        <path d="M3 8V3h5M12 3h5v5M17 12v5h-5M8 17H3v-5" />
      </IconButton>
      <IconButton label="More" expanded={more} onClick={() => setMore(!more)}>
        <path d="M4 10h.01M10 10h.01M16 10h.01" stroke-width="3" />
      </IconButton>
      {more && <Sheet name={name} player={player} onClose={() => setMore(false)} />}
    </div>
  );
}

/** The delay, the quality and the embed code, for those who ask. */
function Sheet({ name, player, onClose }: { name: string; player: RefObject<Player | null>; onClose: () => void }) {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 1000);
    const key = (event: KeyboardEvent) => event.key === "Escape" && onClose();
    addEventListener("keydown", key);
    return () => {
      clearInterval(timer);
      removeEventListener("keydown", key);
    };
  });
  const height = player.current?.height() ?? null;
  return (
    <div class="sheet" role="group" aria-label="More">
      <dl>
        <dt>Delay</dt>
        <dd data-latency>{latencyWords(player.current?.latency() ?? null)}</dd>
        <dt>Quality</dt>
        <dd>{height === null ? "—" : `${height}p, as the camera sends it`}</dd>
      </dl>
      <label>
        Embed code
        <input readOnly value={embedCode(location.href, name)} onFocus={(event) => event.currentTarget.select()} />
      </label>
    </div>
  );
}

interface IconProps {
  label: string;
  expanded?: boolean;
  onClick: () => void;
  children: ComponentChildren;
}

function IconButton({ label, expanded, onClick, children }: IconProps) {
  return (
    <button type="button" class="icon" aria-label={label} aria-expanded={expanded} onClick={onClick}>
      <svg
        width="20"
        height="20"
        viewBox="0 0 20 20"
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        stroke-linejoin="round"
        aria-hidden="true"
      >
        {children}
      </svg>
    </button>
  );
}

function usePaused(video: RefObject<HTMLVideoElement | null>): boolean {
  const [paused, setPaused] = useState(false);
  useEffect(() => {
    const element = video.current;
    const look = () => setPaused(element?.paused ?? false);
    for (const name of ["play", "pause"]) element?.addEventListener(name, look);
    return () => {
      for (const name of ["play", "pause"]) element?.removeEventListener(name, look);
    };
  }, [video]);
  return paused;
}

/** iPhones have no full screen but the video's own. */
async function toggleFullScreen(stage: HTMLElement | null, video: HTMLVideoElement | null): Promise<void> {
  const own = video as (HTMLVideoElement & { webkitEnterFullscreen?: () => void }) | null;
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (stage?.requestFullscreen) await stage.requestFullscreen();
    else own?.webkitEnterFullscreen?.();
  } catch {
    // A frame that is not allowed to: the page stays as it is.
  }
}
