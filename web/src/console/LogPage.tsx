import { useState } from "react";
import type { Switch } from "../api/types";
import { Button, Empty, Problem } from "../ui/controls";
import { clock } from "../words/format";
import { causeWords, glitches, ledgerWords, outcomeWords } from "../words/log";
import { useEventScope, useLive } from "./event";
import { useSession } from "./session";
import { useLoad } from "./useLoad";
import css from "./setup.module.css";
import pages from "./pages.module.css";

const PAGE = 50;

export function LogPage() {
  const { event } = useEventScope();
  const { api } = useSession();
  const switches = useLive((live) => live.switches);
  const [older, setOlder] = useState<readonly Switch[]>([]);
  const log = useLoad(() => api.switches(event, PAGE), switches);
  const newest = log.data?.items ?? [];
  const rest = older.filter((entry) => !newest.some((other) => other.seq === entry.seq));
  const entries = [...newest, ...rest];
  const last = entries.at(-1);
  return (
    <div className={pages.page}>
      <div className={pages.head}>
        <h1>Was each cut clean?</h1>
      </div>
      {log.problem && <Problem>{log.problem}</Problem>}
      {log.data && entries.length === 0 && (
        <Empty>
          <p>No cuts yet. Each one is listed here with what it did to the picture and the sound.</p>
        </Empty>
      )}
      {entries.length > 0 && (
        <div className={css.scroll} tabIndex={0} role="region" aria-label="Switch log">
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Cut</th>
                <th scope="col">Why</th>
                <th scope="col">Style</th>
                <th scope="col">Waited</th>
                <th scope="col">Off plan</th>
                <th scope="col">Picture gap</th>
                <th scope="col">Sound moved</th>
                <th scope="col">Clean</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <Row key={entry.seq} entry={entry} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {last && last.seq > 1 && entries.length >= PAGE && (
        <p className={css.more}>
          <Button onClick={() => void api.switches(event, PAGE, last.seq).then((page) => setOlder([...rest, ...page.items]))}>
            Show older cuts
          </Button>
        </p>
      )}
    </div>
  );
}

function Row({ entry }: { entry: Switch }) {
  const cameras = useLive((live) => live.cameras);
  const name = (id: string | null | undefined) =>
    id ? (cameras.find((camera) => camera.camera_id === id)?.name ?? "a removed camera") : null;
  const { waited, offForecast, gap, sound } = ledgerWords(entry);
  const at = new Date(entry.switched_at ?? entry.requested_at);
  const made = entry.outcome === "cut";
  return (
    <tr data-made={made}>
      <td>
        <time dateTime={at.toISOString()}>{clock(at)}</time>
      </td>
      <td className={css.cutCell}>
        <bdi>{name(entry.from_camera_id) ?? "nothing"}</bdi> → <bdi>{name(entry.to_camera_id) ?? "slate"}</bdi>
      </td>
      <td>{causeWords(entry)}</td>
      <td>{entry.style}</td>
      {made ? (
        <>
          <td>{waited}</td>
          <td>{offForecast}</td>
          <td>{gap}</td>
          <td>{sound}</td>
          <td>{glitches(entry) ? "▲ see gap" : "✓"}</td>
        </>
      ) : (
        <td colSpan={5}>{outcomeWords(entry)}</td>
      )}
    </tr>
  );
}
