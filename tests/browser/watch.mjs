// Opens a viewer page in headless Chromium and reports, as one JSON object on standard output, what a viewer
// would have noticed: which camera colours were on screen and when, and every stall.
//
//   node watch.mjs URL [SCREENSHOT]
//
// Prints `watching` on standard error at the first picture (exit code 1 when there is none within 30 s), then
// `shown FRAMES RED GREEN BLUE` every ten pictures, and watches until standard input ends.
import { withBrowser } from "./stage.mjs";

const [url, screenshot] = process.argv.slice(2);
const FIRST_PICTURE_MS = 30_000;

await withBrowser(async (browser) => {
  // Servers under test sign their own certificates.
  const page = await browser.newPage({
    viewport: { width: 640, height: 360 },
    ignoreHTTPSErrors: true,
  });
  await page.exposeFunction("tellShown", (...shown) => process.stderr.write(`shown ${shown.join(" ")}\n`));
  const console_ = [];
  page.on("console", (message) => message.type() === "error" && console_.push(message.text()));
  page.on("pageerror", (error) => console_.push(String(error)));
  await page.goto(url);
  await page.waitForFunction(
    () => (document.querySelector("video")?.currentTime ?? 0) > 0,
    undefined,
    { timeout: FIRST_PICTURE_MS },
  );
  const report = await page.evaluateHandle(observe);
  process.stderr.write("watching\n");
  await new Promise((resolve) => process.stdin.on("end", resolve).resume());
  const seen = await report.evaluate((collect) => collect());
  if (screenshot) await page.screenshot({ path: screenshot });
  process.stdout.write(JSON.stringify({ ...seen, console: console_ }));
}, "--autoplay-policy=no-user-gesture-required");

/** Runs in the page: looks at every presented frame. Returns what gives the report when it is called. */
function observe() {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pixels = canvas.getContext("2d", { willReadFrequently: true });
  const colours = [];
  const stalls = [];
  const hlsErrors = [];
  let stalledSince;
  let frames = 0;
  let backwards = 0;
  let lastMediaTime = -1;

  video.hls?.on("hlsError", (_event, data) =>
    hlsErrors.push({ at: performance.now(), details: data.details, fatal: data.fatal }),
  );
  // A stall is time in which the picture stood still although the player wanted to play.
  const watchdog = setInterval(() => {
    const stuck = !video.paused && video.readyState < 3;
    if (stuck && stalledSince === undefined) stalledSince = performance.now();
    if (!stuck && stalledSince !== undefined) {
      stalls.push({ at: stalledSince, ms: performance.now() - stalledSince });
      stalledSince = undefined;
    }
  }, 20);

  const onFrame = (now, frame) => {
    frames += 1;
    if (frame.mediaTime < lastMediaTime) backwards += 1;
    lastMediaTime = frame.mediaTime;
    // One point in the middle of the picture, where the test cameras show their colour.
    pixels.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
    const [red, green, blue] = pixels.getImageData(0, 0, 1, 1).data;
    const last = colours.at(-1);
    if (!last || Math.abs(last.red - red) + Math.abs(last.green - green) + Math.abs(last.blue - blue) > 90) {
      colours.push({ at: now, red, green, blue, width: video.videoWidth });
    }
    if (frames % 10 === 0) void window.tellShown(frames, red, green, blue);
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);

  return () => {
    clearInterval(watchdog);
    if (stalledSince !== undefined) stalls.push({ at: stalledSince, ms: performance.now() - stalledSince });
    return {
      frames,
      backwards,
      dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
      currentTime: video.currentTime,
      latency: video.hls?.latency,
      colours,
      stalls,
      hlsErrors,
    };
  };
}
