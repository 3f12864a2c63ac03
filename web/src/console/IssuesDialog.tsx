import { Dialog } from "../ui/controls";
import { duration } from "../words/format";
import { useLive } from "./event";
import css from "./live.module.css";

/** Everything that should be looked at about a camera: what, which setting to change, since when. */
export function IssuesDialog({ camera: id, onClose }: { camera: string; onClose: () => void }) {
  const camera = useLive((live) => live.cameras.find((other) => other.camera_id === id));
  const offset = useLive((live) => live.clockOffset);
  if (!camera) return null;
  const issues = camera.health?.issues ?? [];
  return (
    <Dialog title={camera.name} onClose={onClose}>
      {issues.length === 0 && <p>All is well.</p>}
      {issues.map((issue) => (
        <div key={issue.type} className={css.issue}>
          <p>{issue.sentence}</p>
          <p>{issue.setting}</p>
          <p>for {duration(Date.now() + offset - Date.parse(issue.since))}</p>
        </div>
      ))}
    </Dialog>
  );
}
