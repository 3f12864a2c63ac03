// What happens, for those who hear the page: at most one sentence a second, the last one wins; what is urgent at once.
import { useEffect, useRef, useState } from "react";
import { useLive } from "./event";

const QUIET_MS = 1000;

export function Announcer() {
  const happenings = useLive((live) => live.happenings);
  const [status, setStatus] = useState("");
  const [alert, setAlert] = useState("");
  const told = useRef(happenings.at(-1)?.id ?? 0);
  const newest = happenings.filter((happening) => happening.id > told.current);
  const urgent = newest.findLast((happening) => happening.urgent);
  const calm = newest.findLast((happening) => !happening.urgent);
  useEffect(() => {
    if (urgent) setAlert(urgent.text);
    const timer = setTimeout(() => {
      told.current = happenings.at(-1)?.id ?? told.current;
      if (calm) setStatus(calm.text);
    }, QUIET_MS);
    return () => clearTimeout(timer);
  }, [happenings, urgent?.text, calm?.text]);
  return (
    <>
      <p className="visually-hidden" role="status">
        {status}
      </p>
      <p className="visually-hidden" role="alert">
        {alert}
      </p>
    </>
  );
}
