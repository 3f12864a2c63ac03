// How loud a camera is: two bars, drawn ten times a second and told twice, without React.
import { useEffect, useRef } from "react";
import { filled, Needle } from "../picture/level";
import { levelWords } from "../words/sound";
import { useEventScope } from "./event";
import { useTick } from "./ticker";
import css from "./meter.module.css";

const TOLD_EVERY_TICKS = 5;

interface Props {
  /** The programme where undefined. */
  camera: string | undefined;
  /** Whose sound it is. */
  name: string;
  /** With the number beside it. */
  told?: boolean;
}

export function Meter({ camera, name, told = false }: Props) {
  const { pictures } = useEventScope();
  const meter = useRef<HTMLSpanElement>(null);
  const text = useRef<HTMLSpanElement>(null);
  const needle = useRef(new Needle());
  const ticks = useRef(0);
  useEffect(() => pictures.listen(camera), [pictures, camera]);
  useTick((now) => {
    const heard = pictures.level(camera);
    const level = needle.current.at(now, heard === "unsupported" ? null : heard);
    const style = meter.current?.style;
    style?.setProperty("--left", filled(level.left).toFixed(3));
    style?.setProperty("--right", filled(level.right).toFixed(3));
    ticks.current += 1;
    if (ticks.current % TOLD_EVERY_TICKS !== 1) return;
    const words = levelWords(heard, level, now);
    meter.current?.setAttribute("aria-valuenow", Math.max(level.left, level.right).toFixed(0));
    meter.current?.setAttribute("aria-valuetext", words.spoken);
    meter.current?.setAttribute("data-known", String(words.known));
    if (meter.current) meter.current.title = words.hint;
    if (text.current) text.current.textContent = words.text;
  });
  return (
    <span className={css.box} data-meter>
      <span
        ref={meter}
        className={css.meter}
        role="meter"
        aria-label={`Sound of ${name}`}
        aria-valuemin={-60}
        aria-valuemax={0}
        aria-valuenow={-60}
      >
        <i />
        <i />
      </span>
      {told && <span ref={text} className={css.text} aria-hidden="true" />}
    </span>
  );
}
