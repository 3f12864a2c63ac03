// Watches a signed event by hls.js in headless Chromium, past the end of its link.
//
//   node signed.mjs SERVER WATCH_URL PREFIX
//
// Talks with the test: says `plays` when pictures move, and then waits for the link to end; says `over` when the page
// tells so, and takes another link as a line on standard input; at last `done JSON`. Every request for media must begin
// with PREFIX, until the next link comes. Fails with an assertion on standard error.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { openPage, say, withBrowser } from "./stage.mjs";

const [server, url, prefix] = process.argv.slice(2);
/** Longer than the link. */
const PATIENCE_MS = 60_000;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

await withBrowser(async (browser) => {
  // A link that has ended is told to the page's console, too.
  const { page, faults } = await openPage(browser, { size: [640, 360], own: server, expected: /status of 403/ });
  page.setDefaultTimeout(PATIENCE_MS);
  let media = [];
  page.on("response", (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.includes("/hls/")) media.push({ pathname, status: response.status() });
  });
  await page.goto(url);
  await plays(page);
  assert.ok(await page.evaluate(() => document.querySelector("video").hls), "it plays by hls.js");
  say("plays");
  await page.getByText("This link has expired. Ask for a new one.").waitFor();
  const ended = media;
  const before = ended.findIndex(({ status }) => status === 403);
  assert.ok(before > 0, `nothing was refused: ${JSON.stringify(ended.slice(-5))}`);
  const strangers = ended.filter(({ pathname }) => !pathname.startsWith(prefix));
  assert.deepEqual(strangers, [], "every relative address carries the token");
  const kinds = new Set(ended.slice(0, before).map(({ pathname }) => pathname.split(".").at(-1)));
  assert.ok(kinds.has("m3u8") && kinds.size > 1, `playlists and media: ${[...kinds]}`);
  assert.deepEqual(await page.context().cookies(), [], "no cookie is needed");
  say("over");
  const { value: next } = await lines.next();
  media = [];
  await page.goto(next);
  await plays(page);
  assert.ok(media.every(({ status }) => status === 200), JSON.stringify(media));
  assert.deepEqual(faults, []);
  say(`done ${JSON.stringify({ answers: ended.length, before_403: before, after: ended.length - before })}`);
});

/** Waits until pictures move. */
async function plays(page) {
  await page.waitForFunction(() => document.querySelector("video")?.currentTime > 0);
  const before = await page.evaluate(() => document.querySelector("video").currentTime);
  await page.waitForFunction((then) => document.querySelector("video").currentTime > then + 1, before);
}
