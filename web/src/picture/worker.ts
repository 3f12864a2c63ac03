// Owns the preview's connection, the decoders and the canvases, so that pictures never wait for the page nor the page for
// pictures.
import { backoff } from "../live/backoff";
import { Decoder } from "./decoder";
import { parse, type Sample, type Told } from "./protocol";
import { SoundDecoder } from "./sound";
import type { Answered, Asked, Wanted } from "./words";

interface Place {
  canvas: OffscreenCanvas;
  context: OffscreenCanvasRenderingContext2D;
  width: number;
}

interface Stream extends Wanted {
  sub: number;
  camera: string | null;
  decoder: Decoder;
  /** `null` where the page decodes sound. */
  ears: SoundDecoder | null;
  places: Map<number, Place>;
  /** The newest picture; older ones are closed at once. */
  newest: VideoFrame | null;
  drawnAt: number;
  drawn: number;
  heardAt: number;
  ageMs: number | null;
}

/** The part of `DedicatedWorkerGlobalScope` that is used here: the page's own types do not know workers. */
interface Scope {
  onmessage: ((event: MessageEvent<Asked>) => void) | null;
  postMessage(message: Answered, transfer: Transferable[]): void;
  requestAnimationFrame?(draw: () => void): void;
  close(): void;
}

const scope = self as unknown as Scope;
const answer = (answered: Answered, transfer: Transferable[] = []) => scope.postMessage(answered, transfer);

const ACK_EVERY_MS = 250;
const PING_EVERY_MS = 2_000;
const REPORT_EVERY_MS = 500;
const LEVELS_EVERY_MS = 100;
/** When drawing takes longer than this, what is not important is drawn less often. */
const DRAW_SLOW_MS = 4;
const SLOW_EVERY_MS = 66;
const MICROS = 1000;

const streams = new Map<number, Stream>();
let url = "";
let token = "";
let socket: WebSocket | null = null;
let tries = 0;
let lastSeq = 0;
let ackedSeq = 0;
/** Event clock less this worker's, in milliseconds. */
let clockOffset: number | null = null;
let drawMs = 0;

scope.onmessage = ({ data: asked }: MessageEvent<Asked>) => {
  switch (asked.type) {
    case "open":
      ({ url, token } = asked);
      connect();
      break;
    case "subscribe":
      subscribe(asked);
      break;
    case "unsubscribe":
      drop(asked.sub);
      break;
    case "attach": {
      const context = asked.canvas.getContext("2d", { alpha: false });
      const stream = streams.get(asked.sub);
      if (context) stream?.places.set(asked.place, { canvas: asked.canvas, context, width: asked.width });
      break;
    }
    case "resize": {
      const place = streams.get(asked.sub)?.places.get(asked.place);
      if (place) place.width = asked.width;
      break;
    }
    case "detach":
      streams.get(asked.sub)?.places.delete(asked.place);
      break;
    case "close":
      socket?.close();
      scope.close();
  }
};

function connect(): void {
  const current = new WebSocket(url);
  current.binaryType = "arraybuffer";
  socket = current;
  current.onopen = () => {
    current.send(JSON.stringify({ type: "auth", token }));
    lastSeq = ackedSeq = 0;
    for (const stream of streams.values()) ask(stream);
  };
  current.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    if (tries > 0 || lastSeq === 0) answer({ type: "link", open: true });
    tries = 0;
    const told = parse(data);
    if (told) hear(told);
  };
  current.onclose = () => {
    if (socket !== current) return;
    socket = null;
    answer({ type: "link", open: false });
    setTimeout(connect, backoff(tries, Math.random()));
    tries += 1;
  };
}

const say = (message: object) => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
};

const ask = ({ sub, camera, mode, sound }: Stream) =>
  say({ type: "subscribe", sub, mode, sound, ...(camera === null ? {} : { camera }) });

function subscribe(asked: Extract<Asked, { type: "subscribe" }>): void {
  const { sub, camera, mode, forward, important, sound } = asked;
  const known = streams.get(sub);
  if (known) {
    const changed = known.mode !== mode || known.sound !== sound;
    Object.assign(known, { mode, important, sound });
    if (mode === "none") rest(known);
    if (changed) ask(known);
    return;
  }
  const stream: Stream = {
    sub,
    camera,
    mode,
    forward,
    important,
    sound,
    ears: "AudioDecoder" in self ? new SoundDecoder() : null,
    decoder: new Decoder({
      picture: (frame) => {
        stream.newest?.close();
        stream.newest = frame;
      },
      unsupported: (codec) => answer({ type: "unsupported", sub, codec }),
    }),
    places: new Map(),
    newest: null,
    drawnAt: 0,
    drawn: 0,
    heardAt: performance.now(),
    ageMs: null,
  };
  streams.set(sub, stream);
  ask(stream);
}

