import { useMemo, useState } from "react";
import { connect } from "../api/client";
import { buttonClass, Empty } from "../ui/controls";
import { EventPage } from "./EventPage";
import { EventsPage } from "./EventsPage";
import { Link, useRoute } from "./router";
import { initialToken, rememberToken, SessionContext } from "./session";
import { SignIn } from "./SignIn";
import css from "./pages.module.css";

export function App() {
  const [token, setToken] = useState(initialToken);
  const session = useMemo(() => {
    if (token === null) return null;
    const signOut = () => {
      rememberToken(null);
      setToken(null);
    };
    return { api: connect(token), signOut };
  }, [token]);
  if (!session) {
    return (
      <SignIn
        onToken={(given) => {
          rememberToken(given);
          setToken(given);
        }}
      />
    );
  }
  return (
    <SessionContext value={session}>
      <Page />
    </SessionContext>
  );
}

function Page() {
  const route = useRoute();
  switch (route.page) {
    case "events":
      return <EventsPage />;
    case "event":
      return <EventPage key={route.event} event={route.event} tab={route.tab} recut={route.recut} />;
    case "unknown":
      return (
        <main className={css.page}>
          <Empty>
            <p>There is no such page.</p>
            <Link className={buttonClass("primary", true)} href="/events">
              See the events
            </Link>
          </Empty>
        </main>
      );
  }
}
