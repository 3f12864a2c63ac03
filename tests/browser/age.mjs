// Opens a viewer's page again and again and tells, as one JSON object on standard output, how long it took to the first
// picture, and by the clock that a test camera has in its picture how late that is on the screen.
//
//   node age.mjs URL TIMES SECONDS
import { withBrowser } from "./stage.mjs";

const [url, times, seconds] = process.argv.slice(2);

await withBrowser(async (browser) => {
  const starts = [];
  let ages = [];
  for (let time = 0; time < Number(times); time += 1) {
    const page = await browser.newPage({ viewport: { width: 640, height: 360 } });
    await page.goto(url);
    starts.push(await page.evaluate(firstPicture));
    if (time + 1 === Number(times)) ages = await page.evaluate(read, Number(seconds) * 1000);
    await page.close();
  }
  process.stdout.write(JSON.stringify({ start_ms: told(starts), age_ms: told(ages) }));
}, "--autoplay-policy=no-user-gesture-required");

function told(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: sorted.at(-1) };
}

/** Runs in the page: from the address to the first picture on the screen, in milliseconds. */
function firstPicture() {
  return new Promise((resolve) => {
    const look = () => {
      const video = document.querySelector("video");
      if (!video) return requestAnimationFrame(look);
      video.requestVideoFrameCallback((now) => resolve(Math.round(now)));
    };
    look();
  });
}

/** Runs in the page: how old each picture is when it is shown. */
function read(forMs) {
  const [CELLS, WRAP] = [28, 2 ** 20];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [CELLS, 1];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const video = document.querySelector("video");
  const ages = [];
  const until = performance.now() + forMs;
  return new Promise((resolve) => {
    const frame = () => {
      context.drawImage(video, 0, video.videoHeight * (1 - 12 / 360), video.videoWidth, 1, 0, 0, CELLS, 1);
      const pixels = context.getImageData(0, 0, CELLS, 1).data;
      let cells = 0;
      for (let cell = 0; cell < CELLS; cell += 1) cells = cells * 2 + (pixels[cell * 4] >= 128 ? 1 : 0);
      const [value, check] = [Math.floor(cells / 64), cells % 64];
      if (((value % 64) ^ check) === 63) ages.push((Date.now() - Math.floor(value / 4) + WRAP * 4) % WRAP);
      if (performance.now() < until) video.requestVideoFrameCallback(frame);
      else resolve(ages);
    };
    video.requestVideoFrameCallback(frame);
  });
}
