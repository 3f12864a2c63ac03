// Runs a first show in the console in headless Chromium, by what a person sees and nothing else: signs in, makes an
// event, connects three cameras, switches by click, key and TAKE, undoes, locks, loses the camera on air.
//
//   node console.mjs URL TOKEN
//
// Every page is looked at by axe, in the dark and in the light, and must not be wider than a phone of 360 pixels.
//
// Talks with the test, one line each way. On standard output: `publish N URL` (start a camera), `kill N` (pull its
// plug), at last `done JSON`. Fails with an assertion on standard error.
import assert from "node:assert/strict";
import { check } from "./accessible.mjs";
import { openPage, PATIENCE_MS, say, withBrowser } from "./stage.mjs";

const [url, token] = process.argv.slice(2);
const HOSTILE = `Anna <img src=x onerror="document.title='owned'"> & Ben \u202e`;
/** Refused sign-ins and takes are answers that the page handles. */
const REFUSALS = /the server responded with a status of (401|409|422)/;

await withBrowser(async (browser) => {
  const { page, faults } = await openPage(browser, { own: url, expected: REFUSALS });
  await signIn(page);
  await makeEvent(page);
  const keys = await connectCameras(page);
  const phone = await openTally(browser, page);
  await openLiveControl(page);
  await meters(page);
  const stages = await cutByClick(page);
  await cutByKey(page);
  await armAndTake(page);
  await tallyShows(phone, page);
  await undo(page);
  await lockAndLose(page);
  await comeBack(page, keys);
  await readLog(page);
  await watchRecordings(page);
  await cutAgain(page);
  await everyPage(page);
  await settings(page);
  await manage(page);
  await watchOnly(browser, page);
  await life(page);
  assert.deepEqual(faults, []);
  say(`done ${JSON.stringify({ stages })}`);
});

