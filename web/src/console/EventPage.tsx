import { buttonClass, Empty } from "../ui/controls";
import { Announcer } from "./Announcer";
import { AppHeader } from "./AppHeader";
import { AutomationPage } from "./AutomationPage";
import { EventContext, useFollow, useLive } from "./event";
import { LivePage } from "./LivePage";
import { LogPage } from "./LogPage";
import { Link, type Tab } from "./router";
import { RecordingsPage } from "./RecordingsPage";
import { RecutPage } from "./RecutPage";
import { useSession } from "./session";
import { SetupPage } from "./SetupPage";
import { SoundPage } from "./SoundPage";
import { StatusLine } from "./StatusLine";
import css from "./frame.module.css";

interface Place {
  tab: Tab;
  recut: string | undefined;
}

export function EventPage({ event, ...place }: { event: string } & Place) {
  const scope = useFollow(event);
  if (!scope) return null;
  return (
    <EventContext value={scope}>
      <Frame {...place} />
    </EventContext>
  );
}

function Frame({ tab, recut }: Place) {
  const link = useLive((live) => live.link);
  const loaded = useLive((live) => live.event !== null);
  const name = useLive((live) => live.event?.name);
  const { signOut } = useSession();
  if (link.state === "refused") {
    return (
      <main className={css.lone}>
        <Empty>
          <p>This event is not here, or your token does not open it.</p>
          <p>
            <Link className={buttonClass("primary", true)} href="/events">
              See the events
            </Link>{" "}
            <button className={buttonClass("quiet", true)} onClick={signOut} type="button">
              Sign in with another token
            </button>
          </p>
        </Empty>
      </main>
    );
  }
  return (
    <div className={css.frame} data-tab={tab}>
      <title>{name ? `${name} · Genlock` : "Genlock"}</title>
      <a className="skip" href="#content">
        Skip to content
      </a>
      <AppHeader tab={tab} />
      <main id="content" className={css.content} tabIndex={-1}>
        {loaded ? <Content tab={tab} recut={recut} /> : <p className={css.loading}>Loading…</p>}
      </main>
      <StatusLine />
      <Announcer />
    </div>
  );
}

function Content({ tab, recut }: Place) {
  switch (tab) {
    case "live":
      return <LivePage />;
    case "setup":
      return <SetupPage />;
    case "sound":
      return <SoundPage />;
    case "automation":
      return <AutomationPage />;
    case "recordings":
      return recut ? <RecutPage recording={recut} key={recut} /> : <RecordingsPage />;
    case "log":
      return <LogPage />;
  }
}
