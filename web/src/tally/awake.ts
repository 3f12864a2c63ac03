// Keeps the screen on (Screen Wake Lock). Browsers have it in secure contexts only, so not on plain http in a network.

/** Keeps the screen on while the page is seen; `onAwake` is told whether that works. Returns what ends it. */
export function stayAwake(onAwake: (awake: boolean) => void): () => void {
  let lock: WakeLockSentinel | null = null;
  let ended = false;
  const ask = async () => {
    // A browser takes the lock away when the page is hidden.
    if (document.hidden || ended) return;
    try {
      lock = await navigator.wakeLock.request("screen");
      onAwake(true);
      if (ended) await lock.release();
    } catch {
      onAwake(false);
    }
  };
  const seen = () => void ask();
  void ask();
  document.addEventListener("visibilitychange", seen);
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", seen);
    void lock?.release();
  };
}
