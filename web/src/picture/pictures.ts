// The live pictures and levels of an event on this page: which camera is shown where, by which rung, and how well that goes.
//
//   WebCodecs in the worker → Media Source Extensions on the page → stills
import type { Api } from "../api/client";
import { createStore, type StoreApi } from "zustand/vanilla";
import { type Heard, Hearing } from "./hearing";
import { Ladder, type Rung, type Step } from "./ladder";
import { canPlay, mediaSource, MsePlayer } from "./mse";
import type { Config } from "./protocol";
import { Stills } from "./stills";
import type { Answered, Asked, StreamReport } from "./words";

export type RungName = "webcodecs" | "mse" | "stills";

/** How the pictures of a camera are. */
export interface PictureState {
  rung: RungName;
  step: Step;
  /** Why there is less than all of it; `null` where there is not. */
  reason: "busy" | "codec" | "small" | "data" | null;
  codec: string | null;
  /** Since the newest sample came, in milliseconds; `null` where that is not known. */
  silentMs: number | null;
  ageMs: number | null;
}

/** By camera; the programme is "". */
export type PictureStates = Readonly<Record<string, PictureState>>;

/** A picture on the page. */
export interface Shown {
  /** What is important gives way last. */
  setImportant(important: boolean): void;
  stop(): void;
}

interface Place {
  id: number;
  host: HTMLElement;
  important: boolean;
  shown: HTMLElement | null;
  observer: ResizeObserver;
  stopStill: (() => void) | null;
}

interface Stream {
  sub: number;
  camera: string | undefined;
  rung: RungName;
  reason: PictureState["reason"];
  codec: string | null;
  places: Map<number, Place>;
  /** Meters that show its level. */
  meters: number;
  player: MsePlayer | null;
  /** Fallback was tried: what cannot be decoded stays stills. */
  refused: boolean;
}

/** Below this a tile shows sync samples only, in CSS pixels. */
const SMALL_PX = 160;
const LOOK_EVERY_MS = 1_000;
/** A page that nobody sees gives its decoders back after this. */
const HIDDEN_MS = 10_000;

