// Parts of the console in an event that runs nowhere.
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { createStore } from "zustand/vanilla";
import { connect } from "../api/client";
import { EventContext } from "../console/event";
import { SessionContext } from "../console/session";
import { type Hand, type Switching, SwitchingContext } from "../console/switching";
import { IDLE } from "../live/take";
import { NOTHING } from "../live/state";
import type { Live } from "../live/store";
import { Pictures } from "../picture/pictures";
import { CAMERAS, event } from "./samples";

/** What the server would answer, by method and path. */
export type Answers = Readonly<Record<string, { status: number; body?: unknown }>>;

/** Answers calls of the API; returns what was called. */
export function answer(answers: Answers): string[] {
  const called: string[] = [];
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    const request = input instanceof Request ? input : new Request(new URL(input, location.href), init);
    const call = `${request.method} ${new URL(request.url).pathname}`;
    called.push(call);
    const { status, body } = answers[call] ?? { status: 404, body: { code: "unknown_path", detail: "not here" } };
    const text = status === 204 ? null : JSON.stringify(body ?? {});
    return new Response(text, { status, headers: { "content-type": "application/json" } });
  });
  return called;
}

export function renderSignedIn(children: ReactNode) {
  const session = { api: connect("token"), signOut: vi.fn() };
  return render(<SessionContext value={session}>{children}</SessionContext>);
}

export function renderInEvent(children: ReactNode, live: Partial<Live> = {}, hand: Partial<Hand> = {}) {
  const store = createStore<Live>(() => ({
    ...NOTHING,
    event: event(),
    cameras: CAMERAS,
    link: { state: "open", roundTripMs: 1 },
    back: null,
    ...live,
  }));
  const switching = {
    store: createStore<Hand>(() => ({ armed: null, take: IDLE, style: "auto", ...hand })),
    cut: vi.fn(),
    arm: vi.fn(),
    takePreview: vi.fn(),
    undo: vi.fn(),
    toggleLock: vi.fn(),
    setStyle: vi.fn(),
    stop: vi.fn(),
  } satisfies Switching;
  const pictures = new Pictures(connect("token"), "show");
  const shown = renderSignedIn(
    <EventContext value={{ event: "show", store, pictures }}>
      <SwitchingContext value={switching}>{children}</SwitchingContext>
    </EventContext>,
  );
  return { ...shown, store, switching };
}
