// One clock for everything on the page that counts: ten times a second, outside of React.
import { useEffect, useRef, useState } from "react";

const TICK_MS = 100;
const listeners = new Set<(now: number) => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function listen(listener: (now: number) => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    const now = performance.now();
    for (const each of listeners) each(now);
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Calls `tick` ten times a second. */
export function useTick(tick: (now: number) => void): void {
  const latest = useRef(tick);
  latest.current = tick;
  useEffect(() => {
    latest.current(performance.now());
    return listen((now) => latest.current(now));
  }, []);
}

/** `performance.now()`, renewed every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => performance.now());
  useTick((at) => {
    if (at - now >= everyMs) setNow(at);
  });
  return now;
}
