// Watches a show on the viewer's page in headless Chromium, from before its start to after its end, without ever loading
// the page again.
//
//   node viewer.mjs URL EVENT
//
// Talks with the test, one line each way. On standard output what is to happen to the show: `publish`, `restart`, `pause`,
// `resume`, `end`; at last `done JSON`. Fails with an assertion on standard error.
import assert from "node:assert/strict";
import { check } from "./accessible.mjs";
import { AWAY, openPage, say, withBrowser } from "./stage.mjs";

const [url, event] = process.argv.slice(2);
/** A programme that has not begun, and a server that is away. */
const EXPECTED = new RegExp(`status of 404|${AWAY.source}`);

/** How often a stall is looked at before it counts: a machine that has no time for a browser stalls at random. */
const ATTEMPTS = 3;
/** A cut costs no picture. */
const CUT_STALL_MAX_MS = 100;
/** A camera that is lost is missed for 0.9 s and followed by the next one's key frame, a second later at most: more than a page holds. */
const LOSS_STALL_MAX_MS = 1_000;

await withBrowser(async (browser) => {
  const open = () => openPage(browser, { size: [640, 360], own: url, expected: EXPECTED });
  const { page, faults } = await open();
  await page.goto(`${url}/watch/${event}`);
  await page.evaluate(() => {
    window.sameDocument = true;
  });
  await page.getByText("Starts soon.").waitFor();
  await page.locator("img.poster").evaluate((poster) => poster.decode());
  await check(page, "before the start");
  say("publish");
  await plays(page);
  const started = await startTime(await open());
  await controls(page);
  const angle = await angles(page);
  const stalls = await switched(page);
  await withoutCameras(page);
  say("restart");
  // What is held plays on; then the page says what is wrong, and comes back by itself.
  await page.getByText("Connection lost. Trying again…").waitFor();
  await check(page, "while the server is away");
  say("start");
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
  const { at, of } = await page.evaluate(() => {
    const { currentTime, duration } = document.querySelector("video");
    return { at: currentTime, of: duration };
  });
  assert.ok(at < of / 2, `the recording begins at its begin: at ${at} of ${of} s`);
  assert.ok(await page.evaluate(() => window.sameDocument), "it is the page that was opened first");
  assert.deepEqual(faults, []);
  say(`done ${JSON.stringify({ started_ms: started, angle_off_ms: angle, stalls_ms: stalls })}`);
});

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
async function startTime({ page, faults }) {
  await page.goto(`${url}/watch/${event}`);
  const started = await page.evaluate(
    () =>
      new Promise((first) => {
        const shown = () => document.querySelector("video")?.getVideoPlaybackQuality().totalVideoFrames > 0;
        const look = () => (shown() ? first(Math.round(performance.now())) : requestAnimationFrame(look));
        look();
      }),
  );
  assert.deepEqual(faults, []);
  await page.close();
  return started;
}

/** Ten cuts, then the camera on air loses its cable. No word is ever written over the picture. */
async function switched(page) {
  const tries = [];
  while (tries.length < ATTEMPTS) {
    const cuts = await stallsOf(page, async () => {
      for (let cut = 0; cut < 10; cut += 1) {
        const wanted = cut % 2 === 0 ? "green" : "red";
        say(`cut ${wanted}`);
        await shows(page, wanted);
      }
    });
    const loss = await stallsOf(page, async () => {
      say("lose red");
      await shows(page, "green");
    });
    tries.push({ cuts, loss });
    if (Math.max(0, ...cuts) <= CUT_STALL_MAX_MS && Math.max(0, ...loss) <= LOSS_STALL_MAX_MS) return tries;
    say("publish");
  }
  return assert.fail(`stalls in each of ${ATTEMPTS} runs: ${JSON.stringify(tries)}`);
}

/** Lengths of the stalls while `act` goes on, in milliseconds. */
async function stallsOf(page, act) {
  const seen = await page.evaluateHandle(watch);
  await act();
  const { stalls, words } = await seen.evaluate((stop) => stop());
  assert.deepEqual(words, [], "nothing is written over a show that goes on");
  return stalls;
}

/** Nobody is left: the slate, with moving time, and the way back. */
async function withoutCameras(page) {
  say("lose green");
  await shows(page, "blue");
  const at = await page.evaluate(() => document.querySelector("video").currentTime);
  await page.waitForFunction((then) => document.querySelector("video").currentTime > then + 2, at);
  say("publish");
  await page.waitForFunction(colourIs, ["red", "green"]);
}

function shows(page, colour) {
  return page.waitForFunction(colourIs, [colour]);
}

/** Runs in the page: whether the middle of the picture has one of these colours. */
function colourIs(wanted) {
  const video = document.querySelector("video");
  window.pixel ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const context = window.pixel.getContext("2d", { willReadFrequently: true });
  if (video.videoWidth === 0) return false;
  context.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
  const bright = [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((channel) => channel > 120);
  const colour = { "true,false,false": "red", "false,true,false": "green", "false,false,true": "blue" }[bright.join()];
  return wanted.includes(colour);
}

/** Runs in the page: notes every stall, in milliseconds, and every word in front of the picture. Returns what ends it. */
function watch() {
  const video = document.querySelector("video");
  const stalls = [];
  const words = [];
  let since;
  const timer = setInterval(() => {
    const stuck = !video.paused && video.readyState < 3;
    if (stuck) since ??= performance.now();
    else if (since !== undefined) {
      stalls.push(Math.round(performance.now() - since));
      since = undefined;
    }
    const { state } = document.querySelector(".stage").dataset;
    if (state !== "playing" && words.at(-1) !== state) words.push(state);
  }, 20);
  return () => {
    clearInterval(timer);
    return { stalls, words };
  };
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
  await shows(page, "green");
  const off = Math.round((await moment()) - before);
  await page.getByRole("button", { name: "Director’s cut" }).click();
  await page.waitForFunction(() => document.querySelector("video").hls?.url?.includes("/program/"));
  await plays(page);
  return off;
}
