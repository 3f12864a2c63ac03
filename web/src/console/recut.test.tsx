import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { renderInEvent } from "../testing/render";
import { CAMERAS } from "../testing/samples";
import { RecutPage } from "./RecutPage";

const [altar, aisle] = CAMERAS.map(({ camera_id }) => camera_id);
const BASE = "/api/events/show/recordings";

const recording = (id: string, source: string | undefined) => ({
  id,
  source,
  status: "finished",
  began_at: "2026-11-25T10:00:00Z",
  ended_at: "2026-11-25T10:01:00Z",
  duration_ms: 60_000,
  bytes: 1,
  gap_count: 0,
});

const CUTS = {
  title: "Wedding",
  clips: [
    { source: altar, recording_id: "1-altar", from: 0, to: 20, name: "Altar" },
    { source: aisle, recording_id: "1-aisle", from: 20, to: 60, name: "Aisle" },
  ],
};

/** Answers as the server would; returns the edit lists that were put. */
function server(answerOfPut: { status: number; body: unknown }): unknown[] {
  const put: unknown[] = [];
  const items = [recording("1-program", "program"), recording("1-altar", altar), recording("1-aisle", aisle)];
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    const request = input instanceof Request ? input : new Request(new URL(input, location.href), init);
    const { pathname } = new URL(request.url);
    const of = (status: number, body: unknown) =>
      new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
    if (request.method === "PUT") {
      put.push(await request.json());
      return of(answerOfPut.status, answerOfPut.body);
    }
    if (request.method === "POST") return of(201, { token: "t", watch_url: "http://elsewhere:1/p/t/watch/show" });
    if (pathname === BASE) return of(200, { items, sources: [], next_after: null });
    if (pathname.endsWith("/edit-list")) return of(200, CUTS);
    if (pathname === `${BASE}/1-program`) return of(200, items[0]);
    return of(404, { code: "unknown_path", detail: "not here" });
  });
  return put;
}

describe("a re-cut in the console", () => {
  it("begins as the show was cut, is changed by hand, and tells what became of it", async () => {
    const put = server({
      status: 201,
      body: {
        ...recording("2-recut", "recut"),
        title: "Highlights",
        duration_ms: 38_600,
        clips: [{ name: "Aisle", recording_id: "1-aisle", from: 10.4, to: 29, from_moved_ms: 400, to_moved_ms: 0, at: 0 }],
      },
    });
    renderInEvent(<RecutPage recording="1-program" />);
    const list = await screen.findByRole("list", { name: "Clips" });
    expect(within(list).getAllByRole("listitem")).toHaveLength(2);
    fireEvent.change(screen.getByLabelText("Name of the new version"), { target: { value: "Highlights" } });
    fireEvent.change(screen.getByLabelText("Camera of clip 1"), { target: { value: "program" } });
    const time = (label: string, text: string) => {
      fireEvent.change(screen.getByLabelText(label), { target: { value: text } });
      fireEvent.keyDown(screen.getByLabelText(label), { key: "Enter" });
    };
    time("End of clip 1", "0:10");
    time("End of clip 2", "0:40");
    time("Begin of clip 1", "never");
    expect((screen.getByLabelText("Begin of clip 1") as HTMLInputElement).value).toBe("0:00.0");
    const video = screen.getByLabelText("The programme as it was") as HTMLVideoElement;
    Object.defineProperty(video, "currentTime", { value: 30, writable: true });
    fireEvent.change(screen.getByLabelText("From here on"), { target: { value: altar } });
    expect(screen.getByText(/0:40 of 1:00/)).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Make new version" }));
    await waitFor(() =>
      expect(put).toEqual([
        {
          title: "Highlights",
          clips: [
            { source: "program", from: 0, to: 10 },
            { source: aisle, from: 10, to: 30 },
            { source: altar, from: 30, to: 40 },
          ],
        },
      ]),
    );
    const made = await screen.findByRole("status");
    expect(made.textContent).toContain("Clip 1 begins 0.4");
    expect(within(made).getByRole("button", { name: "Play it" })).toBeTruthy();
  });

  it("works by keys alone, and takes each change back", async () => {
    server({ status: 422, body: { code: "invalid", detail: "clips[0].from: there is nothing" } });
    renderInEvent(<RecutPage recording="1-program" />);
    const list = await screen.findByRole("list", { name: "Clips" });
    const clips = () => within(list).getAllByRole("listitem").length;
    const video = screen.getByLabelText("The programme as it was") as HTMLVideoElement;
    Object.defineProperty(video, "currentTime", { value: 30, writable: true });
    const press = (code: string, more: object = {}) => fireEvent.keyDown(document.body, { code, ...more });
    press("KeyS");
    expect(clips()).toBe(3);
    press("KeyI");
    expect(clips()).toBe(1);
    press("KeyZ");
    press("KeyO");
    expect(clips()).toBe(2);
    press("KeyZ", { ctrlKey: true });
    expect(clips()).toBe(2);
    press("KeyZ");
    press("KeyZ");
    expect(clips()).toBe(2);
    fireEvent.keyDown(screen.getByLabelText("Name of the new version"), { code: "KeyS" });
    expect(clips()).toBe(2);
    fireEvent.click(screen.getByRole("button", { name: "Make new version" }));
    expect((await screen.findByRole("alert")).textContent).toBe("Clips[0].from: there is nothing.");
  });
});
