import { useState, type SubmitEvent } from "react";
import type { Event } from "../api/types";
import { Button, Dialog, Empty, Field, Problem } from "../ui/controls";
import { Check, Dot, Half, Plus, Ring } from "../ui/icons";
import { Link, navigate, path } from "./router";
import { useSession } from "./session";
import { useAction, useLoad } from "./useLoad";
import { Wordmark } from "./Wordmark";
import css from "./pages.module.css";

export function EventsPage() {
  const { api, signOut } = useSession();
  const events = useLoad(api.events, "events");
  const [making, setMaking] = useState(false);
  // On first, then what is to come, then what is over; the newest of each first.
  const sorted = [...(events.data ?? [])].sort(
    (a, b) => ORDER[a.status] - ORDER[b.status] || b.created_at.localeCompare(a.created_at),
  );
  return (
    <>
      <header className={css.bar}>
        <Wordmark small />
        <Button look="quiet" onClick={signOut}>
          Sign out
        </Button>
      </header>
      <main className={css.page}>
        {events.problem && <Problem>{events.problem}</Problem>}
        {events.data && sorted.length === 0 && (
          <Empty>
            <p>No events yet. An event is one show: its cameras, its programme, its recordings.</p>
            <Button look="primary" large onClick={() => setMaking(true)}>
              Make an event
            </Button>
          </Empty>
        )}
        {sorted.length > 0 && (
          <>
            <div className={css.head}>
              <h1>Events</h1>
              <Button look="primary" onClick={() => setMaking(true)}>
                <Plus /> Make an event
              </Button>
            </div>
            <ul className={css.list}>
              {sorted.map((event) => (
                <li key={event.id}>
                  <EventRow event={event} />
                </li>
              ))}
            </ul>
          </>
        )}
      </main>
      {making && <MakeEvent onClose={() => setMaking(false)} />}
    </>
  );
}

const ORDER = { live: 0, paused: 1, waiting: 2, ended: 3 } as const;

const STATUS = {
  live: { glyph: <Dot />, word: "Live" },
  paused: { glyph: <Half />, word: "Paused" },
  waiting: { glyph: <Ring />, word: "Not started" },
  ended: { glyph: <Check />, word: "Ended" },
} as const;

/** What somebody who opens an event wants of it. */
const FIRST_TAB = { live: "live", paused: "live", waiting: "setup", ended: "recordings" } as const;

function EventRow({ event }: { event: Event }) {
  const { glyph, word } = STATUS[event.status];
  const made = new Date(event.created_at);
  return (
    <Link className={css.row} href={path(event.id, FIRST_TAB[event.status])}>
      <span className={`${css.status} ${event.status === "live" ? css.statusLive : ""}`}>
        {glyph} {word}
      </span>
      <bdi className={css.rowName}>{event.name}</bdi>
      <span className={css.rowMeta}>{event.status === "live" ? `${event.viewers} watching` : ""}</span>
      <time className={css.rowMeta} dateTime={event.created_at}>
        {made.toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" })}
      </time>
    </Link>
  );
}

function MakeEvent({ onClose }: { onClose: () => void }) {
  const { api } = useSession();
  const [name, setName] = useState("");
  const { busy, problem, run } = useAction();
  const submit = (form: SubmitEvent) => {
    form.preventDefault();
    run(async () => {
      const made = await api.createEvent(name.trim(), true);
      navigate(path(made.id, "setup"));
    });
  };
  return (
    <Dialog title="Make an event" onClose={onClose}>
      <form className={css.stack} onSubmit={submit}>
        <Field
          label="What is it called?"
          autoFocus
          required
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.target.value)}
          placeholder="Anna & Ben"
        />
        {problem && <Problem>{problem}</Problem>}
        <div className={css.foot}>
          <Button type="submit" look="primary" large disabled={busy}>
            Make event
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
