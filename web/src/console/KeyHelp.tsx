import { Dialog } from "../ui/controls";
import { useSettings, type Settings } from "./settings";
import controls from "../ui/controls.module.css";
import css from "./live.module.css";

export function KeyHelp({ onClose }: { onClose: () => void }) {
  const { keys, tap, set } = useSettings();
  const [plain, shifted] = keys === "atem" ? ["preview", "cut"] : ["cut", "preview"];
  const rows: [string, string][] = [
    ["1 – 9, 0", plain],
    ["Shift + 1 – 9", shifted],
    ["Enter, Space", "take the preview"],
    ["← → ↑ ↓", "move among cameras"],
    ["Z", "undo the cut, or go back"],
    ["L", "lock: automation off"],
    ["Esc", "empty the preview"],
    ["F", "full screen"],
    ["?", "this help"],
  ];
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className={css.help}>
        {rows.map(([key, words]) => (
          <Row key={key} name={key} words={words} />
        ))}
      </dl>
      <div className={css.help}>
        <label className={controls.label} htmlFor="keys">
          Keys
        </label>
        <select
          id="keys"
          className={css.select}
          value={keys}
          onChange={(event) => set({ keys: event.target.value as Settings["keys"] })}
        >
          <option value="direct">Direct: a number cuts</option>
          <option value="atem">ATEM: a number is preview, Space cuts</option>
          <option value="off">Off</option>
        </select>
        <label className={controls.label} htmlFor="tap">
          Tap or click
        </label>
        <select
          id="tap"
          className={css.select}
          value={tap}
          onChange={(event) => set({ tap: event.target.value as Settings["tap"] })}
        >
          <option value="cut">Cuts; a right click or long press is preview</option>
          <option value="arm">Is preview; a second tap takes</option>
        </select>
      </div>
    </Dialog>
  );
}

function Row({ name, words }: { name: string; words: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{words}</dd>
    </>
  );
}
