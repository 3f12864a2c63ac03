// Watches a show on the viewer's page in headless Chromium, from before its start to after its end, without ever loading
// the page again.
//
//   node viewer.mjs URL EVENT
//
// Talks with the test, one line each way. On standard output what is to happen to the show: `publish`, `restart`, `pause`,
// `resume`, `end`; at last `done JSON`. Fails with an assertion on standard error.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { check } from "./accessible.mjs";

const [url, event] = process.argv.slice(2);
const PATIENCE_MS = 40_000;

const say = (line) => process.stdout.write(`${line}\n`);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
const faults = [];

try {
  const page = await open();
  await page.evaluate(() => {
    window.sameDocument = true;
  });
  await page.getByText("Starts soon.").waitFor();
  await page.locator("img.poster").evaluate((poster) => poster.decode());
  await check(page, "before the start");
  say("publish");
  await plays(page);
  const started = await startTime();
  await controls(page);
  const angle = await angles(page);
  say("restart");
  // What is held plays on; then the page says what is wrong, and comes back by itself.
  await page.getByText("Connection lost. Trying again…").waitFor();
  await check(page, "while the server is away");
  await plays(page);
  say("pause");
  await page.getByText("Paused. Back shortly.").waitFor();
  say("resume");
  await page.getByText("Paused. Back shortly.").waitFor({ state: "hidden" });
  await plays(page);
  say("end");
  await page.getByText("It has ended.").waitFor();
  await check(page, "after the end");
  await page.getByRole("button", { name: "Watch the recording" }).click();
  await plays(page);
  assert.ok(await page.evaluate(() => window.sameDocument), "it is the page that was opened first");
  assert.deepEqual(faults, []);
  say(`done ${JSON.stringify({ started_ms: started, angle_off_ms: angle })}`);
} catch (error) {
  const shown = browser.contexts()[0]?.pages()[0];
  if (shown) console.error(`the page shows: ${await shown.locator("body").innerText()}`);
  throw error;
} finally {
  await browser.close();
}

async function open() {
  const page = await browser.newPage({ viewport: { width: 640, height: 360 } });
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // A programme that has not begun, and a server that is away.
    const expected = /status of 404|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE/.test(message.text());
    if (message.type() === "error" && !expected) faults.push(message.text());
  });
  page.on("request", (request) => {
    const own = request.url().startsWith(url) || /^(blob|data):/.test(request.url());
    if (!own) faults.push(`request to ${request.url()}`);
  });
  await page.goto(`${url}/watch/${event}`);
  return page;
}

/** Waits until pictures move, with nothing written over them. */
async function plays(page) {
  const before = await page.evaluate(() => document.querySelector("video").currentTime);
  await page.waitForFunction(
    (then) => {
      const video = document.querySelector("video");
      const moved = video.currentTime !== then && video.currentTime > 0 && !video.paused && video.readyState >= 3;
      return moved && document.querySelector(".stage").dataset.state === "playing";
    },
    before,
  );
}

/** From the address to the first picture, in another page, in milliseconds. */
async function startTime() {
  const page = await open();
  await page.waitForFunction(() => document.querySelector("video")?.currentTime > 0);
  const started = await page.evaluate(
    () =>
      new Promise((first) => {
        const video = document.querySelector("video");
        const shown = () => video.getVideoPlaybackQuality().totalVideoFrames > 0;
        const look = () => (shown() ? first(Math.round(performance.now())) : requestAnimationFrame(look));
        look();
      }),
  );
  await page.close();
  return started;
}

/** Sound, delay, embed code, captions; by pointer and by keys. */
async function controls(page) {
  await page.getByRole("button", { name: "Tap for sound" }).click();
  assert.equal(await page.evaluate(() => document.querySelector("video").muted), false);
  await page.getByRole("button", { name: "More" }).click();
  await page.locator("[data-latency]").getByText(/^\d+\.\d\u202fs behind live$/).waitFor();
  const code = await page.getByLabel("Embed code").inputValue();
  assert.ok(code.includes(`src="${url}/watch/${event}"`), code);
  assert.ok(!code.includes("<Bob>"), code);
  await check(page, "with the controls open");
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("button", { name: "Captions" }).count(), 0, "no captions, no button");
  await page.evaluate(() => document.querySelector("video").addTextTrack("captions", "English", "en"));
  await page.getByRole("button", { name: "Captions" }).click();
  await page.waitForFunction(() => document.querySelector("video").textTracks[0].mode === "showing");
  await page.locator("body").press("KeyK");
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  await page.locator("body").press("KeyK");
  await plays(page);
}

/** Another camera, at the same moment; returns by how much it is another, in milliseconds. */
async function angles(page) {
  const moment = () =>
    page.evaluate(() => document.querySelector("video").hls.playingDate.getTime() - performance.now());
  const before = await moment();
  await page.getByRole("button", { name: "Aisle" }).click();
  await page.waitForFunction(() => document.querySelector("video").hls?.url?.includes("/program/") === false);
  await plays(page);
  const colour = await page.evaluate(() => {
    const video = document.querySelector("video");
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1, 1];
    const context = canvas.getContext("2d");
    context.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  });
  assert.ok(colour[1] > 120 && colour[0] < 120, `the second camera is green: ${colour}`);
  const off = Math.round((await moment()) - before);
  await page.getByRole("button", { name: "Director’s cut" }).click();
  await page.waitForFunction(() => document.querySelector("video").hls?.url?.includes("/program/"));
  await plays(page);
  return off;
}