async function signIn(page) {
  await page.goto(url);
  await page.getByLabel("Access token").waitFor();
  await check(page, "at the sign-in");
  await page.getByLabel("Access token").fill("not-the-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("That token is not right.").waitFor();
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function makeEvent(page) {
  await page.getByText("No events yet.").waitFor();
  await check(page, "without events");
  await page.getByRole("button", { name: "Make an event" }).click();
  await page.getByLabel("What is it called?").fill(HOSTILE);
  await page.getByRole("button", { name: "Make event" }).click();
  await page.getByRole("heading", { name: "Add your first camera" }).waitFor();
  assert.equal(await page.locator("img[src=x]").count(), 0, "a name is text");
}

/** Adds three cameras; returns where each publishes. */
async function connectCameras(page) {
  const publish = [];
  for (const number of [1, 2, 3]) {
    if (number > 1) await page.getByRole("button", { name: "Add camera" }).click();
    const name = page.getByLabel("Name of the camera");
    assert.equal(await name.inputValue(), `Camera ${number}`);
    await page.getByRole("button", { name: "Add camera" }).click();
    const panel = page.getByRole("region", { name: `Connect Camera ${number}` });
    const server = await panel.getByRole("textbox", { name: "Server" }).inputValue();
    const key = await panel.getByRole("textbox", { name: "Key" }).inputValue();
    await panel.getByText("Waiting for pictures…").waitFor();
    if (number === 1) await check(page, "while a camera is connected");
    publish.push(`${server}/${key}`);
    say(`publish ${number} ${server}/${key}`);
    await panel.getByText("Connected.").waitFor();
    await panel.locator("img, canvas, video").first().waitFor();
    await panel.getByRole("button", { name: "Close, and forget the key" }).click();
    assert.ok(!(await page.content()).includes(key), "the key is gone with its panel");
  }
  await page.getByText("3 cameras are live.").waitFor();
  await page.getByText("Event settings").click();
  await page.getByLabel("Only people with a signed link may watch").click();
  await page.getByRole("checkbox", { name: "Only people with a signed link", checked: true }).waitFor();
  return publish;
}

async function openLiveControl(page) {
  await page.getByRole("link", { name: "Open live control" }).click();
  await page.getByText("Viewers see “Starts soon”.").waitFor();
  await page.getByRole("button", { name: "Start event" }).click();
  // Whichever has the next key frame is first.
  await page.locator('li[data-state="on-air"]').waitFor();
  if ((await states(page))[0] !== "on-air") await tile(page, 1).click();
  await onAir(page, 1);
  await page.locator('[data-take="idle"]').waitFor();
  const programme = page.getByRole("region", { name: "Programme" });
  await programme.locator("canvas").waitFor();
  // The event is watched by signed paths only, and the console has one.
  await programme.getByRole("button", { name: "Viewers’ picture" }).click();
  await page.waitForFunction(() => (document.querySelector("video")?.currentTime ?? 0) > 0);
  await programme.getByRole("button", { name: "Viewers’ picture" }).click();
}

/** Every camera has a tone; each meter and the programme's show it, in figures too. */
async function meters(page) {
  for (const of of ["Camera 1", "Camera 2", "Camera 3", "the programme"]) {
    const meter = page.getByRole("meter", { name: `Sound of ${of}` });
    await page.waitForFunction(
      (name) => {
        const [shown] = [...document.querySelectorAll('[role="meter"]')].filter(
          (each) => each.getAttribute("aria-label") === name,
        );
        // ffmpeg's `sine` is an eighth of full scale, 3 dB less on each of two channels.
        return shown && Math.abs(Number(shown.getAttribute("aria-valuenow")) + 21) <= 3;
      },
      `Sound of ${of}`,
    );
    assert.match(await meter.getAttribute("aria-valuetext"), /^\u2212\d+\u202fdB$/);
  }
}

async function cutByClick(page) {
  const stages = await page.evaluateHandle(() => {
    const take = document.querySelector("[data-take]");
    const seen = [{ stage: take.dataset.take, at: performance.now() }];
    new MutationObserver(() => {
      if (seen.at(-1).stage !== take.dataset.take) seen.push({ stage: take.dataset.take, at: performance.now() });
    }).observe(take, { attributes: true });
    return seen;
  });
  await tile(page, 2).click();
  await onAir(page, 2);
  await page.locator('[data-take="idle"]').waitFor();
  const seen = await stages.jsonValue();
  const names = seen.map((each) => each.stage);
  assert.deepEqual(names, ["idle", "pressed", "accepted", "committed", "published", "idle"], "the three stages in order");
  await activeIs(page, "Camera 2");
  return seen.map(({ stage, at }) => ({ stage, ms: Math.round(at - seen[1].at) }));
}

/** The digit by its place: on a French keyboard it is no digit at all. */
async function cutByKey(page) {
  await page.evaluate(() =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", { code: "Digit3", key: '"', bubbles: true })),
  );
  await onAir(page, 3);
  await activeIs(page, "Camera 3");
}

async function armAndTake(page) {
  await tile(page, 1).click({ button: "right" });
  await page.locator('li[data-state="preview"]').first().waitFor();
  await tileState(page, 1, "preview");
  await page.locator("[data-forecast]").getByText(/^Cuts (now|in|at)/).waitFor();
  await page.getByRole("button", { name: "TAKE Camera 1" }).waitFor();
  await page.keyboard.press("Enter");
  await onAir(page, 1);
  // What was on air is in preview now, ready for the way back.
  await tileState(page, 3, "preview");
}

/** A clean cut that is far enough away to be withdrawn: nobody has seen anything of it. */
async function undo(page) {
  await page.getByLabel("How to cut").selectOption("clean");
  await page.locator("body").click({ position: { x: 640, y: 790 } });
  for (let attempt = 1; ; attempt += 1) {
    await page.waitForFunction(() => {
      const ring = document.querySelectorAll("[data-camera]")[1].querySelector("b");
      return parseFloat(ring.textContent) > 0.9;
    }, undefined, { polling: 20 });
    await page.keyboard.press("Digit2");
    await page.getByRole("button", { name: "Undo cut to Camera 2" }).waitFor();
    await page.keyboard.press("KeyZ");
    await page.getByRole("button", { name: "Back to Camera" }).waitFor();
    if ((await states(page))[0] === "on-air") break;
    // A busy machine took longer than the keyframe; then Z was the way back, as it says.
    assert.ok(attempt < 5, "no cut could be withdrawn in time");
    await page.keyboard.press("Digit1");
    await onAir(page, 1);
  }
  await activeIs(page, "Camera 1");
}

async function lockAndLose(page) {
  await page.keyboard.press("KeyL");
  await page.getByText("LOCKED").waitFor();
  say("kill 1");
  await page.locator('li[data-state="holding"]').waitFor();
  await activeIs(page, "Camera 1");
  await page.keyboard.press("KeyL");
  await page.getByRole("alert").getByText("Camera 1 lost. Switched to Camera").waitFor({ state: "attached" });
  await tileState(page, 1, "offline");
}

async function comeBack(page, publish) {
  const before = await page.locator('li[data-state="on-air"]').getAttribute("data-camera");
  say(`publish 1 ${publish[0]}`);
  await page.waitForFunction(() => {
    const state = document.querySelector("[data-camera]").dataset.state;
    return state === "live" || state === "preview";
  });
  assert.equal(await page.locator('li[data-state="on-air"]').getAttribute("data-camera"), before, "the hand decides");
}

async function readLog(page) {
  await page.getByRole("link", { name: "Log" }).click();
  await page.getByRole("row").filter({ hasText: "camera lost" }).waitFor();
  await page.getByRole("row").filter({ hasText: "undone" }).first().waitFor();
}

/** The link for the phone at the second camera, opened as the phone does: without anybody's token. */
async function openTally(browser, page) {
  await page.getByRole("region", { name: "Camera 2" }).getByRole("button", { name: "Tally" }).click();
  const link = await page.getByRole("textbox", { name: "Tally page" }).inputValue();
  await page.getByRole("img", { name: "QR code with the link" }).waitFor();
  await check(page, "with the link to a tally page");
  await page.getByRole("button", { name: "Close" }).click();
  const phone = await openPage(browser, { size: [390, 844], own: url });
  await phone.page.goto(link);
  await phone.page.getByText("OFF AIR").waitFor();
  // A secure context by its name: the screen stays on.
  assert.equal(await phone.page.getByText("The screen may go dark").count(), 0, "the page has a wake lock");
  return phone;
}

/** Green in preview, red on air, off when the next one is; it says so in words. */
async function tallyShows({ page: phone, faults }, page) {
  const light = async (wanted, word) => {
    await phone.locator(`[data-light="${wanted}"]`).waitFor();
    await phone.getByText(word, { exact: true }).waitFor();
    await check(phone, `on a tally page that says ${word}`);
  };
  await tile(page, 2).click({ button: "right" });
  await light("preview", "STAND BY");
  await page.getByRole("button", { name: "TAKE Camera 2" }).click();
  await light("on-air", "ON AIR");
  await tile(page, 1).click();
  await onAir(page, 1);
  await light("preview", "STAND BY");
  await tile(page, 3).click({ button: "right" });
  await light("off-air", "OFF AIR");
  assert.deepEqual(faults, []);
  await phone.close();
}

async function watchRecordings(page) {
  await page.getByRole("link", { name: "Recordings" }).click();
  const programme = page.locator('[data-recording$="-program"]');
  await programme.getByText("RECORDING").waitFor();
  await check(page, "with recordings");
  await programme.getByRole("button", { name: "Play", exact: true }).click();
  await plays(page);
  await page.getByRole("button", { name: "Close" }).click();
  await programme.getByRole("button", { name: "Clip…" }).click();
  await page.getByLabel("From").fill("0:02");
  await page.getByLabel("To", { exact: true }).fill("0:06");
  await page.getByRole("button", { name: "Make the clip" }).click();
  await check(page, "with a clip");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download the clip" }).click(),
  ]);
  assert.match(file.suggestedFilename(), /-program.*\.mp4$/);
  assert.equal(await file.failure(), null);
  await page.getByRole("button", { name: "Close" }).click();
  const [list] = await Promise.all([
    page.waitForEvent("download"),
    programme.getByLabel("Edit list").selectOption("otio"),
  ]);
  assert.match(list.suggestedFilename(), /\.otio$/);
}

