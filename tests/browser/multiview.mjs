// Opens the console's live page and tells, as one JSON object on standard output, how old the pictures are that it shows:
// by the clock that test cameras have in their pictures; and how loud its meters say that the cameras are.
//
//   node multiview.mjs URL TOKEN EVENT RUNG CAMERAS SECONDS
//
// RUNG is what the page is to use: `webcodecs` (as on localhost), `mse` (as on plain http in a network), `stills` (as in a
// browser that has neither).
import { openPage, withBrowser } from "./stage.mjs";

const [url, token, event, rung, cameras, seconds] = process.argv.slice(2);
// The name of another computer, as far as the browser knows: no secure context, and so no WebCodecs.
const PLAIN_HOST = "genlock.test";

await withBrowser(async (browser) => {
  const base = new URL(url);
  base.hostname = rung === "webcodecs" ? "localhost" : PLAIN_HOST;
  const { page, faults } = await openPage(browser, { own: base.origin });
  await page.addInitScript(
    ([secret, without]) => {
      sessionStorage.setItem("genlock.token", secret);
      for (const name of without) delete globalThis[name];
    },
    [token, rung === "stills" ? ["MediaSource", "ManagedMediaSource"] : []],
  );
  await page.goto(new URL(`/events/${event}/live`, base).href);
  await page.waitForFunction(
    ([wanted, count]) => {
      const hosts = [...document.querySelectorAll(`li .camera-picture[data-rung="${wanted}"]`)];
      return hosts.filter((host) => host.querySelector("canvas, img")).length >= count;
    },
    [rung, Number(cameras)],
  );
  const report = await page.evaluate(read, Number(seconds) * 1000);
  process.stdout.write(JSON.stringify({ ...report, faults }));
}, `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`);

/** Runs in the page: reads every tile's clock at each of its frames. */
async function read(forMs) {
  const CELLS = 28;
  const WRAP = 2 ** 20;
  const scratch = document.createElement("canvas");
  [scratch.width, scratch.height] = [CELLS, 1];
  const context = scratch.getContext("2d", { willReadFrequently: true });
  const seen = new Map();
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    for (const tile of document.querySelectorAll("li[data-camera]")) {
      const shown = tile.querySelector(".camera-picture > *");
      const [width, height] = [shown?.naturalWidth ?? shown?.width ?? 0, shown?.naturalHeight ?? shown?.height ?? 0];
      if (!width || !height) continue;
      // The middle of the strip, a line high; it is 24 of 360 lines.
      context.drawImage(shown, 0, height * (1 - 12 / 360), width, 1, 0, 0, CELLS, 1);
      const pixels = context.getImageData(0, 0, CELLS, 1).data;
      let cells = 0;
      for (let cell = 0; cell < CELLS; cell += 1) cells = cells * 2 + (pixels[cell * 4] >= 128 ? 1 : 0);
      const [value, check] = [Math.floor(cells / 64), cells % 64];
      if (((value % 64) ^ check) !== 63) continue;
      const painted = Math.floor(value / 4);
      const known = seen.get(tile.dataset.camera) ?? { last: -1, ages: [] };
      seen.set(tile.dataset.camera, known);
      if (painted === known.last) continue;
      known.last = painted;
      known.ages.push((Date.now() - painted + WRAP * 4) % WRAP);
    }
    await new Promise((next) => requestAnimationFrame(next));
  }
  const tiles = [...seen].map(([camera, { ages }]) => {
    const sorted = [...ages].sort((a, b) => a - b);
    const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
    const meter = document.querySelector(`li[data-camera="${camera}"] [role="meter"]`);
    const level_db = meter?.dataset.known === "true" ? Number(meter.getAttribute("aria-valuenow")) : null;
    return { pictures: ages.length, p50_ms: at(0.5), p95_ms: at(0.95), max_ms: sorted.at(-1), level_db };
  });
  return { tiles };
}
