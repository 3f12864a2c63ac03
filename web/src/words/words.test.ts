import { describe, expect, it } from "vitest";
import type { HealthIssue } from "../api/types";
import type { PictureState } from "../picture/pictures";
import { camera, cut } from "../testing/samples";
import { badge } from "./health";
import { causeWords, glitches, ledgerWords, outcomeWords } from "./log";
import { pictureNote } from "./picture";
import { levelWords } from "./sound";
import { takeWords, type TakeContext } from "./take";
import { tileWords, type TileContext } from "./tile";

const plain = (text: string) => text.replaceAll("\u202f", " ");

describe("the badge", () => {
  const issue = (type: string, severity: HealthIssue["severity"]): HealthIssue => ({
    type,
    severity,
    sentence: "What it means.",
    setting: "What to change.",
    since: "2026-11-25T10:00:00Z",
  });
  const ill = (...issues: HealthIssue[]) =>
    camera("Drone", {
      health: {
        bitrate_bps: 1,
        dropped: 0,
        timestamp_jumps: 0,
        reconnects: 0,
        issues,
        video: { codec: "avc1.640028", width: 1280, height: 720, fps: 25, bitrate_bps: 1, gop_ms: 8_300 },
      },
    });

  it("is the worst issue and counts the others", () => {
    const shown = badge(ill(issue("bitrateHigh", "warning"), issue("videoCodec", "error"), issue("openGop", "warning")));
    expect(shown).toMatchObject({ text: "Unknown codec", more: 2 });
  });

  it("names what was measured", () => {
    expect(plain(badge(ill(issue("gopSizeLong", "warning")))?.text ?? "")).toBe("Keyframes 8.3 s apart");
    expect(badge(ill(issue("framerateMismatch", "warning")))?.text).toBe("25 fps differs");
  });

  it("is absent for what is only worth knowing", () => {
    expect(badge(ill(issue("gopSizeShort", "info")))).toBeNull();
    expect(badge(camera("Altar"))).toBeNull();
  });

  it("puts types that it does not know into words that fit", () => {
    const text = badge(ill(issue("somethingThatIsQuiteNewHere", "error")))?.text ?? "";
    expect(text).toBe("Something that is quite…");
    expect(text.length).toBeLessThanOrEqual(24);
  });
});

describe("the tile", () => {
  const context: TileContext = {
    armed: false,
    taking: null,
    silentMs: null,
    serverNow: Date.parse("2026-11-25T10:01:42Z"),
  };
  const words = (...[shown, changes]: [ReturnType<typeof camera>, Partial<TileContext>?]) => {
    const { state, pill, detail } = tileWords(shown, { ...context, ...changes });
    return [state, plain(pill), detail && plain(detail)];
  };

  it("has a word for every state", () => {
    expect(words(camera("A"))).toEqual(["live", "LIVE", null]);
    expect(words(camera("A"), { armed: true })).toEqual(["preview", "PREVIEW", null]);
    expect(words(camera("A"), { taking: { waitMs: 640 } })).toEqual(["taking", "CUTS IN 0.6 s", null]);
    expect(words(camera("A"), { taking: { waitMs: null } })).toEqual(["taking", "CUT SET", null]);
    expect(words(camera("A", { on_air: true }))).toEqual(["on-air", "ON AIR", null]);
    expect(words(camera("A"), { silentMs: 1_200 })).toEqual(["late", "LATE 1.2 s", null]);
    expect(words(camera("A", { status: "waiting" }))).toEqual(["waiting", "WAITING", "Nothing received yet."]);
    expect(words(camera("A", { status: "offline" }))).toEqual(["offline", "OFFLINE", "for 0:42"]);
  });

  it("keeps the red frame while the last picture is held, and says so", () => {
    expect(words(camera("A", { on_air: true, status: "offline" }))).toEqual(["holding", "ON AIR", "HOLDING"]);
    expect(words(camera("A", { on_air: true }), { silentMs: 1_500 })).toEqual(["holding", "ON AIR", "HOLDING 1.5 s"]);
  });

  it("is on air before it is anything else", () => {
    expect(words(camera("A", { on_air: true }), { armed: true, taking: { waitMs: 1 } })[0]).toBe("on-air");
  });
});

