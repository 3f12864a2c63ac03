import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { CopyField, HoldButton } from "../ui/controls";
import { answer, renderInEvent, renderSignedIn } from "../testing/render";
import { CAMERAS, camera, cut, event, POLICY } from "../testing/samples";
import { App } from "./App";
import { AutomationPage } from "./AutomationPage";
import { Controls } from "./Controls";
import { EventsPage } from "./EventsPage";
import { LogPage } from "./LogPage";
import { useSettings } from "./settings";
import { SoundPage } from "./SoundPage";
import { Tile } from "./Tile";

beforeEach(() => {
  sessionStorage.clear();
  localStorage.clear();
  history.replaceState(null, "", "/");
  useSettings.setState({ tap: "cut", keys: "direct" });
});

describe("signing in", () => {
  it("says what to do about a wrong token, and keeps a right one for this tab", async () => {
    answer({ "GET /api/events": { status: 401, body: { code: "unauthorized", detail: "a token is needed" } } });
    render(<App />);
    fireEvent.change(screen.getByLabelText("Access token"), { target: { value: " wrong " } });
    fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
    expect((await screen.findByRole("alert")).textContent).toContain("That token is not right.");
    expect(sessionStorage.length).toBe(0);
    answer({ "GET /api/events": { status: 200, body: { items: [] } } });
    fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
    await screen.findByText(/No events yet/);
    expect(sessionStorage.getItem("genlock.token")).toBe("wrong");
  });

  it("takes a token that the embedding site hands over out of the address", async () => {
    answer({ "GET /api/events": { status: 200, body: { items: [] } } });
    history.replaceState(null, "", "/events#token=handed.over");
    render(<App />);
    await screen.findByText(/No events yet/);
    expect(location.href).not.toContain("handed");
    expect(sessionStorage.getItem("genlock.token")).toBe("handed.over");
  });

  it("says that the server does not answer", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed to fetch")));
    render(<App />);
    fireEvent.change(screen.getByLabelText("Access token"), { target: { value: "token" } });
    fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
    expect((await screen.findByRole("alert")).textContent).toBe("The server does not answer. Try again.");
  });
});

describe("the events", () => {
  it("shows live ones first and names as text", async () => {
    const items = [
      event({ id: "over", name: "Over", status: "ended" }),
      event({ id: "on", name: "<b>On</b>", status: "live", viewers: 128 }),
    ];
    answer({ "GET /api/events": { status: 200, body: { items } } });
    renderSignedIn(<EventsPage />);
    await screen.findByText("<b>On</b>");
    const links = screen.getAllByRole("link").map((link) => link.getAttribute("href"));
    expect(links).toEqual(["/events/on/live", "/events/over/recordings"]);
    expect(screen.getByText("128 watching")).toBeTruthy();
  });
});

describe("the page for sound", () => {
  const policy = (audio_source: string) => event({ policy: { ...POLICY, audio_source }, heard_camera_id: "aisle" });

  it("says who stands in for the source that was chosen", () => {
    renderInEvent(<SoundPage />, { event: policy("balcony") });
    expect(screen.getByText("Now: Aisle, until the source has sound again.")).toBeTruthy();
  });

  it("says who is heard, and that nobody is", () => {
    const { unmount } = renderInEvent(<SoundPage />, { event: policy("aisle") });
    expect(screen.getByText("Now: Aisle.")).toBeTruthy();
    unmount();
    renderInEvent(<SoundPage />, { event: event({ heard_camera_id: null }) });
    expect(screen.getByText("Now: silence.")).toBeTruthy();
  });
});

describe("a tile", () => {
  const props = { place: 1, tabbable: true, hovered: false, onFocus: vi.fn(), onArrow: vi.fn(), onIssues: vi.fn(), onConnect: vi.fn() };
  const show = (shown = CAMERAS[1]!, hand = {}) => renderInEvent(<Tile camera={shown} {...props} />, {}, hand);
  const face = () => screen.getByRole("button", { name: /^2, / });

  it("cuts by a tap and arms by a right click", () => {
    const { switching } = show();
    fireEvent.click(face(), { detail: 1 });
    expect(switching.cut).toHaveBeenCalledWith("aisle");
    fireEvent.contextMenu(face());
    expect(switching.arm).toHaveBeenCalledWith("aisle");
    expect(switching.cut).toHaveBeenCalledTimes(1);
  });

  it("arms by a tap where that is chosen, and takes by the second", () => {
    useSettings.setState({ tap: "arm" });
    const { switching } = show();
    fireEvent.click(face());
    expect(switching.arm).toHaveBeenCalledWith("aisle");
    expect(switching.cut).not.toHaveBeenCalled();
    act(() => switching.store.setState({ armed: "aisle" }));
    fireEvent.click(face());
    expect(switching.cut).toHaveBeenCalledWith("aisle");
  });

  it("takes a press that moves for a scroll", () => {
    const { switching } = show();
    fireEvent.pointerDown(face(), { button: 0, clientX: 0, clientY: 0 });
    fireEvent.pointerMove(face(), { clientX: 0, clientY: 40 });
    fireEvent.click(face());
    expect(switching.cut).not.toHaveBeenCalled();
  });

  it("does the other thing by a long press, once", () => {
    vi.useFakeTimers();
    const { switching } = show();
    fireEvent.pointerDown(face(), { button: 0, clientX: 0, clientY: 0 });
    vi.advanceTimersByTime(450);
    fireEvent.pointerUp(face());
    fireEvent.click(face());
    expect(switching.arm).toHaveBeenCalledTimes(1);
    expect(switching.cut).not.toHaveBeenCalled();
  });

  it("tells its state in words", () => {
    show(CAMERAS[1], { armed: "aisle" });
    expect(face().getAttribute("aria-label")).toBe("2, Aisle, live, preview");
    expect(screen.getByText("PREVIEW")).toBeTruthy();
  });

  it("leads to the way of connecting while nothing came", () => {
    show(camera("Organ loft", { status: "waiting", since: null, forecast: null }));
    fireEvent.click(screen.getByRole("button", { name: "Show how to connect" }));
    expect(props.onConnect).toHaveBeenCalled();
  });
});

