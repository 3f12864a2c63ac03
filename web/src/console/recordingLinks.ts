// Addresses of recordings for links and players, which carry no header: by a playback token that opens recordings.
import { useEffect, useState } from "react";
import { errorText } from "../ui/controls";
import { useEventScope } from "./event";
import { useSession } from "./session";

/** How long such a token lasts, and how long before its end there is another: a download goes on to its own end. */
const TOKEN_SECONDS = 12 * 3600;
const RENEW_SECONDS = TOKEN_SECONDS - 3600;

export interface Links {
  /** The path of `file` of a recording; `undefined` before there is a token. */
  of: (recording: string, file: string) => string | undefined;
  problem: string | null;
}

export function useRecordingLinks(): Links {
  const { event } = useEventScope();
  const { api } = useSession();
  const [base, setBase] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let left = false;
    const ask = () =>
      api.playbackToken(event, TOKEN_SECONDS, { recordings: true }).then(
        ({ watch_url }) => {
          if (left) return;
          setBase(new URL(watch_url, location.href).pathname);
          setProblem(null);
        },
        (error: unknown) => !left && setProblem(errorText(error)),
      );
    void ask();
    const timer = setInterval(() => void ask(), RENEW_SECONDS * 1000);
    return () => {
      left = true;
      clearInterval(timer);
    };
  }, [api, event]);
  return {
    of: (recording, file) => (base === null ? undefined : `${base}/recordings/${encodeURIComponent(recording)}/${file}`),
    problem,
  };
}
