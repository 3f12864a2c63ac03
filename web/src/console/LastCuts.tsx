import { clock } from "../words/format";
import { causeWords, glitches } from "../words/log";
import { useEventScope, useLive } from "./event";
import { useSession } from "./session";
import { useLoad } from "./useLoad";
import css from "./live.module.css";

const SHOWN = 5;

/** The newest cuts, below the controls where there is room. */
export function LastCuts() {
  const { event } = useEventScope();
  const { api } = useSession();
  const switches = useLive((live) => live.switches);
  const cameras = useLive((live) => live.cameras);
  const log = useLoad(() => api.switches(event, SHOWN), switches);
  const name = (id: string | null | undefined) =>
    cameras.find((camera) => camera.camera_id === id)?.name ?? (id ? "removed" : "slate");
  const cuts = (log.data?.items ?? []).filter((entry) => entry.outcome === "cut");
  if (cuts.length === 0) return null;
  return (
    <section className={css.lastCuts} data-tall="true">
      <h2>Last cuts</h2>
      <ol>
        {cuts.map((entry) => (
          <li key={entry.seq}>
            {clock(new Date(entry.switched_at ?? entry.requested_at))}{" "}
            <bdi>{name(entry.to_camera_id)}</bdi>
            {entry.from_camera_id && (
              <>
                {" ← "}
                <bdi>{name(entry.from_camera_id)}</bdi>
              </>
            )}
            {" · "}
            {causeWords(entry)} · {entry.style} {glitches(entry) ? "▲" : "✓"}
          </li>
        ))}
      </ol>
    </section>
  );
}
