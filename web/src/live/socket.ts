// The live updates of an event: a WebSocket that comes back by itself, where it was.
import type { Message } from "../api/types";
import { backoff } from "./backoff";

/** How the connection is. */
export type Link =
  | { state: "connecting" }
  | { state: "open"; roundTripMs: number | null }
  | { state: "lost"; since: number }
  /** The server wants nothing to do with this token, or the event is gone: it is not tried again. */
  | { state: "refused"; reason: string };

export interface Follower {
  onMessage(message: Message): void;
  onLink(link: Link): void;
  /** Where to go on after a break. */
  place(): { stream: string | null; seq: number };
}

const PING_EVERY_MS = 2000;
/** Without any message for so long the connection is taken for dead: pings are answered at once. */
const SILENCE_MAX_MS = 6000;
const POLICY_VIOLATION = 1008;
const NORMAL = 1000;

/** Follows `event` until the returned function is called. */
export function follow(event: string, token: string, follower: Follower): () => void {
  let socket: WebSocket | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  let tries = 0;
  let lostSince = performance.now();
  let ended = false;

  const open = () => {
    clearTimeout(retry);
    const { stream, seq } = follower.place();
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const resume = stream === null ? "" : `?stream=${encodeURIComponent(stream)}&seq=${seq}`;
    const current = new WebSocket(
      `${scheme}//${location.host}/api/events/${encodeURIComponent(event)}/ws${resume}`,
    );
    socket = current;
    let heardAt = performance.now();
    let pingedAt = 0;
    let roundTripMs: number | null = null;
    current.onopen = () => {
      current.send(JSON.stringify({ type: "auth", token }));
      clearInterval(heartbeat);
      heartbeat = setInterval(() => {
        if (performance.now() - heardAt > SILENCE_MAX_MS) return lose(current);
        pingedAt = performance.now();
        current.send(JSON.stringify({ type: "ping" }));
      }, PING_EVERY_MS);
    };
    current.onmessage = (frame: MessageEvent<string>) => {
      heardAt = performance.now();
      const message = JSON.parse(frame.data) as Message | { type: "pong" };
      if (message.type === "pong") {
        roundTripMs = heardAt - pingedAt;
      } else {
        tries = 0;
        follower.onMessage(message);
      }
      follower.onLink({ state: "open", roundTripMs });
    };
    current.onclose = (close) => {
      if (socket !== current) return;
      const final = close.code === POLICY_VIOLATION || (close.code === NORMAL && close.reason !== "");
      if (!final) return lose(current);
      shut();
      follower.onLink({ state: "refused", reason: close.reason });
    };
  };

  const lose = (which: WebSocket) => {
    if (socket !== which || ended) return;
    shut();
    if (tries === 0) lostSince = performance.now();
    follower.onLink({ state: "lost", since: lostSince });
    retry = setTimeout(open, backoff(tries, Math.random()));
    tries += 1;
  };

  /** Ends the socket without hearing of it again. */
  const shut = () => {
    clearInterval(heartbeat);
    const old = socket;
    socket = undefined;
    old?.close();
  };

  const online = () => {
    if (!socket && !ended) open();
  };
  window.addEventListener("online", online);
  follower.onLink({ state: "connecting" });
  open();
  return () => {
    ended = true;
    window.removeEventListener("online", online);
    clearTimeout(retry);
    shut();
  };
}
