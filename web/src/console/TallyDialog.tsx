import { generate } from "lean-qr";
import { useEffect, useRef, useState } from "react";
import { CopyField, Dialog, Problem } from "../ui/controls";
import { linkOf } from "../tally/state";
import { useEventScope } from "./event";
import { isLocal } from "./publish";
import { useSession } from "./session";
import { useAction } from "./useLoad";
import css from "./setup.module.css";

/** How long the link works: a long day. */
const LINK_SECONDS = 24 * 3600;

/** A page for the phone of whoever operates a camera. It sees this camera and nothing else. */
export function TallyDialog({ camera, name, onClose }: { camera: string; name: string; onClose: () => void }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const [link, setLink] = useState<string | null>(null);
  const code = useRef<HTMLCanvasElement>(null);
  const { problem, run } = useAction();
  useEffect(() => {
    run(async () => {
      const { token } = await api.cameraToken(event, camera, "Tally", LINK_SECONDS);
      setLink(linkOf(location.origin, { event, camera, token }));
    });
  }, [api, event, camera, run]);
  useEffect(() => {
    if (!link || !code.current) return;
    generate(link).toCanvas(code.current, { on: [0, 0, 0, 255], off: [255, 255, 255, 255], pad: 3 });
  }, [link]);
  return (
    <Dialog title={`Tally of ${name}`} onClose={onClose}>
      {problem && <Problem>{problem}</Problem>}
      {link && (
        <div className={css.stack}>
          <p className={css.note}>
            Open this on the phone at the camera: the whole screen is red while it is on air, and green while it is in
            preview. It works for a day and shows nothing else.
          </p>
          {isLocal(location.hostname) && (
            <Problem>
              {`${location.hostname} is this computer only. For phones, open the console by the computer's address in the network.`}
            </Problem>
          )}
          <canvas ref={code} className={css.qr} role="img" aria-label="QR code with the link" />
          <CopyField label="Tally page" value={link} />
        </div>
      )}
    </Dialog>
  );
}