/** Whether whoever looks has asked their browser to save data (Network Information, `saveData`). */
const savesData = (): boolean =>
  (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;

function bestRung(): RungName {
  if (globalThis.isSecureContext && "VideoDecoder" in globalThis && "OffscreenCanvas" in globalThis) return "webcodecs";
  return mediaSource() ? "mse" : "stills";
}

export class Pictures {
  readonly states: StoreApi<PictureStates> = createStore<PictureStates>(() => ({}));
  private readonly stills: Stills;
  private readonly streams = new Map<string, Stream>();
  private readonly ladder = new Ladder();
  private readonly hearing = new Hearing();
  private worker: Worker | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  private reports: readonly StreamReport[] = [];
  private nextSub = 1;
  private nextPlace = 1;

  constructor(
    private readonly api: Api,
    private readonly event: string,
  ) {
    this.stills = new Stills(api, event);
  }

  /** Shows `camera` (the programme where undefined) in `host`. */
  attach(camera: string | undefined, host: HTMLElement): Shown {
    const stream = this.stream(camera);
    const id = this.nextPlace++;
    const observer = new ResizeObserver(() => {
      this.post({ type: "resize", sub: stream.sub, place: id, width: pixels(host) });
      this.subscribe(stream);
    });
    const place: Place = { id, host, important: false, shown: null, observer, stopStill: null };
    stream.places.set(id, place);
    observer.observe(host);
    this.subscribe(stream);
    this.show(stream, place);
    return {
      setImportant: (important) => {
        if (place.important === important) return;
        place.important = important;
        this.subscribe(stream);
      },
      stop: () => {
        observer.disconnect();
        this.clear(stream, place);
        stream.places.delete(id);
        this.release(stream);
      },
    };
  }

  /** Hears how loud `camera` is until the returned function is called. */
  listen(camera: string | undefined): () => void {
    const stream = this.stream(camera);
    stream.meters += 1;
    this.subscribe(stream);
    return () => {
      stream.meters -= 1;
      this.release(stream);
    };
  }

  /** How loud `camera` was last; `null` where nothing was heard. */
  level(camera: string | undefined): Heard | null {
    const stream = this.streams.get(camera ?? "");
    return stream ? this.hearing.level(stream.sub) : null;
  }

  /** Ends everything. */
  stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.hiddenTimer);
    document.removeEventListener("visibilitychange", this.visibility);
    this.post({ type: "close" });
    this.worker = null;
  }

  private stream(camera: string | undefined): Stream {
    const key = camera ?? "";
    return this.streams.get(key) ?? this.begin(key, camera);
  }

  private begin(key: string, camera: string | undefined): Stream {
    this.start();
    const stream: Stream = {
      sub: this.nextSub++,
      camera,
      rung: this.worker ? bestRung() : "stills",
      reason: null,
      codec: null,
      places: new Map(),
      meters: 0,
      player: null,
      refused: false,
    };
    this.streams.set(key, stream);
    return stream;
  }

  /** Ends what nobody sees or hears any more. */
  private release(stream: Stream): void {
    const key = stream.camera ?? "";
    if (stream.places.size === 0) this.states.setState(({ [key]: _gone, ...rest }) => rest, true);
    if (stream.places.size > 0 || stream.meters > 0) return this.subscribe(stream);
    this.streams.delete(key);
    this.end(stream);
  }

  private end(stream: Stream): void {
    this.hearing.forget(stream.sub);
    stream.player?.stop();
    stream.player = null;
    this.post({ type: "unsubscribe", sub: stream.sub });
    this.ladder.forget(stream.sub);
  }

  /** Starts the worker with the first stream, where a rung needs it. */
  private start(): void {
    if (this.worker || bestRung() === "stills") return;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Answered>) => this.hear(data);
    this.worker = worker;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const url = `${scheme}//${location.host}/api/events/${encodeURIComponent(this.event)}/preview`;
    this.post({ type: "open", url, token: this.api.token });
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    document.addEventListener("visibilitychange", this.visibility);
  }

  private post(asked: Asked, transfer: Transferable[] = []): void {
    this.worker?.postMessage(asked, transfer);
  }

  /** Tells the worker how much of a stream is wanted now. */
  private subscribe(stream: Stream): void {
    const still = stream.rung === "stills" || stream.places.size === 0;
    const step = still ? "stills" : this.ladder.step(this.rungOf(stream));
    if (step === "stills" && stream.meters === 0) {
      this.post({ type: "unsubscribe", sub: stream.sub });
      return;
    }
    this.post({
      type: "subscribe",
      sub: stream.sub,
      camera: stream.camera ?? null,
      mode: step === "stills" ? "none" : step,
      forward: stream.rung === "mse",
      important: this.rungOf(stream).important,
      sound: stream.meters > 0,
    });
  }

  private rungOf(stream: Stream): Rung {
    const places = [...stream.places.values()];
    const widest = Math.max(...places.map(({ host }) => host.clientWidth));
    // Media Source Extensions want a steady row of pictures.
    const least = stream.rung === "webcodecs" ? "sync" : "stills";
    const small = widest > 0 && widest < SMALL_PX && stream.rung === "webcodecs";
    const important = places.some((place) => place.important);
    return { sub: stream.sub, important, best: small || savesData() ? least : "all" };
  }

  /** Puts what this rung draws on into a place. */
  private show(stream: Stream, place: Place): void {
    this.clear(stream, place);
    const still = stream.rung === "stills" || this.ladder.step(this.rungOf(stream)) === "stills";
    place.host.dataset["rung"] = still ? "stills" : stream.rung;
    if (still) {
      const image = document.createElement("img");
      image.alt = "";
      image.draggable = false;
      place.stopStill = this.stills.watch(stream.camera, (url) => {
        if (!url) return;
        image.src = url;
        if (!image.isConnected) place.host.append(image);
      });
      place.shown = image;
      return;
    }
    const canvas = document.createElement("canvas");
    place.shown = canvas;
    place.host.append(canvas);
    if (stream.rung === "webcodecs") {
      const offscreen = canvas.transferControlToOffscreen();
      const { sub } = stream;
      this.post({ type: "attach", sub, place: place.id, canvas: offscreen, width: pixels(place.host) }, [offscreen]);
    }
  }

  private clear(stream: Stream, place: Place): void {
    place.stopStill?.();
    place.stopStill = null;
    place.shown?.remove();
    place.shown = null;
    this.post({ type: "detach", sub: stream.sub, place: place.id });
  }

  private hear(told: Answered): void {
    switch (told.type) {
      case "report":
        this.reports = told.streams;
        this.tell();
        break;
      case "unsupported": {
        const stream = this.find(told.sub);
        if (stream) this.fallBack(stream, told.codec);
        break;
      }
      case "config": {
        const stream = this.find(told.config.sub);
        if (stream) this.configure(stream, told.config);
        break;
      }
      case "levels":
      case "heard":
      case "sound":
        this.hearing.hear(told);
        break;
      case "sample":
        this.find(told.sample.sub)?.player?.append(told.sample);
        break;
      case "link":
        break;
    }
  }

  private find(sub: number): Stream | undefined {
    return [...this.streams.values()].find((stream) => stream.sub === sub);
  }

  private configure(stream: Stream, config: Config): void {
    if (!canPlay(config)) return this.fallBack(stream, config.codec);
    stream.player ??= new MsePlayer({
      picture: (video) => paint(stream, video),
      failed: () => {
        // From the beginning, with a new player.
        stream.player?.stop();
        stream.player = null;
        this.post({ type: "unsubscribe", sub: stream.sub });
        setTimeout(() => this.streams.get(stream.camera ?? "") === stream && this.subscribe(stream), LOOK_EVERY_MS);
      },
    });
    stream.player.configure(config);
  }

  /** The next rung for a codec that this one does not do. */
  private fallBack(stream: Stream, codec: string): void {
    this.end(stream);
    stream.sub = this.nextSub++;
    stream.codec = codec;
    const next = stream.rung === "webcodecs" && mediaSource() && !stream.refused ? "mse" : "stills";
    stream.refused = true;
    stream.rung = next;
    stream.reason = next === "stills" ? "codec" : null;
    this.subscribe(stream);
    for (const place of stream.places.values()) this.show(stream, place);
    this.tell();
  }

  /** Lets one stream give way, or come back. */
  private look(): void {
    if (document.hidden) return;
    const moving = [...this.streams.values()].filter(
      ({ rung, places }) => rung !== "stills" && places.size > 0,
    );
    const rungs = moving.map((stream) => this.rungOf(stream));
    const before = new Map(rungs.map((rung) => [rung.sub, this.ladder.step(rung)]));
    const changed = this.ladder.look(performance.now(), rungs, this.reports);
    const stream = changed === null ? undefined : this.find(changed);
    if (!stream || changed === null) return;
    const after = this.ladder.step(this.rungOf(stream));
    this.subscribe(stream);
    // Between canvas and still the element changes.
    if (before.get(changed) === "stills" || after === "stills") {
      for (const place of stream.places.values()) this.show(stream, place);
    }
    this.tell();
  }

  private tell(): void {
    const reports = new Map(this.reports.map((report) => [report.sub, report]));
    const seen = [...this.streams].filter(([, { places }]) => places.size > 0);
    const states = seen.map(([key, stream]) => {
      const rung = this.rungOf(stream);
      const step = stream.rung === "stills" ? "stills" : this.ladder.step(rung);
      const report = reports.get(stream.sub);
      const steady = step === "all" || step === "refs";
      const state: PictureState = {
        rung: stream.rung,
        step,
        reason: stream.reason ?? (step !== rung.best ? "busy" : step === "all" ? null : savesData() ? "data" : "small"),
        codec: stream.codec,
        silentMs: steady ? (report?.silentMs ?? null) : null,
        ageMs: report?.ageMs ?? null,
      };
      return [key, state] as const;
    });
    this.states.setState(Object.fromEntries(states), true);
  }

  private readonly visibility = () => {
    clearTimeout(this.hiddenTimer);
    const each = (act: (stream: Stream) => void) => [...this.streams.values()].forEach(act);
    if (document.hidden) {
      this.hiddenTimer = setTimeout(
        () => each(({ sub }) => this.post({ type: "unsubscribe", sub })),
        HIDDEN_MS,
      );
      return;
    }
    each((stream) => {
      this.subscribe(stream);
      for (const place of stream.places.values()) this.show(stream, place);
    });
  };
}

/** Draws a video element's picture to all places of its stream. */
function paint(stream: Stream, video: HTMLVideoElement): void {
  for (const { shown, host } of stream.places.values()) {
    if (!(shown instanceof HTMLCanvasElement) || video.videoWidth === 0) continue;
    const width = Math.max(1, Math.min(pixels(host), video.videoWidth));
    const height = Math.max(1, Math.round((width * video.videoHeight) / video.videoWidth));
    if (shown.width !== width || shown.height !== height) Object.assign(shown, { width, height });
    shown.getContext("2d", { alpha: false })?.drawImage(video, 0, 0, width, height);
  }
}

/** Width of a place in pixels of the screen; beyond two for one nobody sees the difference. */
const pixels = (host: HTMLElement) => Math.round(host.clientWidth * Math.min(2, devicePixelRatio));
