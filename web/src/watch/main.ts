// The viewer's page: `/watch/{event}` plays the event's programme.
import "../styles/base.css";
import "./watch.css";
import { play } from "./player";

// A signed path carries its token in front: /p/{token}/watch/{event}.
const [base = ""] = location.pathname.split("/watch/");
const event = location.pathname.split("/").filter(Boolean).at(-1) ?? "";
const video = document.querySelector<HTMLVideoElement>("#program");
const message = document.querySelector<HTMLElement>("#message");

if (video && message) {
  play(video, `${base}/hls/${encodeURIComponent(event)}/program/index.m3u8`, (state) => {
    message.textContent = state === "playing" ? "" : "The programme has not started. It begins here by itself.";
  });
}