describe("the controls", () => {
  it("tell what a take of the preview will do, and take it", () => {
    const { switching } = renderInEvent(<Controls hovered={null} />, { forecastAt: performance.now() }, { armed: "aisle" });
    expect(screen.getByText(/^Cuts in 0\.6/)).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: /TAKE Aisle/ }));
    expect(switching.takePreview).toHaveBeenCalled();
  });

  it("tell of the camera under the pointer instead", () => {
    const cameras = [CAMERAS[0]!, CAMERAS[1]!, camera("Drone", { status: "offline", forecast: null })];
    renderInEvent(<Controls hovered="drone" />, { cameras }, { armed: "aisle" });
    expect(screen.getByText(/Can’t cut: Drone is offline/)).toBeTruthy();
  });

  it("withdraw a cut that nobody has seen, and go back to the camera before otherwise", () => {
    const unseen = { id: 1, cameraId: "aisle", stage: "accepted", plan: null, reason: null, at: 0 } as const;
    const { store, switching } = renderInEvent(<Controls hovered={null} />, { cuts: [unseen], previous: "balcony" });
    fireEvent.click(screen.getByRole("button", { name: "Undo cut to Aisle" }));
    expect(switching.undo).toHaveBeenCalled();
    store.setState({ cuts: [] });
    return waitFor(() => screen.getByRole("button", { name: "Back to Balcony" }));
  });

  it("offer lookahead only where the programme runs behind", () => {
    renderInEvent(<Controls hovered={null} />);
    expect(screen.getByRole<HTMLOptionElement>("option", { name: "Lookahead" }).disabled).toBe(true);
  });

  it("say that nothing is sent while the server is lost", () => {
    renderInEvent(<Controls hovered={null} />, { link: { state: "lost", since: 0 } }, { armed: "aisle" });
    expect(screen.getByText("Not connected")).toBeTruthy();
  });
});

describe("automation", () => {
  it("changes the failover order without a drag", async () => {
    const called = answer({});
    const cameras = [camera("Altar", { priority: 10 }), camera("Aisle", { priority: 20 })];
    renderInEvent(<AutomationPage />, { cameras });
    fireEvent.click(screen.getByRole("button", { name: "Aisle: earlier" }));
    await waitFor(() =>
      expect(called).toEqual(
        expect.arrayContaining(["PATCH /api/events/show/cameras/aisle", "PATCH /api/events/show/cameras/altar"]),
      ),
    );
    await screen.findByText("Not here.");
  });
});

describe("the log", () => {
  it("marks cuts that somebody may have noticed", async () => {
    const items = [cut(), cut({ seq: 6, ledger: { video_gap_us: 33_000 } }), cut({ seq: 5, outcome: "withdrawn" })];
    answer({ "GET /api/events/show/switches": { status: 200, body: { items } } });
    renderInEvent(<LogPage />);
    expect((await screen.findAllByText("✓")).length).toBe(1);
    expect(screen.getByText("▲ see gap")).toBeTruthy();
    expect(screen.getByText("undone")).toBeTruthy();
  });
});

describe("parts", () => {
  it("selects what it cannot copy", async () => {
    render(<CopyField label="Key" value="gl_k3y" />);
    fireEvent.click(screen.getByRole("button", { name: "Copy key" }));
    await screen.findByText("Selected. Press Ctrl+C.");
  });

  it("asks before what cannot be taken back, unless it is held", () => {
    const confirmed = vi.fn();
    render(
      <HoldButton consequence="128 viewers will see it." onConfirm={confirmed}>
        End…
      </HoldButton>,
    );
    fireEvent.click(screen.getByRole("button", { name: "End…" }));
    expect(confirmed).not.toHaveBeenCalled();
    screen.getByText("128 viewers will see it.");
    fireEvent.click(screen.getByRole("button", { name: "End" }));
    expect(confirmed).toHaveBeenCalledTimes(1);
  });
});

