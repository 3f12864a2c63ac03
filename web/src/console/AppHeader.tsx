import { useState, type ReactNode } from "react";
import { buttonClass, Button, HoldButton, Problem } from "../ui/controls";
import { Dot, Menu, Ring, Half, Check, Padlock } from "../ui/icons";
import { useEventScope, useLive } from "./event";
import { Link, path, type Tab } from "./router";
import { useMayOwn } from "./role";
import { useSession } from "./session";
import { ShareDialog } from "./ShareDialog";
import { useAction } from "./useLoad";
import { Sign } from "./Wordmark";
import css from "./frame.module.css";

const NAMES: Readonly<Record<Tab, string>> = {
  live: "Live",
  setup: "Set-up",
  sound: "Sound & sync",
  automation: "Automation",
  recordings: "Recordings",
  log: "Log",
};

/** What guests need: the rest changes the event, which they may not. */
const GUEST_TABS: readonly Tab[] = ["live", "recordings", "log"];

export function AppHeader({ tab }: { tab: Tab }) {
  const { event } = useEventScope();
  const name = useLive((live) => live.event?.name ?? "");
  const viewers = useLive((live) => live.event?.viewers ?? 0);
  const locked = useLive((live) => live.event?.lock ?? null);
  const [sharing, setSharing] = useState(false);
  const mayOwn = useMayOwn();
  const tabs = (
    <>
      {(Object.keys(NAMES) as Tab[]).filter((other) => mayOwn || GUEST_TABS.includes(other)).map((other) => (
        <Link
          key={other}
          href={path(event, other)}
          className={css.tab}
          aria-current={other === tab ? "page" : undefined}
        >
          {NAMES[other]}
        </Link>
      ))}
    </>
  );
  return (
    <header className={css.header}>
      <Link href="/events" className={css.home} aria-label="All events">
        <Sign size={20} />
      </Link>
      <bdi className={css.name}>{name}</bdi>
      <StatusChip />
      {locked && (
        <span className={css.chip}>
          <Padlock /> LOCKED{locked.name ? ` by ${locked.name}` : ""}
          <span className={css.wideOnly}> · automation off</span>
        </span>
      )}
      <nav className={css.tabs} aria-label="Event">
        {tabs}
      </nav>
      <span className={css.viewers}>
        <span className={css.wideOnly}>Viewers </span>
        {viewers}
      </span>
      <div className={css.actions}>
        <Button look="quiet" onClick={() => setSharing(true)}>
          Share
        </Button>
        {mayOwn && <LifeButtons />}
      </div>
      <button type="button" className={`${buttonClass("quiet")} ${css.burger}`} popoverTarget="menu" aria-label="Menu">
        <Menu />
      </button>
      <MenuPopover>
        {tabs}
        <hr />
        <Button onClick={() => setSharing(true)}>Share</Button>
        {mayOwn && <LifeButtons />}
      </MenuPopover>
      {sharing && <ShareDialog onClose={() => setSharing(false)} />}
    </header>
  );
}

function MenuPopover({ children }: { children: ReactNode }) {
  return (
    <div
      id="menu"
      popover="auto"
      className={css.menu}
      onClick={(event) => (event.target as HTMLElement).closest("a") && event.currentTarget.hidePopover()}
    >
      {children}
    </div>
  );
}

const STATUS = {
  live: [<Dot key="g" />, "LIVE"],
  paused: [<Half key="g" />, "PAUSED"],
  waiting: [<Ring key="g" />, "NOT STARTED"],
  ended: [<Check key="g" />, "ENDED"],
} as const;

function StatusChip() {
  const status = useLive((live) => live.event?.status ?? "waiting");
  const [glyph, word] = STATUS[status];
  return (
    <span className={css.chip} data-status={status}>
      {glyph} {word}
    </span>
  );
}

/** Start, pause, resume, end: whatever the event's state allows. */
function LifeButtons() {
  const { event } = useEventScope();
  const { api } = useSession();
  const status = useLive((live) => live.event?.status ?? "waiting");
  const viewers = useLive((live) => live.event?.viewers ?? 0);
  const { busy, problem, run } = useAction();
  if (status === "ended") return null;
  return (
    <>
      {problem && <Problem>{problem}</Problem>}
      {status === "waiting" && (
        <Button look="primary" disabled={busy} onClick={() => run(() => api.start(event))}>
          Start event
        </Button>
      )}
      {status === "live" && (
        <Button look="quiet" disabled={busy} onClick={() => run(() => api.pause(event))}>
          Pause
        </Button>
      )}
      {status === "paused" && (
        <Button look="primary" disabled={busy} onClick={() => run(() => api.resume(event))}>
          Resume
        </Button>
      )}
      <HoldButton
        look="quiet"
        onConfirm={() => run(() => api.end(event))}
        consequence={
          <p>
            {viewers === 1 ? "1 viewer" : `${viewers} viewers`} will see “It has ended.” Cameras are disconnected. This
            cannot be taken back.
          </p>
        }
      >
        End…
      </HoldButton>
    </>
  );
}