/** Waits until the player in the dialog does, which begins by itself where the browser lets it. */
function plays(page) {
  return page.waitForFunction(() => {
    const video = document.querySelector("dialog video");
    if (video?.paused && video.readyState > 2) void video.play().catch(() => undefined);
    return video?.currentTime > 0.2;
  });
}

/** Another version of the show: later, with another camera in the middle; played, and removed. */
async function cutAgain(page) {
  await page.locator('[data-recording$="-program"]').getByRole("link", { name: "Re-cut…" }).click();
  const clips = page.getByRole("list", { name: "Clips" }).getByRole("listitem");
  await clips.first().waitFor();
  await check(page, "while a show is cut again");
  const count = await clips.count();
  await page.getByLabel("Name of the new version").fill("Highlights");
  await page.getByLabel("Begin of clip 1", { exact: true }).fill("0:02");
  await page.getByLabel("Begin of clip 1", { exact: true }).press("Enter");
  await page.getByLabel("Camera of clip 1", { exact: true }).selectOption("Camera 2");
  while ((await clips.count()) > 2) await page.getByRole("button", { name: "Leave clip 3 out" }).click();
  assert.ok(count >= 2, `the show had cuts: ${count} clips`);
  await page.setViewportSize({ width: 360, height: 740 });
  assert.deepEqual(await page.evaluate(tooWide), [], "a re-cut is wider than a phone");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("button", { name: "Make new version" }).click();
  await page.getByRole("button", { name: "Play it" }).click();
  await plays(page);
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("link", { name: "To the recordings" }).click();
  const made = page.getByRole("listitem").filter({ hasText: "Highlights" });
  await made.getByText("RE-CUT").waitFor();
  await made.getByRole("button", { name: "Remove…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await made.waitFor({ state: "detached" });
}

/** What no page may lack: in the dark, in the light, on the narrowest phone. */
async function everyPage(page) {
  for (const [link, seen] of [
    ["Live", "Programme"],
    ["Set-up", "cameras are live."],
    ["Sound & sync", "Viewers hear"],
    ["Automation", "If the camera on air is lost"],
    ["Recordings", "on the server"],
    ["Log", "Was each cut clean?"],
  ]) {
    await page.getByRole("link", { name: link, exact: true }).first().click();
    await page.getByText(seen).first().waitFor();
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await check(page, `on ${link} in the ${colorScheme}`);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    assert.deepEqual(await page.evaluate(tooWide), [], `${link} is wider than a phone`);
    await check(page, `on ${link} on a phone`);
    await page.setViewportSize({ width: 1280, height: 800 });
  }
}

/** Runs in the page: what makes it wider than the screen. What scrolls within itself does not. */
function tooWide() {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const reaches = (element) => element.getBoundingClientRect().right > clientWidth + 1;
  return [...document.querySelectorAll("body *")].filter(reaches).map((element) => element.outerHTML.slice(0, 120));
}

/** Whose sound is heard, who comes next when a camera is lost, what is shown when none is left. */
async function settings(page) {
  await page.getByRole("link", { name: "Sound & sync" }).click();
  await page.getByLabel("Source of the sound").selectOption("Camera 2");
  await page.getByRole("radio", { name: "One source", checked: true }).waitFor();
  await page.getByRole("radio", { name: "The camera on air" }).click();
  await page.getByRole("radio", { name: "The camera on air", checked: true }).waitFor();
  await page.getByRole("link", { name: "Automation" }).click();
  const order = page.getByRole("listitem").filter({ has: page.getByRole("button", { name: /: earlier$/ }) });
  await order.filter({ hasText: "Camera 3" }).dragTo(order.filter({ hasText: "Camera 1" }));
  await order.first().filter({ hasText: "Camera 3" }).waitFor();
  const wanted = ["Camera 3", "Camera 1", "Camera 2"];
  for (const [place, name] of wanted.entries()) await order.nth(place).getByText(name).waitFor();
  const before = await page.locator("section img").getAttribute("src");
  await page.getByLabel("Upload a picture").setInputFiles({
    name: "slate.png",
    mimeType: "image/png",
    buffer: await page.screenshot(),
  });
  await page.waitForFunction((card) => document.querySelector("section img").src !== card, before);
  await page.getByLabel("Upload a picture").setInputFiles({
    name: "slate.png",
    mimeType: "image/png",
    buffer: Buffer.from("no picture"),
  });
  await page.getByRole("alert").getByText(/picture|PNG/).waitFor();
}

/** A new key, shown once; a publisher that is put out. */
async function manage(page) {
  await page.getByRole("link", { name: "Set-up" }).click();
  const camera = page.getByRole("region", { name: "Camera 3", exact: true });
  await camera.getByRole("button", { name: "Manage" }).click();
  await camera.getByRole("button", { name: "New key…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "New key" }).click();
  const panel = page.getByRole("region", { name: "Connect Camera 3" });
  assert.match(await panel.getByRole("textbox", { name: "Key" }).inputValue(), /^[a-z2-7]{32}$/);
  const [profile] = await Promise.all([
    page.waitForEvent("download"),
    panel.getByRole("button", { name: "Download OBS profile" }).click(),
  ]);
  assert.match(profile.suggestedFilename(), /\.zip$/);
  await panel.getByRole("tab", { name: "Phone" }).click();
  await panel.getByRole("img", { name: /QR/ }).waitFor();
  await panel.getByRole("button", { name: "Close, and forget the key" }).click();
  await camera.getByRole("button", { name: "Disconnect…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
  await camera.getByText("OFFLINE", { exact: true }).waitFor();
}

/** A break, and the end. */
async function life(page) {
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("PAUSED").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("PAUSED").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "End…" }).click();
  await page.getByText(/will see “It has ended.”/).waitFor();
  await check(page, "before the end");
  await page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
  await page.getByText("ENDED", { exact: true }).waitFor();
}

/** A guest who may only look has nothing to press. */
async function watchOnly(browser, page) {
  const event = new URL(page.url()).pathname.split("/")[2];
  const made = await page.request.post(`${url}/api/events/${event}/tokens`, {
    headers: { authorization: `Bearer ${token}` },
    data: { role: "viewer", expires_in: 600 },
  });
  const { page: seen } = await openPage(browser, { own: url });
  await seen.goto(`${url}/events/${event}/live#token=${(await made.json()).token}`);
  await seen.getByText("You are watching.").waitFor();
  assert.equal(await seen.getByRole("button", { name: /TAKE|Undo|Lock|End/ }).count(), 0);
  assert.equal(await seen.getByRole("link", { name: "Set-up" }).count(), 0);
  await check(seen, "for a guest who may only look");
  await seen.close();
}

function tile(page, number) {
  return page.getByRole("button", { name: new RegExp(`^${number}, Camera ${number}`) });
}

function states(page) {
  return page.locator("[data-camera]").evaluateAll((tiles) => tiles.map((each) => each.dataset.state));
}

async function tileState(page, number, state) {
  await page.waitForFunction(
    ([index, wanted]) => document.querySelectorAll("[data-camera]")[index]?.dataset.state === wanted,
    [number - 1, state],
    { timeout: PATIENCE_MS },
  );
}

/** Waits until exactly this camera is on air. */
async function onAir(page, number) {
  await tileState(page, number, "on-air");
  const frames = (await states(page)).filter((state) => state === "on-air" || state === "holding");
  assert.equal(frames.length, 1, "one red frame");
}

/** The API agrees with the screen. */
async function activeIs(page, name) {
  const event = new URL(page.url()).pathname.split("/")[2];
  const response = await page.request.get(`${url}/api/events/${event}/active`, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal((await response.json()).active_camera?.name, name);
}
