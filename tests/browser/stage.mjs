// What every script here begins and ends with: a browser, what must not happen on a page, and words with the test.
import { chromium } from "playwright-core";

/** How long anything may take that a person would wait for: a machine without time is no fault of a page. */
export const PATIENCE_MS = 40_000;

/** One line for the test, which does what it says. */
export const say = (line) => process.stdout.write(`${line}\n`);

/** Runs `play` with a browser. When something is not as it should be, standard error has what the first page showed. */
export async function withBrowser(play, ...more) {
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
      ...more,
    ],
  });
  try {
    await play(browser);
  } catch (error) {
    const shown = browser.contexts()[0]?.pages()[0];
    if (shown) console.error(`the page shows: ${await shown.locator("body").innerText()}`);
    throw error;
  } finally {
    await browser.close();
  }
}

/** A page that waits as long as a person would, and what must not happen on it: errors, breaches of its policy, requests to others. */
export async function openPage(browser, { size = [1280, 800], own, expected = /(?!)/ }) {
  const [width, height] = size;
  const page = await browser.newPage({ viewport: { width, height } });
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !expected.test(message.text())) faults.push(message.text());
  });
  page.on("request", (request) => {
    const asked = request.url();
    const known = asked.startsWith(own) || asked.startsWith(own.replace(/^http/, "ws")) || /^(blob|data):/.test(asked);
    if (!known) faults.push(`request to ${asked}`);
  });
  return { page, faults };
}

/** A server that is away, as a page's console tells it. */
export const AWAY = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|WebSocket connection/;
