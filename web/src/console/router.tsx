// The console's addresses. Six pages under an event need no library.
import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";

export const TABS = ["live", "setup", "sound", "automation", "recordings", "log"] as const;
export type Tab = (typeof TABS)[number];

export type Route =
  | { page: "events" }
  /** `recut`: the recording that is cut again, where one is. */
  | { page: "event"; event: string; tab: Tab; recut?: string }
  | { page: "unknown" };

export function parse(path: string): Route {
  const [first, event, tab = "live", ...rest] = path.split("/").filter(Boolean).map(decodePart);
  if (first === undefined || (first === "events" && event === undefined)) return { page: "events" };
  const known = TABS.find((name) => name === tab);
  if (first === "events" && event && known && rest.length === 0) return { page: "event", event, tab: known };
  const [action, recut, ...more] = rest;
  if (first === "events" && event && known === "recordings" && action === "recut" && recut && more.length === 0) {
    return { page: "event", event, tab: known, recut };
  }
  return { page: "unknown" };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function path(event: string, tab: Tab): string {
  return `/events/${encodeURIComponent(event)}/${tab}`;
}

export const recutPath = (event: string, recording: string): string =>
  `${path(event, "recordings")}/recut/${encodeURIComponent(recording)}`;

const CHANGED = "genlock:navigate";

export function navigate(to: string): void {
  history.pushState(null, "", to);
  window.dispatchEvent(new Event(CHANGED));
  window.scrollTo(0, 0);
}

function subscribe(onChange: () => void): () => void {
  window.addEventListener("popstate", onChange);
  window.addEventListener(CHANGED, onChange);
  return () => {
    window.removeEventListener("popstate", onChange);
    window.removeEventListener(CHANGED, onChange);
  };
}

export function useRoute(): Route {
  return parse(useSyncExternalStore(subscribe, () => location.pathname));
}

/** A link within the console: an ordinary one for new tabs and middle clicks. */
export function Link({ href, onClick, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const click = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(href);
  };
  return <a href={href} onClick={click} {...rest} />;
}
