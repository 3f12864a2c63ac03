// Buttons, fields, dialogs: the few parts that every page is made of.
import {
  useEffect,
  useId,
  useRef,
  useState,
  type ButtonHTMLAttributes,
  type InputHTMLAttributes,
  type ReactNode,
} from "react";
import { ApiError } from "../api/client";
import { Check, Cross, Warning } from "./icons";
import css from "./controls.module.css";

type Look = "plain" | "primary" | "quiet";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  large?: boolean;
}

export function buttonClass(look: Look = "plain", large = false): string {
  return [css.button, look === "plain" ? "" : css[look], large ? css.large : ""].filter(Boolean).join(" ");
}

export function Button({ look = "plain", large = false, className = "", type = "button", ...rest }: ButtonProps) {
  return <button type={type} className={`${buttonClass(look, large)} ${className}`} {...rest} />;
}

const HOLD_MS = 1200;

/**
 * A button for what cannot be taken back: held for 1.2 s it acts at once; a click or Enter asks first, with
 * `consequence` in the dialog.
 */
export function HoldButton(props: {
  children: string;
  consequence: ReactNode;
  onConfirm: () => void;
  look?: Look;
}) {
  const [asking, setAsking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const held = useRef<{ frame: number; done: boolean } | null>(null);

  const release = () => {
    if (held.current) cancelAnimationFrame(held.current.frame);
    button.current?.style.setProperty("--held", "0");
  };
  const press = () => {
    const since = performance.now();
    const grow = () => {
      const part = (performance.now() - since) / HOLD_MS;
      button.current?.style.setProperty("--held", String(Math.min(1, part)));
      if (part < 1) {
        held.current = { frame: requestAnimationFrame(grow), done: false };
        return;
      }
      held.current = { frame: 0, done: true };
      release();
      props.onConfirm();
    };
    held.current = { frame: requestAnimationFrame(grow), done: false };
  };
  const click = () => {
    // The click that follows a completed hold is not another wish.
    if (!held.current?.done) setAsking(true);
    held.current = null;
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={`${buttonClass(props.look)} ${css.hold}`}
        onPointerDown={press}
        onPointerUp={release}
        onPointerLeave={release}
        onPointerCancel={release}
        onClick={click}
      >
        <span className={css.holdFill} />
        <span className={css.holdLabel}>{props.children}</span>
      </button>
      {asking && (
        <Dialog title={`${props.children.replace("…", "")}?`} onClose={() => setAsking(false)}>
          <div>{props.consequence}</div>
          <div className={css.dialogFoot}>
            <Button onClick={() => setAsking(false)}>Cancel</Button>
            <Button
              look="primary"
              onClick={() => {
                setAsking(false);
                props.onConfirm();
              }}
            >
              {props.children.replace("…", "")}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: ReactNode;
}

export function Field({ label, hint, ...input }: FieldProps) {
  const id = useId();
  return (
    <div className={css.field}>
      <label className={css.label} htmlFor={id}>
        {label}
      </label>
      <input id={id} className={css.input} aria-describedby={hint ? `${id}-hint` : undefined} {...input} />
      {hint && (
        <p id={`${id}-hint`} className={css.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** What went wrong, what still works, what to do. */
export function Problem({ children }: { children: ReactNode }) {
  return (
    <div className={css.problem} role="alert">
      <Warning />
      <span>{children}</span>
    </div>
  );
}

/** Words for whatever was thrown. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

/** A value with a button that copies it. Without a clipboard (plain http) it is selected, for Ctrl+C. */
export function CopyField({ label, value, hint }: { label: string; value: string; hint?: ReactNode }) {
  const input = useRef<HTMLInputElement>(null);
  const [done, setDone] = useState<"copied" | "selected" | null>(null);
  const id = useId();
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(null), 3000);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setDone("copied");
    } catch {
      setDone("selected");
    }
  };
  return (
    <div className={css.field}>
      <div className={css.copy}>
        <div className={css.field}>
          <label className={css.label} htmlFor={id}>
            {label}
          </label>
          <input ref={input} id={id} className={css.copyValue} value={value} readOnly onFocus={(e) => e.target.select()} />
        </div>
        <Button large onClick={() => void copy()} aria-label={`Copy ${label.toLowerCase()}`}>
          {done === "copied" ? (
            <>
              <Check /> Copied
            </>
          ) : (
            "Copy"
          )}
        </Button>
      </div>
      {(hint || done === "selected") && (
        <p className={css.hint} role="status">
          {done === "selected" ? "Selected. Press Ctrl+C." : hint}
        </p>
      )}
    </div>
  );
}

/** A modal dialog: the browser's own, so focus, Esc and the backdrop need no library. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={css.dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className={css.dialogHead}>
        <h2 id={id}>{title}</h2>
        <Button look="quiet" onClick={onClose} aria-label="Close">
          <Cross size={16} />
        </Button>
      </div>
      {children}
    </dialog>
  );
}

/** One sentence and one button, where there is nothing yet. */
export function Empty({ children }: { children: ReactNode }) {
  return <div className={css.empty}>{children}</div>;
}
