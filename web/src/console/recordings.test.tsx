import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Recording } from "../api/types";
import { answer, renderInEvent } from "../testing/render";
import { CAMERAS, event } from "../testing/samples";
import { AppHeader } from "./AppHeader";
import { RecordingsPage } from "./RecordingsPage";

const recording = (id: string, source: string, more: Partial<Recording> = {}): Recording => ({
  id,
  source,
  status: "finished",
  began_at: "2026-11-25T10:00:00Z",
  ended_at: "2026-11-25T11:12:45Z",
  duration_ms: 4_365_000,
  bytes: 3_120_000_000,
  gap_count: 0,
  stored: "local" as const,
  store_error: null,
  playlist_url: "",
  download_url: "",
  thumbnail_url: "",
  ...more,
});

const altar = CAMERAS[0]?.camera_id ?? "";

function server(items: Recording[], sources: unknown[] = []) {
  return answer({
    "GET /api/events/show/recordings": { status: 200, body: { items, sources, next_after: null } },
    "POST /api/events/show/playback-tokens": {
      status: 201,
      body: { token: "t", expires_at: "2026-11-26T10:00:00Z", watch_url: "http://elsewhere:1/p/t/watch/show" },
    },
    "DELETE /api/events/show/recordings/1-program": { status: 204 },
  });
}

describe("recordings in the console", () => {
  it("has the programme first, and links that need no header", async () => {
    server([recording("1-a", altar, { gap_count: 2 }), recording("1-program", "program")]);
    renderInEvent(<RecordingsPage />);
    const names = (await screen.findAllByRole("heading", { level: 2 })).map((heading) => heading.textContent);
    expect(names).toEqual(["Programme", CAMERAS[0]?.name]);
    await waitFor(() => {
      const links = screen.getAllByRole("link", { name: "Download" });
      expect(links[0]?.getAttribute("href")).toBe("/p/t/watch/show/recordings/1-program/download.mp4");
    });
    expect(screen.getByText(/2 gaps/)).toBeTruthy();
    expect(screen.getAllByLabelText("Edit list")).toHaveLength(1);
  });

  it("removes what is over, after asking, and nothing that is being recorded", async () => {
    const called = server([recording("1-program", "program"), recording("1-a", altar, { status: "recording" })]);
    renderInEvent(<RecordingsPage />);
    const buttons = await screen.findAllByRole("button", { name: "Remove…" });
    expect(buttons).toHaveLength(1);
    fireEvent.click(buttons[0] as HTMLElement);
    expect(screen.getByText(/is removed from the server for good/)).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Remove" }));
    await waitFor(() => expect(called).toContain("DELETE /api/events/show/recordings/1-program"));
  });

  it("says what stops a recording and what to do", async () => {
    server([], [{ source: "program", state: "disk_low", recording_id: null, lost_samples: 0, error: null }]);
    renderInEvent(<RecordingsPage />);
    expect((await screen.findByRole("alert")).textContent).toContain("Remove recordings; it goes on by itself.");
  });
});

describe("guests in the console", () => {
  it("have no pages and no buttons for what they may not do", () => {
    answer({});
    const names = () => screen.getAllByRole("link").map((link) => link.textContent);
    const owner = renderInEvent(<AppHeader tab="live" />, { role: "owner", event: event({ status: "live" }) });
    expect(names()).toContain("Set-up");
    expect(screen.getAllByRole("button", { name: "End…" }).length).toBeGreaterThan(0);
    owner.unmount();
    renderInEvent(<AppHeader tab="live" />, { role: "viewer", event: event({ status: "live" }) });
    expect(names()).not.toContain("Set-up");
    expect(names()).toContain("Recordings");
    expect(screen.queryAllByRole("button", { name: "End…" })).toHaveLength(0);
  });
});
