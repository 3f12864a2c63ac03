// Starts the player that the address names, looks at every presented picture, and posts what it saw.
import { start } from "/players.js";

/** Cells of the strip at the bottom of each test picture; see `tests/src/clip.rs`. */
const CELLS = 28;
/** A dark cell is 0, a bright one 255. */
const THRESHOLD = 128;

const query = new URLSearchParams(location.search);
const name = query.get("name");
const player = JSON.parse(query.get("player"));
const video = document.querySelector("video");
const pixels = new OffscreenCanvas(CELLS, 1).getContext("2d", { willReadFrequently: true });
pixels.imageSmoothingEnabled = false;

// Times are wall clock milliseconds, so that they can be compared with the takes.
const wall = (at) => Math.round((performance.timeOrigin + at) * 10) / 10;
const report = { frames: [], stalls: [], errors: [], quality: [], notes: [] };

/** What the strip says, as a number; the reader checks it. */
function strip() {
  const { videoWidth: width, videoHeight: height } = video;
  pixels.drawImage(video, 0, height - 12, width, 1, 0, 0, CELLS, 1);
  const { data } = pixels.getImageData(0, 0, CELLS, 1);
  let value = 0;
  for (let cell = 0; cell < CELLS; cell += 1) value = value * 2 + (data[cell * 4 + 1] > THRESHOLD ? 1 : 0);
  return value;
}

function onFrame(now, frame) {
  report.frames.push([
    wall(frame.presentationTime),
    Math.round(frame.mediaTime * 1e6) / 1e3,
    frame.presentedFrames,
    strip(),
    video.videoWidth,
  ]);
  video.requestVideoFrameCallback(onFrame);
}

function note(kind, details, fatal = false) {
  report.errors.push({ at: wall(performance.now()), kind, details, fatal });
}

// A stall is time in which the player had no picture to show although it wanted to play.
let stalledSince;
function watchStalls() {
  const now = performance.now();
  const stuck = !video.paused && video.readyState < 3;
  if (stuck) stalledSince ??= now;
  if (!stuck && stalledSince !== undefined) {
    report.stalls.push({ at: wall(stalledSince), ms: Math.round(now - stalledSince) });
    stalledSince = undefined;
  }
}

function sampleQuality() {
  const quality = video.getVideoPlaybackQuality();
  report.quality.push([wall(performance.now()), quality.droppedVideoFrames, quality.totalVideoFrames]);
}

video.addEventListener("error", () => note("media", String(video.error?.message ?? video.error?.code), true));
video.addEventListener("waiting", () => report.notes.push([wall(performance.now()), "waiting", ranges()]));
video.addEventListener("seeking", () => report.notes.push([wall(performance.now()), "seeking", ranges()]));

/** Where the player is and what it holds, for whoever looks for a cause. */
function ranges() {
  const { buffered } = video;
  const held = Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
  return { at: video.currentTime, held };
}

const first = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
const describe = await start(player, video, { note, remember: (text) => report.notes.push([wall(performance.now()), text]) });
await first;
video.requestVideoFrameCallback(onFrame);
setInterval(watchStalls, 20);
setInterval(sampleQuality, 250);
const named = `name=${encodeURIComponent(name)}`;
await fetch(`/showing?${named}`, { method: "POST" });
await fetch("/stop");
watchStalls();
if (stalledSince !== undefined) report.stalls.push({ at: wall(stalledSince), ms: Math.round(performance.now() - stalledSince) });
sampleQuality();
report.about = { agent: navigator.userAgent, ...describe() };
await fetch(`/report?${named}`, { method: "POST", body: JSON.stringify(report) });
