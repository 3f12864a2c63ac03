import { useEffect, useState } from "react";
import { CopyField, Dialog, Problem } from "../ui/controls";
import { useEventScope, useLive } from "./event";
import { useSession } from "./session";
import { embedCode } from "../watch/states";
import { useAction } from "./useLoad";
import css from "./setup.module.css";

/** How long a link to an event with signed playback works: a long day. */
const LINK_SECONDS = 24 * 3600;

interface Links {
  watch_url: string;
  hls_url: string;
  expires_at?: string;
}

/** What viewers get: a link, a frame for a web page, a playlist for players. */
export function ShareDialog({ onClose }: { onClose: () => void }) {
  const { event } = useEventScope();
  const { api } = useSession();
  const signed = useLive((live) => live.event?.playback === "signed");
  const name = useLive((live) => live.event?.name ?? "");
  const angles = useLive((live) => live.event?.policy.viewer_angles ?? false);
  const [links, setLinks] = useState<Links | null>(null);
  const { problem, run } = useAction();
  useEffect(() => {
    run(async () => {
      setLinks(
        signed
          ? await api.playbackToken(event, LINK_SECONDS, { cameras: angles })
          : (await api.event(event)).program,
      );
    });
  }, [api, event, signed, angles, run]);
  return (
    <Dialog title="Share" onClose={onClose}>
      {problem && <Problem>{problem}</Problem>}
      {links && (
        <div className={css.stack}>
          {links.expires_at && (
            <p className={css.note}>
              This event is watched by signed links. These work until {new Date(links.expires_at).toLocaleString()}.
            </p>
          )}
          <CopyField label="Viewer page" value={absolute(links.watch_url)} />
          <CopyField label="Embed code" value={embedCode(absolute(links.watch_url), name)} />
          <CopyField label="Playlist for players (HLS)" value={absolute(links.hls_url)} />
        </div>
      )}
    </Dialog>
  );
}

function absolute(url: string): string {
  return new URL(url, location.href).href;
}
