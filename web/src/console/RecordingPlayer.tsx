import { useEffect, useRef, type RefObject } from "react";
import css from "./recordings.module.css";

interface Props {
  url: string | undefined;
  name: string;
  /** The video, for whoever wants to know where it is. */
  video?: RefObject<HTMLVideoElement | null>;
  /** Waits until somebody plays it. */
  paused?: boolean;
}

/** Plays a recording, with the browser's own controls. */
export function RecordingPlayer({ url, name, video, paused = false }: Props) {
  const own = useRef<HTMLVideoElement>(null);
  const element = video ?? own;
  useEffect(() => {
    if (!url) return;
    let stop: (() => void) | undefined;
    let left = false;
    void import("../watch/player").then(({ play }) => {
      if (left || !element.current) return;
      const player = play(element.current, { url, recorded: true, paused }, () => undefined);
      stop = player.stop;
    });
    return () => {
      left = true;
      stop?.();
    };
  }, [url, element, paused]);
  return <video ref={element} className={css.player} controls playsInline aria-label={name} />;
}
