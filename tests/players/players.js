// How each player is started. Every function returns what describes the player when it has played.

const STARTERS = { hls, shaka, native };

/** Starts `player` on `video`; `note(kind, details, fatal)` is told every error. */
export function start(player, video, watcher) {
  return STARTERS[player.player](player, video, watcher);
}

async function hls({ library, src, config }, video, { note, remember }) {
  const { default: Hls } = await import(`/${library}.js`);
  const player = new Hls({ ...config, debug: config?.debug ? logger(remember) : false });
  player.on("hlsManifestParsed", () => void video.play().catch(() => undefined));
  player.on("hlsError", (_event, data) => {
    note(data.type, data.details, data.fatal);
    remember(`${data.details}: ${data.reason ?? data.error?.message}`);
  });
  player.loadSource(src);
  player.attachMedia(video);
  return () => ({ version: Hls.version, latency: player.latency, target: player.targetLatency });
}

/** hls.js's own log, kept for whoever looks for a cause. */
function logger(remember) {
  const say = (...words) => remember(words.join(" "));
  return { trace: say, debug: say, log: say, info: say, warn: say, error: say };
}

async function shaka({ library, src, config }, video, { note, remember }) {
  await new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: `/${library}.js` });
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
  const { shaka } = window;
  const player = new shaka.Player();
  player.addEventListener("error", ({ detail }) => note(`category ${detail.category}`, `code ${detail.code}`, detail.severity === 2));
  await player.attach(video);
  player.configure({ streaming: { lowLatencyMode: true }, ...config });
  player.getNetworkingEngine().registerResponseFilter((_type, { uri, data }) => remember(`got ${uri} ${data?.byteLength}`));
  await player.load(src);
  void video.play().catch(() => undefined);
  return () => {
    const { gapsJumped, stallsDetected, liveLatency } = player.getStats();
    return { version: shaka.Player.version, gapsJumped, stallsDetected, liveLatency };
  };
}

async function native({ src }, video) {
  // Else the pictures may be shown but not read.
  video.crossOrigin = "anonymous";
  video.src = src;
  void video.play().catch(() => undefined);
  return () => ({});
}
