/** @jsxImportSource preact */
// The cameras beside the programme, where the creator allows it: the same moment from elsewhere.
import type { Watch } from "../api/types";

export type Angle = Watch["angles"][number];

interface Props {
  angles: Angle[];
  /** `null`: the programme. */
  shown: Angle | null;
  onChoose: (angle: Angle | null) => void;
}

export function Angles({ angles, shown, onChoose }: Props) {
  const choice = (angle: Angle | null, label: string) => (
    <button
      type="button"
      key={angle?.camera_id ?? "program"}
      aria-pressed={angle?.camera_id === shown?.camera_id}
      onClick={() => onChoose(angle)}
    >
      <bdi>{label}</bdi>
    </button>
  );
  return (
    <div class="angles" role="group" aria-label="Angle">
      {choice(null, "Director’s cut")}
      {angles.map((angle) => choice(angle, angle.name))}
    </div>
  );
}
