// Runs the console's live page through what goes wrong at a show: no camera is left, the server loses its power.
//
//   node trouble.mjs URL TOKEN EVENT
//
// The event has two cameras that are live, and a blue slate. On standard output what is to happen: `lose`, `publish` (all
// cameras), `restart` (the server goes), `start` (it is back), `end`, at last `done JSON`. The page is loaded once.
import assert from "node:assert/strict";
import { check } from "./accessible.mjs";
import { AWAY, openPage, say, withBrowser } from "./stage.mjs";

const [url, token, event] = process.argv.slice(2);

await withBrowser(async (browser) => {
  const { page, faults } = await openPage(browser, { own: url, expected: AWAY });
  await openLive(page);
  await page.evaluate(() => {
    window.sameDocument = true;
  });
  await programme(page, ["red", "green"]);
  say("lose");
  await page.getByRole("alert").getByText("No camera left.").waitFor({ state: "attached" });
  await page.locator("footer").getByText("Viewers see the slate").waitFor();
  await programme(page, ["blue"]);
  await check(page, "while viewers see the slate");
  await lookIn(browser);
  say("publish");
  await page.locator('li[data-state="on-air"]').waitFor();
  await page.locator("footer").getByText("Viewers see the slate").waitFor({ state: "detached" });
  await programme(page, ["red", "green"]);
  await saveData(browser);
  await restart(page);
  await endOfTheShow(browser, page);
  assert.ok(await page.evaluate(() => window.sameDocument), "the page was not loaded again");
  assert.deepEqual(faults, []);
  say("done {}");
});

async function openLive(page) {
  await page.addInitScript((secret) => sessionStorage.setItem("genlock.token", secret), token);
  await page.goto(`${url}/events/${event}/live`);
}

/** Whoever comes while the slate is on sees it, too. */
async function lookIn(browser) {
  const { page, faults } = await openPage(browser, { own: url });
  await openLive(page);
  await programme(page, ["blue"]);
  await page.getByText("Starts soon").waitFor({ state: "detached" });
  assert.deepEqual(faults, []);
  await page.close();
}

/** Who has asked their browser to save data gets key frames, and is told so. */
async function saveData(browser) {
  const { page, faults } = await openPage(browser, { own: url });
  await page.addInitScript(() => Object.defineProperty(navigator.connection, "saveData", { get: () => true }));
  await openLive(page);
  for (const place of [0, 1]) await page.locator("li[data-camera]").nth(place).getByText("SAVING DATA").waitFor();
  await programme(page, ["red", "green"]);
  await check(page, "where data is saved");
  assert.deepEqual(faults, []);
  await page.close();
}

/** The phone at a camera is told that it is over. */
async function endOfTheShow(browser, live) {
  const camera = await live.locator("li[data-camera]").first().getAttribute("data-camera");
  const made = await live.request.post(`${url}/api/events/${event}/tokens`, {
    headers: { authorization: `Bearer ${token}` },
    data: { role: "viewer", camera, expires_in: 600 },
  });
  const { page, faults } = await openPage(browser, { size: [390, 844], own: url });
  await page.goto(`${url}/tally#${event}/${camera}/${(await made.json()).token}`);
  await page.locator('[data-light="on-air"], [data-light="off-air"]').waitFor();
  say("end");
  await page.getByText("IT HAS ENDED").waitFor();
  await check(page, "on a tally page of an event that has ended");
  assert.deepEqual(faults, []);
  await page.close();
}

async function restart(page) {
  say("restart");
  const line = page.locator("footer");
  const lost = line.getByText(/Lost the server .* ago\. The show goes on there\. Reconnecting…/);
  await lost.waitFor();
  await page.locator("[data-take]").getByText("Not connected").waitFor();
  await check(page, "while the server is away");
  say("start");
  await line.getByText(/Back\. /).waitFor();
  await lost.waitFor({ state: "detached" });
  await page.locator('li[data-state="on-air"]').waitFor();
  // Pictures move again, and so do takes.
  await page.evaluate(lookAtTheEdge);
  await page.waitForFunction((then) => window.edge() !== then, await page.evaluate(() => window.edge()));
  const on = await page.locator('li[data-state="on-air"]').getAttribute("data-camera");
  const other = page.locator(`li[data-camera]:not([data-camera="${on}"])`);
  await page.waitForFunction(
    (camera) => document.querySelector(`li[data-camera]:not([data-camera="${camera}"])`)?.dataset.state === "live",
    on,
  );
  await other.locator("button").first().click();
  await page.waitForFunction(
    (camera) => document.querySelector(`li[data-camera="${camera}"]`)?.dataset.state !== "on-air",
    on,
  );
  await page.locator('li[data-state="on-air"]').waitFor();
}

/** Waits until the programme's monitor shows one of these colours. */
async function programme(page, wanted) {
  await page.waitForFunction((colours) => {
    const shown = document.querySelector('section[aria-label="Programme"] canvas');
    if (!shown?.width) return false;
    const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    context.drawImage(shown, shown.width / 2, shown.height / 2, 1, 1, 0, 0, 1, 1);
    const bright = [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((channel) => channel > 120);
    return colours.includes({ "true,false,false": "red", "false,true,false": "green", "false,false,true": "blue" }[bright.join()]);
  }, wanted);
}

/** Runs in the page: `edge()` tells the upper edge of the first camera's picture, where a bar moves. */
function lookAtTheEdge() {
  const context = Object.assign(document.createElement("canvas"), { width: 64, height: 1 }).getContext("2d");
  window.edge = () => {
    const shown = document.querySelector("li[data-camera] canvas");
    if (!shown?.width) return "";
    context.drawImage(shown, 0, 0, shown.width, 1, 0, 0, 64, 1);
    return [...context.getImageData(0, 0, 64, 1).data].join();
  };
}
