// The creator's page: events, cameras, the programme and a button to put each camera on air.
import { Api, ApiError, type Camera, type Event } from "./api";
import { play } from "./player";

const REFRESH_MS = 1000;

const signIn = element<HTMLFormElement>("sign-in");
const message = element<HTMLElement>("message");
const events = element<HTMLElement>("events");
const panel = element<HTMLElement>("event");
let api: Api | undefined;
let shown: { id: string; refresh: number; stop: () => void } | undefined;

submit(signIn, async () => {
  const candidate = new Api(element<HTMLInputElement>("token").value);
  listEvents(candidate, await candidate.events());
  api = candidate;
  signIn.hidden = true;
  events.hidden = false;
});

submit(element<HTMLFormElement>("new-event"), async () => {
  if (!api) return;
  const created = await api.createEvent(element<HTMLInputElement>("event-name").value);
  listEvents(api, await api.events());
  open(api, created);
});

submit(element<HTMLFormElement>("new-camera"), async () => {
  if (!api || !shown) return;
  const camera = await api.createCamera(shown.id, element<HTMLInputElement>("camera-name").value);
  const publish = element<HTMLElement>("publish");
  publish.hidden = false;
  publish.textContent = `Server      ${camera.ingest_url}\nStream key  ${camera.stream_key}\n(the key is shown this once)`;
  await showCameras(api, shown.id);
});

function listEvents(from: Api, list: Event[]): void {
  element("event-list").replaceChildren(
    ...list.map((event) => row(event.name, button("Open", () => open(from, event)))),
  );
}

function open(from: Api, event: Event): void {
  shown?.stop();
  window.clearInterval(shown?.refresh);
  panel.hidden = false;
  element("publish").hidden = true;
  element("event-title").textContent = event.name;
  element<HTMLAnchorElement>("watch-link").href = `/watch/${event.id}`;
  const stop = play(element<HTMLVideoElement>("program"), `/hls/${event.id}/program/index.m3u8`, () => undefined);
  const refresh = window.setInterval(() => void report(() => showCameras(from, event.id)), REFRESH_MS);
  shown = { id: event.id, refresh, stop };
  void report(() => showCameras(from, event.id));
}

async function showCameras(from: Api, event: string): Promise<void> {
  const [cameras, { active_camera_id: active }] = await Promise.all([from.cameras(event), from.event(event)]);
  element("cameras").replaceChildren(...cameras.map((camera) => cameraRow(from, event, camera, active)));
}

function cameraRow(from: Api, event: string, camera: Camera, active?: string | null): HTMLLIElement {
  const onAir = camera.camera_id === active;
  const label = onAir ? "On air" : "Switch";
  const take = button(label, () => void report(() => from.switchTo(event, camera.camera_id)));
  take.disabled = camera.status !== "live" || onAir;
  take.classList.toggle("on-air", onAir);
  return row(`${camera.name} (${camera.status})`, take);
}

function row(text: string, control: HTMLElement): HTMLLIElement {
  const item = document.createElement("li");
  const label = document.createElement("span");
  label.textContent = text;
  item.append(control, label);
  return item;
}

function button(text: string, action: () => void): HTMLButtonElement {
  const control = document.createElement("button");
  control.textContent = text;
  control.addEventListener("click", action);
  return control;
}

function submit(form: HTMLFormElement, action: () => Promise<void>): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void report(action);
  });
}

/** Runs `action` and shows what went wrong, if anything. */
async function report(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
    message.textContent = "";
  } catch (error) {
    const unknownToken = error instanceof ApiError && error.status === 401;
    message.textContent = unknownToken ? "This token is not valid." : String(error);
  }
}

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}
