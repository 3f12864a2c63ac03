// Takes pictures of every page of a show that is on, and puts them into a folder.
//
//   node screenshots.mjs URL TOKEN EVENT FOLDER
//
// Says `end` when the event is to end, at last `done`.
import { PATIENCE_MS, say, withBrowser } from "./stage.mjs";

const [url, token, event, folder] = process.argv.slice(2);
const SIZES = { phone: [390, 844], laptop: [1280, 800], desk: [1920, 1080] };

/** The browser that `play` has. */
let browser;

await withBrowser(async (opened) => {
  browser = opened;
  await signIn();
  for (const [size, colorScheme] of [["phone", "dark"], ["laptop", "dark"], ["desk", "dark"], ["laptop", "light"], ["phone", "light"]]) {
    const page = await open(size, colorScheme);
    await live(page, size, colorScheme);
    for (const place of ["setup", "sound", "automation", "recordings", "log"]) {
      await page.goto(`${url}/events/${event}/${place}`);
      await page.locator("h1, h2").first().waitFor();
      await page.waitForTimeout(1200);
      await shot(page, place, size, colorScheme);
    }
    await page.goto(`${url}/events`);
    await page.getByText("Anna & Ben").waitFor();
    await shot(page, "events", size, colorScheme);
    await page.context().close();
  }
  await connect();
  await tally();
  for (const size of ["phone", "laptop"]) await watch(size);
  say("end");
  await ended();
  say("done {}");
}, "--autoplay-policy=no-user-gesture-required");

async function open(size, colorScheme, signedIn = true) {
  const [width, height] = SIZES[size];
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  if (signedIn) {
    await page.addInitScript((secret) => {
      sessionStorage.setItem("genlock.token", secret);
      localStorage.setItem("genlock.hint", "seen");
    }, token);
  }
  return page;
}

async function shot(page, name, size, colorScheme) {
  await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png` });
}

async function signIn() {
  const page = await open("laptop", "dark", false);
  await page.goto(url);
  await page.getByLabel("Access token").waitFor();
  await shot(page, "sign-in", "laptop", "dark");
  await page.context().close();
}

/** One on air, one in preview, pictures on all. */
async function live(page, size, colorScheme) {
  await page.goto(`${url}/events/${event}/live`);
  await page.waitForFunction(() => document.querySelectorAll("li[data-camera] canvas, li[data-camera] img").length >= 3);
  await page.locator('li[data-state="on-air"]').waitFor();
  await page.locator('li[data-state="live"]').first().locator("button").first().click({ button: "right" });
  await page.locator('li[data-state="preview"]').waitFor();
  await page.mouse.move(0, 0);
  await page.waitForTimeout(2500);
  await shot(page, "live", size, colorScheme);
}

/** How a camera is connected, and the link to its tally page. */
async function connect() {
  const page = await open("laptop", "dark");
  await page.goto(`${url}/events/${event}/setup`);
  await page.getByRole("button", { name: "Add camera" }).click();
  await page.getByRole("button", { name: "Add camera" }).click();
  await page.getByText("Waiting for pictures…").waitFor();
  await shot(page, "connect", "laptop", "dark");
  await page.getByRole("tab", { name: "Phone" }).click();
  await shot(page, "connect-phone", "laptop", "dark");
  await page.context().close();
}

async function tally() {
  const page = await open("laptop", "dark");
  await page.goto(`${url}/events/${event}/setup`);
  await page.getByRole("region", { name: "Altar" }).getByRole("button", { name: "Tally" }).click();
  const link = await page.getByRole("textbox", { name: "Tally page" }).inputValue();
  await shot(page, "tally-link", "laptop", "dark");
  const phone = await open("phone", "dark", false);
  await phone.goto(link);
  await page.goto(`${url}/events/${event}/live`);
  await page.getByRole("button", { name: /^2, Aisle/ }).click();
  await phone.locator('[data-light="off-air"], [data-light="preview"]').waitFor();
  await page.getByRole("button", { name: /^1, Altar/ }).click({ button: "right" });
  await phone.locator('[data-light="preview"]').waitFor();
  await shot(phone, "tally-preview", "phone", "dark");
  await page.getByRole("button", { name: "TAKE Altar" }).click();
  await phone.locator('[data-light="on-air"]').waitFor();
  await shot(phone, "tally-on-air", "phone", "dark");
  await phone.context().close();
  await page.context().close();
}

async function watch(size) {
  const page = await open(size, "dark", false);
  await page.goto(`${url}/watch/${event}`);
  await page.waitForFunction(() => document.querySelector("video")?.currentTime > 0.5);
  await page.mouse.move(200, 200);
  await shot(page, "watch", size, "dark");
  await page.getByRole("button", { name: "More" }).click();
  await page.waitForTimeout(1500);
  await shot(page, "watch-more", size, "dark");
  await page.context().close();
}

async function ended() {
  const page = await open("laptop", "dark", false);
  await page.goto(`${url}/watch/${event}`);
  await page.getByText("It has ended.").waitFor();
  await page.waitForTimeout(500);
  await shot(page, "ended", "laptop", "dark");
  await page.getByRole("button", { name: "Watch the recording" }).click();
  await page.waitForFunction(() => document.querySelector("video")?.currentTime > 0.5);
  await shot(page, "recording", "laptop", "dark");
  await page.context().close();
}
