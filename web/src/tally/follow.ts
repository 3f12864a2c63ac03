// Follows one camera by server-sent events. `fetch` and not `EventSource`, which cannot send a token in a header.
import type { Tally } from "../api/types";
import { backoff } from "../live/backoff";
import { SILENT_MS, type Place } from "./state";

/** Calls `onTally` for all that the server says, and `onRefused` when the link is over. Returns what ends it. */
export function follow(place: Place, onTally: (tally: Tally) => void, onRefused: () => void): () => void {
  const { event, camera, token } = place;
  const url = `/api/events/${encodeURIComponent(event)}/cameras/${encodeURIComponent(camera)}/tally`;
  const stopped = new AbortController();
  const run = async () => {
    for (let failures = 0; !stopped.signal.aborted; failures += 1) {
      // A connection that says nothing is given up: phones change networks without a word.
      const silence = new AbortController();
      const signal = AbortSignal.any([stopped.signal, silence.signal]);
      let timer = setTimeout(() => silence.abort(), SILENT_MS * 2);
      try {
        const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal });
        if ([401, 403, 404].includes(response.status)) return onRefused();
        for await (const tally of messages(response)) {
          failures = 0;
          clearTimeout(timer);
          timer = setTimeout(() => silence.abort(), SILENT_MS);
          onTally(tally);
        }
      } catch {
        // The server or the network is away: again, after a while.
      } finally {
        clearTimeout(timer);
      }
      await pause(backoff(failures, Math.random()), stopped.signal);
    }
  };
  void run();
  return () => stopped.abort();
}

/** The messages of an event stream (WHATWG HTML §9.2), of which only `data` is used here. */
async function* messages(response: Response): AsyncGenerator<Tally> {
  if (!response.ok || !response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const whole = text.split("\n\n");
    text = whole.pop() ?? "";
    for (const message of whole) {
      const data = message.split("\n").flatMap((line) => (line.startsWith("data:") ? [line.slice(5)] : []));
      if (data.length > 0) yield JSON.parse(data.join("\n")) as Tally;
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
