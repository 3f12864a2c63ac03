/** @jsxImportSource preact */
// The tally page: `/tally#event/camera/token`, full screen on the phone of whoever operates the camera.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import "../styles/base.css";
import "./tally.css";
import { follow } from "./follow";
import { health, type Heard, placeOf, scene } from "./state";
import { stayAwake } from "./awake";

/** How often the page looks at its own clock: a countdown in seconds needs no more. */
const LOOK_MS = 100;

function Page() {
  const [place] = useState(() => placeOf(location.hash));
  const [heard, setHeard] = useState<Heard | null>(null);
  const [refused, setRefused] = useState(place === null);
  const [now, setNow] = useState(() => performance.now());
  const [awake, setAwake] = useState(false);
  useEffect(() => {
    if (!place) return;
    return follow(
      place,
      (tally) => setHeard({ tally, at: performance.now() }),
      () => setRefused(true),
    );
  }, [place]);
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => stayAwake(setAwake), []);
  const { light, word, detail } = scene(heard, refused, now);
  const running = !["no-connection", "refused", "ended"].includes(light);
  const own = heard && running ? health(heard.tally) : null;
  useEffect(() => {
    document.title = heard ? `${word} · ${heard.tally.camera}` : "Tally";
  }, [word, heard]);
  return (
    <main class="screen" data-light={light}>
      <header>
        <h1>
          <bdi>{heard?.tally.camera ?? "Tally"}</bdi>
        </h1>
        <p>
          <bdi>{heard?.tally.event}</bdi>
        </p>
      </header>
      <div class="word" role="status">
        <Sign light={light} />
        <p class="big">{word}</p>
        {detail && <p class="detail">{detail}</p>}
      </div>
      <footer>
        {own && (
          <p>
            {own.good ? "✓" : "▲"} {own.words}
          </p>
        )}
        {!awake && <p>The screen may go dark: this browser cannot keep it on. Set its time-out to the longest.</p>}
      </footer>
    </main>
  );
}

/** A shape for each state, so that colour is never alone. */
function Sign({ light }: { light: string }) {
  const shape =
    light === "on-air" ? (
      <circle cx="12" cy="12" r="10" fill="currentColor" />
    ) : light === "preview" || light === "next" ? (
      <path d="M5 3 20 12 5 21Z" fill={light === "next" ? "currentColor" : "none"} />
    ) : (
      <path d="M5 12h14" />
    );
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linejoin="round" aria-hidden="true">
      {shape}
    </svg>
  );
}

const root = document.getElementById("root");
if (root) render(<Page />, root);
