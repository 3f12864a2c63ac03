// The countdown to a camera's next sync sample, which is what a clean cut waits for. Drawn ten times a second and
// written twice, without React; hidden from screen readers, which would read it without end.
import { useRef } from "react";
import { seconds, UNKNOWN } from "../words/format";
import { useEventScope } from "./event";
import { useTick } from "./ticker";
import css from "./live.module.css";

const TEXT_EVERY_TICKS = 5;

export function KeyframeRing({ camera }: { camera: string }) {
  const { store } = useEventScope();
  const ring = useRef<HTMLSpanElement>(null);
  const text = useRef<HTMLElement>(null);
  const ticks = useRef(0);
  useTick((now) => {
    const { cameras, forecastAt } = store.getState();
    const shown = cameras.find((other) => other.camera_id === camera);
    const wait = shown?.forecast?.clean_wait_ms;
    const gop = shown?.health?.video?.gop_ms;
    const left = wait == null ? null : Math.max(0, wait - (now - forecastAt));
    const filled = left === null || !gop ? 0 : Math.min(1, Math.max(0, 1 - left / gop));
    ring.current?.style.setProperty("--filled", filled.toFixed(3));
    ticks.current += 1;
    if (text.current && ticks.current % TEXT_EVERY_TICKS === 1) {
      text.current.textContent = left === null ? UNKNOWN : seconds(left);
    }
  });
  return (
    <span ref={ring} className={css.ring} aria-hidden="true" title="Next keyframe">
      <b ref={text}>{UNKNOWN}</b>
      <svg width="18" height="18" viewBox="0 0 18 18" fill="none" strokeWidth="3">
        <circle cx="9" cy="9" r="7.5" stroke="currentColor" opacity="0.25" />
        <circle cx="9" cy="9" r="7.5" stroke="currentColor" transform="rotate(-90 9 9)" />
      </svg>
    </span>
  );
}
