// Plays one programme in several browser players at once and reports every picture that was shown.
//
//   node play.mjs PLAYERS
//
// PLAYERS is a JSON array of {name, browser, player, library, src, config}: `browser` is chromium or firefox,
// `player` is hls, shaka or native, `library` names an npm package of this folder, `config` goes to the player.
// Prints `watching` on standard error when every player shows a picture (exit code 1 when one does not within
// 60 s), plays until standard input ends, and prints {name: report} as JSON on standard output.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FIRST_PICTURE_MS = 60_000;
const REPORT_MS = 15_000;

const FILES = {
  "/page.html": ["page.html", "text/html"],
  "/page.js": ["page.js", "text/javascript"],
  "/players.js": ["players.js", "text/javascript"],
  "/hls-1.5.js": ["node_modules/hls-1.5/dist/hls.mjs", "text/javascript"],
  "/hls-1.6.js": ["node_modules/hls-1.6/dist/hls.mjs", "text/javascript"],
  "/hls-1.7.js": ["node_modules/hls-1.7/dist/hls.mjs", "text/javascript"],
  "/shaka-player.js": ["node_modules/shaka-player/dist/shaka-player.compiled.js", "text/javascript"],
};

const players = JSON.parse(process.argv[2]);
const reports = {};
const showing = new Set();
const stopped = new Promise((resolve) => process.stdin.on("end", resolve).resume());
let progress = () => {};

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const name = searchParams.get("name");
  if (pathname === "/showing") {
    showing.add(name);
    response.end();
    progress();
  } else if (pathname === "/stop") {
    await stopped;
    response.end();
  } else if (pathname === "/report") {
    reports[name] = JSON.parse(await text(request));
    response.end();
    progress();
  } else if (FILES[pathname]) {
    const [file, type] = FILES[pathname];
    response.setHeader("content-type", type);
    response.end(await readFile(new URL(file, import.meta.url)));
  } else {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const closers = [];
try {
  const by = (browser) => players.filter((player) => player.browser === browser).map(address);
  if (by("chromium").length > 0) closers.push(await openChromium(by("chromium")));
  for (const url of by("firefox")) closers.push(await openFirefox(url));
  const everybody = until(() => showing.size === players.length, FIRST_PICTURE_MS, "picture", showing);
  await Promise.race([everybody, stopped]);
  process.stderr.write("watching\n");
  await stopped;
  await until(() => Object.keys(reports).length === players.length, REPORT_MS, "report", Object.keys(reports));
  await new Promise((resolve) => process.stdout.write(JSON.stringify(reports), resolve));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  await Promise.all(closers.map((close) => close()));
  server.closeAllConnections();
  server.close();
}

function address(player) {
  const query = new URLSearchParams({ name: player.name, player: JSON.stringify(player) });
  return `http://127.0.0.1:${server.address().port}/page.html?${query}`;
}

/** One browser with a page for each player; headless pages are all visible, so that none is slowed down. */
async function openChromium(urls) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
  for (const url of urls) {
    const page = await browser.newPage({ viewport: { width: 480, height: 270 } });
    page.on("pageerror", (error) => process.stderr.write(`${error}\n`));
    await page.goto(url);
  }
  return () => browser.close();
}

/** One process for each page: a headless Firefox draws the foremost page only. */
async function openFirefox(url) {
  const profile = await mkdtemp(join(tmpdir(), "genlock-firefox-"));
  await writeFile(
    join(profile, "user.js"),
    [
      'user_pref("media.autoplay.default", 0);',
      'user_pref("datareporting.policy.dataSubmissionEnabled", false);',
      'user_pref("app.update.enabled", false);',
      'user_pref("network.captive-portal-service.enabled", false);',
      'user_pref("network.connectivity-service.enabled", false);',
      'user_pref("browser.shell.checkDefaultBrowser", false);',
      "",
    ].join("\n"),
  );
  const command = process.env.FIREFOX ?? "firefox-esr";
  const firefox = spawn(command, ["--headless", "--no-remote", "--profile", profile, url], {
    stdio: "ignore",
    env: { ...process.env, HOME: profile, MOZ_HEADLESS_WIDTH: "480", MOZ_HEADLESS_HEIGHT: "270" },
  });
  const ended = new Promise((resolve) => firefox.on("exit", resolve).on("error", resolve));
  return async () => {
    firefox.kill();
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
}

function until(done, limitMs, what, got) {
  return new Promise((resolve, reject) => {
    const missing = () => players.map((p) => p.name).filter((name) => ![...got].includes(name) && !reports[name]);
    const late = setTimeout(() => reject(new Error(`no ${what} from ${missing().join(", ")}`)), limitMs);
    progress = () => {
      if (!done()) return;
      clearTimeout(late);
      resolve();
    };
    progress();
  });
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
