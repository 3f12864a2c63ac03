// Reading something over REST once, or again when asked to.
import { useCallback, useEffect, useRef, useState } from "react";
import { errorText } from "../ui/controls";

export interface Loaded<T> {
  data: T | undefined;
  problem: string | null;
  reload: () => void;
}

/** Calls `read` now, whenever `key` changes, and at each `reload`. An answer that comes after a newer one is dropped. */
export function useLoad<T>(read: () => Promise<T>, key: string | number): Loaded<T> {
  const [state, setState] = useState<{ data: T | undefined; problem: string | null }>({
    data: undefined,
    problem: null,
  });
  const latest = useRef(read);
  latest.current = read;
  const asked = useRef(0);
  const reload = useCallback(() => {
    const number = (asked.current += 1);
    latest.current().then(
      (data) => number === asked.current && setState({ data, problem: null }),
      (error: unknown) =>
        number === asked.current && setState((known) => ({ data: known.data, problem: errorText(error) })),
    );
  }, []);
  useEffect(reload, [reload, key]);
  return { ...state, reload };
}

/** Runs one thing at a time and keeps what went wrong with it. */
export function useAction(): { busy: boolean; problem: string | null; run: (action: () => Promise<unknown>) => void } {
  const [state, setState] = useState<{ busy: boolean; problem: string | null }>({ busy: false, problem: null });
  const run = useCallback((action: () => Promise<unknown>) => {
    setState({ busy: true, problem: null });
    action().then(
      () => setState({ busy: false, problem: null }),
      (error: unknown) => setState({ busy: false, problem: errorText(error) }),
    );
  }, []);
  return { ...state, run };
}
