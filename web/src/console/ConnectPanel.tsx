import { generate } from "lean-qr";
import { useEffect, useRef, useState } from "react";
import type { CameraWithKey } from "../api/types";
import { Button, buttonClass, CopyField, Problem } from "../ui/controls";
import { Check, Cross, Ring } from "../ui/icons";
import { duration } from "../words/format";
import { CameraPicture } from "../picture/CameraPicture";
import { useLive } from "./event";
import { useNow } from "./ticker";
import { Received } from "./SetupPage";
import { ffmpegCommand, groveLink, isLocal } from "./publish";
import { obsProfile, profileName } from "./obs";
import { save } from "./save";
import css from "./setup.module.css";

const TABS = ["OBS", "Phone", "ffmpeg", "Other"] as const;
type TabName = (typeof TABS)[number];

/** After this long without a picture there is advice. */
const PATIENCE_MS = 30_000;

/** How to connect one camera. The key is here and nowhere else: closing the panel forgets it. */
export function ConnectPanel({ camera, onClose }: { camera: CameraWithKey; onClose: () => void }) {
  const [tab, setTab] = useState<TabName>("OBS");
  const [since] = useState(() => performance.now());
  const now = useNow(1000);
  const state = useLive((live) => live.cameras.find((other) => other.camera_id === camera.camera_id));
  const server = camera.ingest_url ?? `rtmp://${location.hostname}:1935/live`;
  const key = camera.stream_key;
  const name = state?.name ?? camera.name;
  const waited = now - since;
  return (
    <section className={css.connect} aria-label={`Connect ${name}`}>
      <div className={css.connectHead}>
        <h2>
          Connect <bdi>{name}</bdi>
        </h2>
        <Button look="quiet" onClick={onClose} aria-label="Close, and forget the key">
          <Cross size={16} />
        </Button>
      </div>
      <div className={css.tabs} role="tablist" aria-label="What sends the pictures">
        {TABS.map((other) => (
          <button
            key={other}
            type="button"
            role="tab"
            aria-selected={other === tab}
            tabIndex={other === tab ? 0 : -1}
            className={buttonClass(other === tab ? "plain" : "quiet")}
            onClick={() => setTab(other)}
            onKeyDown={(event) => {
              const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
              if (step === undefined) return;
              setTab(TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length] ?? "OBS");
              (event.currentTarget.parentElement?.children[TABS.indexOf(tab) + step] as HTMLElement | undefined)?.focus();
            }}
          >
            {other}
          </button>
        ))}
      </div>
      <div className={css.stack} role="tabpanel" aria-label={tab}>
        {isLocal(location.hostname) && tab !== "ffmpeg" && (
          <Problem>
            {`${location.hostname} is this computer only. For cameras elsewhere, open the console by the computer's address in the network.`}
          </Problem>
        )}
        {tab === "OBS" && (
          <>
            <Button large onClick={() => save(`${profileName(name)}.zip`, obsProfile(name, server, key))}>
              Download OBS profile
            </Button>
            <p className={css.note}>
              Unzip, then in OBS: Profile → Import → choose the folder. It holds the key. By hand: Settings → Stream →
              Service “Custom…”, then Settings → Output → Advanced → Keyframe Interval: 2 s.
            </p>
          </>
        )}
        {tab === "Phone" && <PhoneCode server={server} streamKey={key} name={name} />}
        {tab === "ffmpeg" ? (
          <CopyField label="Command" value={ffmpegCommand(server, key)} hint={keyHint(name)} />
        ) : (
          <>
            <CopyField label="Server" value={server} />
            <CopyField label="Key" value={key} hint={keyHint(name)} />
          </>
        )}
        {tab === "Other" && <CopyField label="Both in one address" value={`${server}/${key}`} />}
      </div>
      <div className={css.arrival} role="status">
        {state?.status === "live" ? (
          <>
            <p className={css.connected}>
              <Check /> Connected. <Received camera={state} />
            </p>
            <div className={css.arrivalPicture}>
              <CameraPicture camera={camera.camera_id} />
            </div>
          </>
        ) : (
          <p>
            <Ring /> Waiting for pictures… {duration(waited)}
          </p>
        )}
      </div>
      {state?.status !== "live" && waited > PATIENCE_MS && (
        <p className={css.note}>
          Nothing yet? Press Start Streaming in OBS. The key goes in its own field. Port{" "}
          {new URL(server.replace("rtmp:", "http:")).port || "1935"} must be open.
        </p>
      )}
      {state?.health?.last_error && state.status !== "live" && <Problem>{`${state.health.last_error}.`}</Problem>}
    </section>
  );
}

const keyHint = (name: string) => `Shown once. Whoever has it can send pictures as ${name}.`;

/** A code that Larix Broadcaster and other phone apps read. */
function PhoneCode(props: { server: string; streamKey: string; name: string }) {
  const { server, streamKey, name } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!canvas.current) return;
    // White around it: readers need a quiet border, also in the dark.
    generate(groveLink(server, streamKey, name)).toCanvas(canvas.current, {
      on: [0, 0, 0, 255],
      off: [255, 255, 255, 255],
      pad: 3,
    });
  }, [server, streamKey, name]);
  return (
    <div className={css.phone}>
      <canvas ref={canvas} className={css.qr} role="img" aria-label="QR code with server and key" />
      <p className={css.note}>
        In Larix Broadcaster (iOS, Android): Settings → Larix Grove → scan. It sets server and key. Other apps: enter both
        by hand.
      </p>
    </div>
  );
}