function drop(sub: number): void {
  const stream = streams.get(sub);
  if (!stream) return;
  streams.delete(sub);
  rest(stream);
  stream.ears?.close();
  say({ type: "unsubscribe", sub });
}

/** Shows no pictures for now. */
function rest(stream: Stream): void {
  stream.decoder.close();
  stream.newest?.close();
  stream.newest = null;
  stream.ageMs = null;
}

function hear(told: Told): void {
  lastSeq = told.seq;
  switch (told.kind) {
    case "hello":
      clockOffset = told.now / MICROS - performance.now();
      break;
    case "pong": {
      // The echo is when it was sent: half of the way back is taken off.
      const sentAt = told.echo;
      const now = performance.now();
      clockOffset = told.now / MICROS - (sentAt + now) / 2;
      break;
    }
    case "config": {
      const stream = streams.get(told.sub);
      if (stream?.forward) answer({ type: "config", config: told });
      else stream?.decoder.configure(told);
      break;
    }
    case "sample":
      takeSample(told);
      break;
    case "heard": {
      const stream = streams.get(told.sub);
      if (stream?.ears) stream.ears.configure(told);
      else answer({ type: "heard", heard: told });
      break;
    }
    case "sound": {
      const stream = streams.get(told.sub);
      if (stream?.ears) stream.ears.decode(told);
      else answer({ type: "sound", sound: told }, told.units[0] ? [told.units[0].buffer] : []);
      break;
    }
    case "skipped":
      break;
  }
}

function takeSample(sample: Sample): void {
  const stream = streams.get(sample.sub);
  if (!stream || stream.mode === "none") return;
  stream.heardAt = performance.now();
  if (!stream.forward) {
    stream.decoder.decode(sample, stream.mode === "sync");
    return;
  }
  stream.ageMs = age(sample.pts);
  answer({ type: "sample", sample, ageMs: stream.ageMs ?? 0 }, [sample.payload.buffer]);
}

/** How long ago a picture was due, in milliseconds. */
const age = (pts: number): number | null =>
  clockOffset === null ? null : performance.now() + clockOffset - pts / MICROS;

function draw(): void {
  nextFrame(draw);
  const now = performance.now();
  for (const stream of streams.values()) {
    const frame = stream.newest;
    if (!frame || (drawMs > DRAW_SLOW_MS && !stream.important && now - stream.drawnAt < SLOW_EVERY_MS)) continue;
    stream.newest = null;
    for (const place of stream.places.values()) paint(place, frame);
    stream.ageMs = age(frame.timestamp);
    stream.drawnAt = now;
    stream.drawn += 1;
    frame.close();
  }
}

function paint({ canvas, context, width }: Place, frame: VideoFrame): void {
  // Never larger than the picture: the browser scales for nothing.
  const wide = Math.max(1, Math.min(Math.round(width), frame.displayWidth));
  const high = Math.max(1, Math.round((wide * frame.displayHeight) / frame.displayWidth));
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const began = performance.now();
  context.drawImage(frame, 0, 0, wide, high);
  drawMs = drawMs * 0.95 + (performance.now() - began) * 0.05;
}

function nextFrame(next: () => void): void {
  if (scope.requestAnimationFrame) scope.requestAnimationFrame(next);
  else setTimeout(next, 16);
}

setInterval(() => {
  if (lastSeq === ackedSeq) return;
  ackedSeq = lastSeq;
  say({ type: "ack", seq: ackedSeq });
}, ACK_EVERY_MS);

setInterval(() => say({ type: "ping", echo: Math.round(performance.now()) }), PING_EVERY_MS);

setInterval(() => {
  const now = performance.now();
  const reports = [...streams.values()].map((stream) => {
    const { sub, drawn, ageMs } = stream;
    stream.drawn = 0;
    return { sub, queue: stream.decoder.queue, ageMs, silentMs: now - stream.heardAt, drawn };
  });
  answer({ type: "report", streams: reports });
}, REPORT_EVERY_MS);

setInterval(() => {
  const levels = [...streams.values()].flatMap(({ sub, sound, ears }) => {
    if (!sound || !ears) return [];
    const level = ears.unsupported ? ("unsupported" as const) : ears.takeLevel();
    return level ? [{ sub, level }] : [];
  });
  if (levels.length > 0) answer({ type: "levels", levels });
}, LEVELS_EVERY_MS);

nextFrame(draw);
