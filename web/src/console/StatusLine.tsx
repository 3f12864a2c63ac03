// The line at the bottom: the connection, in a place that is always reserved so that nothing moves.
import { clock, seconds } from "../words/format";
import { Warning } from "../ui/icons";
import { useLive } from "./event";
import { useNow } from "./ticker";
import css from "./frame.module.css";

export function StatusLine() {
  const link = useLive((live) => live.link);
  const back = useLive((live) => live.back);
  const offset = useLive((live) => live.clockOffset);
  const slate = useLive((live) => live.slate);
  const now = useNow(500);
  const lost = link.state === "lost";
  return (
    <footer className={`${css.status} ${lost ? css.lost : ""}`}>
      <span role={lost ? "alert" : undefined}>
        {lost && (
          <>
            <Warning size={14} /> Lost the server {seconds(now - link.since)} ago. The show goes on there.
            Reconnecting…
          </>
        )}
        {link.state === "connecting" && "Connecting…"}
        {link.state === "open" && back !== null && backWords(back.switches)}
        {link.state === "open" &&
          back === null &&
          (link.roundTripMs === null ? "Connected" : `Connected · ${Math.round(link.roundTripMs)} ms`)}
      </span>
      {slate && !lost && (
        <span>
          <Warning size={14} /> Viewers see the slate
        </span>
      )}
      <span className={css.clock}>{clock(new Date(Date.now() + offset))}</span>
    </footer>
  );
}

function backWords(switches: number): string {
  if (switches === 0) return "Back. Nothing was missed.";
  return `Back. ${switches} ${switches === 1 ? "cut" : "cuts"} happened meanwhile.`;
}
