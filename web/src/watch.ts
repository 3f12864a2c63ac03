// The viewer's page: `/watch/{event}` plays the event's programme.
import { play } from "./player";

const event = location.pathname.split("/").filter(Boolean).at(-1) ?? "";
const video = document.querySelector<HTMLVideoElement>("#program");
const message = document.querySelector<HTMLElement>("#message");

if (video && message) {
  play(video, `/hls/${encodeURIComponent(event)}/program/index.m3u8`, (state) => {
    message.textContent = state === "playing" ? "" : "The programme has not started. It begins here by itself.";
  });
}
