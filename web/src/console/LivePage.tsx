import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Button, buttonClass, Empty } from "../ui/controls";
import { Controls } from "./Controls";
import { useEventScope, useLive } from "./event";
import { IssuesDialog } from "./IssuesDialog";
import { KeyHelp } from "./KeyHelp";
import { command } from "./keys";
import { LastCuts } from "./LastCuts";
import { arrange, FOOTER, FOOTER_PHONE, railWidth } from "./layout";
import { Monitors } from "./Monitors";
import { Link, navigate, path } from "./router";
import { useMayTake } from "./role";
import { useSession } from "./session";
import { useSettings } from "./settings";
import { startSwitching, SwitchingContext, type Switching } from "./switching";
import { Tile } from "./Tile";
import css from "./live.module.css";

export function LivePage() {
  const { event, store } = useEventScope();
  const { api } = useSession();
  const [switching, setSwitching] = useState<Switching | null>(null);
  const empty = useLive((live) => live.cameras.length === 0);
  useEffect(() => {
    const started = startSwitching(api, event, store);
    setSwitching(started);
    return () => started.stop();
  }, [api, event, store]);
  if (empty) {
    return (
      <div className={css.live}>
        <Empty>
          <p>No cameras yet. Add one, and its picture is here.</p>
          <Link className={buttonClass("primary", true)} href={path(event, "setup")}>
            Add your first camera
          </Link>
        </Empty>
      </div>
    );
  }
  return (
    switching && (
      <SwitchingContext value={switching}>
        <Desk switching={switching} />
      </SwitchingContext>
    )
  );
}

function Desk({ switching }: { switching: Switching }) {
  const [help, setHelp] = useState(false);
  const [issuesOf, setIssuesOf] = useState<string | null>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const desk = useRef<HTMLDivElement>(null);
  const mayTake = useMayTake();
  useKeys(switching, mayTake, () => setHelp(true));
  useLayoutEffect(() => {
    const size = () => desk.current?.style.setProperty("--rail", `${railWidth(window.innerWidth)}px`);
    size();
    window.addEventListener("resize", size);
    return () => window.removeEventListener("resize", size);
  }, []);
  return (
    <div className={css.live} ref={desk}>
      <div className={css.gridBox}>
        <Grid hovered={hovered} onIssues={setIssuesOf} onHover={setHovered} />
      </div>
      <div className={css.rail}>
        <Monitors />
        {mayTake ? <Controls hovered={hovered} /> : <p className={css.notice}>You are watching. Somebody else switches.</p>}
        <LastCuts />
      </div>
      {help && <KeyHelp onClose={() => setHelp(false)} />}
      {issuesOf !== null && <IssuesDialog camera={issuesOf} onClose={() => setIssuesOf(null)} />}
    </div>
  );
}

const HINT_KEY = "genlock.hint";

function Grid(props: {
  hovered: string | null;
  onIssues: (camera: string) => void;
  onHover: (camera: string | null) => void;
}) {
  const { hovered, onIssues, onHover } = props;
  const { event } = useEventScope();
  const cameras = useLive((live) => live.cameras);
  const [focused, setFocused] = useState(0);
  const [hint, setHint] = useState(() => localStorage.getItem(HINT_KEY) === null);
  const area = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const columns = useColumns(area, list, cameras.length);
  const onArrow = useCallback(
    (pressed: KeyboardEvent, place: number) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns.current, ArrowDown: columns.current }[pressed.key];
      if (step === undefined) return;
      pressed.preventDefault();
      list.current?.querySelector<HTMLElement>(`[data-place="${place + step}"]`)?.focus();
    },
    [columns],
  );
  const onConnect = useCallback(() => navigate(path(event, "setup")), [event]);
  const camera = (target: EventTarget) => (target as HTMLElement).closest<HTMLElement>("[data-camera]")?.dataset.camera;
  const cards = useMemo(
    () =>
      cameras.map((each, place) => (
        <Tile
          key={each.camera_id}
          camera={each}
          place={place}
          hovered={hovered === each.camera_id}
          tabbable={place === Math.min(focused, cameras.length - 1)}
          onFocus={setFocused}
          onArrow={onArrow}
          onIssues={onIssues}
          onConnect={onConnect}
        />
      )),
    [cameras, focused, hovered, onArrow, onIssues, onConnect],
  );
  return (
    <>
      {hint && (
        <p className={css.notice}>
          Tap a camera to cut to it. Press ? for keys.
          <Button
            look="quiet"
            onClick={() => {
              localStorage.setItem(HINT_KEY, "seen");
              setHint(false);
            }}
          >
            Got it
          </Button>
        </p>
      )}
      <div className={css.gridArea} ref={area}>
        <ul
          className={css.tiles}
          ref={list}
          aria-label="Cameras"
          onPointerOver={(over) => over.pointerType === "mouse" && onHover(camera(over.target) ?? null)}
          onPointerLeave={() => onHover(null)}
          onFocus={(focus) => onHover(camera(focus.target) ?? null)}
          onBlur={() => onHover(null)}
        >
          {cards}
        </ul>
      </div>
    </>
  );
}

/** Keeps the grid's columns right for its box; written to the style, so that nothing is drawn twice. */
function useColumns(
  area: React.RefObject<HTMLDivElement | null>,
  list: React.RefObject<HTMLUListElement | null>,
  count: number,
) {
  const columns = useRef(2);
  useLayoutEffect(() => {
    const box = area.current;
    if (!box) return;
    const fit = () => {
      const phone = window.innerWidth < 700;
      const { columns: wanted, tileWidth } = arrange(
        box.clientWidth - 4,
        box.clientHeight - 4,
        count,
        phone ? FOOTER_PHONE : FOOTER,
      );
      columns.current = phone ? 2 : wanted;
      list.current?.style.setProperty("--columns", String(wanted));
      list.current?.style.setProperty("--tile", `${tileWidth}px`);
    };
    fit();
    const observer = new ResizeObserver(fit);
    observer.observe(box);
    return () => observer.disconnect();
  }, [area, list, count]);
  return columns;
}

/** Keys of the whole page. Not while typing, not in dialogs; the space bar belongs to a control with visible focus. */
function useKeys(switching: Switching, mayTake: boolean, onHelp: () => void): void {
  const { store } = useEventScope();
  const help = useRef(onHelp);
  help.current = onHelp;
  useEffect(() => {
    const onKey = (pressed: globalThis.KeyboardEvent) => {
      const target = pressed.target as HTMLElement;
      if (target.closest("input, textarea, select, dialog, [popover]")) return;
      const wanted = command(pressed, useSettings.getState().keys);
      if (!wanted || (!mayTake && wanted.do !== "help" && wanted.do !== "fullscreen")) return;
      if (wanted.do === "take" && target.closest("button, a") && target.matches(":focus-visible")) return;
      pressed.preventDefault();
      switch (wanted.do) {
        case "cut":
        case "arm": {
          const camera = store.getState().cameras[wanted.place];
          if (!camera) return;
          if (wanted.do === "cut") switching.cut(camera.camera_id);
          else switching.arm(camera.camera_id);
          return;
        }
        case "take":
          return switching.takePreview();
        case "undo":
          return switching.undo();
        case "lock":
          return switching.toggleLock();
        case "disarm":
          return switching.arm(null);
        case "help":
          return help.current();
        case "fullscreen":
          void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [store, switching, mayTake]);
}