describe("the TAKE button", () => {
  const context: TakeContext = {
    now: 10_000,
    connected: true,
    armed: "aisle",
    name: (id) => (id === "aisle" ? "Aisle" : "Altar"),
    viewersBehindMs: 2_000,
  };
  const words = (...args: [Parameters<typeof takeWords>[0], Partial<TakeContext>?]) => {
    const { label, segments, attention } = takeWords(args[0], { ...context, ...args[1] });
    return [plain(label), segments, attention];
  };

  it("fills a segment with each stage", () => {
    expect(words({ stage: "idle" })).toEqual(["TAKE Aisle", 0, false]);
    expect(words({ stage: "pressed", camera: "aisle", at: 9_990 })).toEqual(["Taking…", 0.5, false]);
    expect(words({ stage: "accepted", camera: "aisle", cut: 1, cutAt: 10_600 })).toEqual(["Cut set · 0.6 s", 1, false]);
    expect(words({ stage: "committed", camera: "aisle", cut: 1, onAirAt: null })).toEqual(["Cutting", 2, false]);
    expect(words({ stage: "published", camera: "aisle", at: 9_999 })).toEqual(["On air ✓", 3, false]);
  });

  it("says when no answer comes", () => {
    expect(words({ stage: "pressed", camera: "aisle", at: 9_700 })).toEqual(["Sending…", 0.5, false]);
    expect(words({ stage: "pressed", camera: "aisle", at: 7_900 })).toEqual(["No answer. Checking…", 0.5, true]);
  });

  it("says why not, and that there is nothing to take", () => {
    const refused = takeWords({ stage: "refused", camera: "aisle", reason: "The camera is not live." }, context);
    expect(refused).toMatchObject({ label: "Not taken", note: "The camera is not live.", attention: true });
    expect(takeWords({ stage: "idle" }, { ...context, armed: null })).toMatchObject({ note: "Nothing in preview" });
    expect(words({ stage: "idle" }, { connected: false })).toEqual(["Not connected", 0, true]);
  });
});

describe("the log", () => {
  it("tells what a cut did", () => {
    const told = ledgerWords(cut());
    expect(Object.values(told).map(plain)).toEqual(["0.6 s", "+12 ms", "0 µs", "4.1 ms"]);
    expect(glitches(cut())).toBe(false);
    expect(glitches(cut({ ledger: { video_gap_us: 33_000 } }))).toBe(true);
    expect(glitches(cut({ ledger: { audio_error_us: -14_000 } }))).toBe(true);
  });

  it("tells whose cut it was, and what became of those that were not made", () => {
    expect(causeWords(cut())).toBe("by hand");
    expect(causeWords(cut({ asked_by: "automatic", reason: "failover" }))).toBe("camera lost");
    expect(causeWords(cut({ asked_by: "scheduled" }))).toBe("scheduled");
    expect(causeWords(cut({ asked_by: "automatic", reason: "nobody_left", to_camera_id: null }))).toBe("no camera left");
    expect(outcomeWords(cut({ outcome: "withdrawn" }))).toBe("undone");
  });
});

describe("levels", () => {
  const shown = { left: -12.4, right: -30 };
  const told = (level: Parameters<typeof levelWords>[1], at = 9_900) =>
    Object.values(levelWords({ ...level, at }, level, 10_000)).map((word) => (typeof word === "string" ? plain(word) : word));

  it("tell the louder channel's peak", () => {
    expect(told(shown)).toEqual([true, "−12 dB", "−12 dB", "Peak −12 dB of full scale"]);
    expect(told({ left: -60, right: -60 }).slice(0, 2)).toEqual([true, "silent"]);
  });

  it("say what to do about sound that clips", () => {
    expect(told({ left: 0, right: -3 })).toEqual([
      true,
      "0 dB",
      "0 dB, too loud",
      "Peak 0 dB: too loud, it clips. Turn the source down.",
    ]);
  });

  it("never guess", () => {
    expect(told(shown, 7_000).slice(0, 3)).toEqual([false, "—", "not known"]);
    expect(levelWords(null, shown, 0).known).toBe(false);
    expect(levelWords("unsupported", shown, 0).hint).toContain("cannot decode");
  });
});

describe("the note on a picture", () => {
  const note = (more: Partial<PictureState>) =>
    pictureNote({ rung: "webcodecs", step: "all", reason: null, codec: null, silentMs: null, ageMs: null, ...more })?.label ?? null;

  it("says why there is less than all of it, and nothing where a small tile is meant to be still", () => {
    expect(note({})).toBeNull();
    expect(note({ step: "sync", reason: "small" })).toBeNull();
    expect(note({ step: "refs", reason: "busy" })).toBeNull();
    expect(note({ step: "stills", reason: "busy" })).toBe("STILLS");
    expect(note({ step: "sync", reason: "data" })).toBe("SAVING DATA");
    expect(note({ step: "stills", reason: "codec", codec: "hvc1.1.6.L63.90" })).toBe("NO PREVIEW");
  });
});
