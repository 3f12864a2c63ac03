// The REST API with the types of its own description.
import createClient from "openapi-fetch";
import type { paths } from "./schema.gen";
import type { CutStyle, EditList, Event, PolicyChange, Problem, Recording, RecordingSource } from "./types";

/** An answer other than 2xx, or none at all (`status` 0), in words for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** What a call of the generated client resolves to. */
type Answer<T> = { data?: T | undefined; error?: unknown; response: Response };

/** The answer's body; throws `ApiError` for anything but 2xx. */
async function body<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch {
    throw new ApiError(0, "unreachable", "The server does not answer. Try again.");
  }
  if (answer.response.ok) return answer.data as T;
  const problem = (answer.error ?? {}) as Partial<Problem>;
  const { status, statusText } = answer.response;
  throw new ApiError(status, problem.code ?? "unknown", sentence(problem.detail ?? statusText));
}

/** `a name is not empty` → `A name is not empty.` */
function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

export type Api = ReturnType<typeof connect>;

/** The calls of the console, with `token` as their authorization. */
export function connect(token: string) {
  const client = createClient<paths>({
    baseUrl: location.origin,
    headers: { authorization: `Bearer ${token}` },
    // Looked up at each call, so that tests can replace it.
    fetch: (request) => globalThis.fetch(request),
  });
  const of = (event: string) => ({ params: { path: { event } } });
  const ofCamera = (event: string, camera: string) => ({ params: { path: { event, camera } } });
  return {
    token,
    events: async () => {
      const events: Event[] = [];
      let after: string | null = null;
      do {
        const query: { limit: number; after?: string } = { limit: 500, ...(after !== null && { after }) };
        const page = await body(client.GET("/api/events", { params: { query } }));
        events.push(...page.items);
        after = page.next_after ?? null;
      } while (after !== null);
      return events;
    },
    event: (event: string) => body(client.GET("/api/events/{event}", of(event))),
    createEvent: (name: string, hold: boolean) =>
      body(client.POST("/api/events", { body: { name, hold } })),
    changeEvent: (event: string, change: { name?: string; policy?: PolicyChange; playback?: "public" | "signed" }) =>
      body(client.PATCH("/api/events/{event}", { ...of(event), body: change })),
    deleteEvent: (event: string) => body(client.DELETE("/api/events/{event}", of(event))),
    start: (event: string) => body(client.POST("/api/events/{event}/start", of(event))),
    pause: (event: string) => body(client.POST("/api/events/{event}/pause", of(event))),
    resume: (event: string) => body(client.POST("/api/events/{event}/resume", of(event))),
    end: (event: string) => body(client.POST("/api/events/{event}/end", of(event))),
    createCamera: (event: string, name: string) =>
      body(client.POST("/api/events/{event}/cameras", { ...of(event), body: { name } })),
    changeCamera: (
      event: string,
      camera: string,
      change: { name?: string; priority?: number; sync_offset_ms?: number },
    ) =>
      body(client.PATCH("/api/events/{event}/cameras/{camera}", { ...ofCamera(event, camera), body: change })),
    deleteCamera: (event: string, camera: string) =>
      body(client.DELETE("/api/events/{event}/cameras/{camera}", ofCamera(event, camera))),
    rotateKey: (event: string, camera: string) =>
      body(client.POST("/api/events/{event}/cameras/{camera}/rotate-key", ofCamera(event, camera))),
    kick: (event: string, camera: string, ban: number) =>
      body(client.POST("/api/events/{event}/cameras/{camera}/kick", { ...ofCamera(event, camera), body: { ban } })),
    take: (event: string, camera: string, style: CutStyle | undefined) =>
      body(
        client.POST("/api/events/{event}/cameras/{camera}/switch", {
          ...ofCamera(event, camera),
          ...(style ? { body: { style } } : {}),
        }),
      ),
    /** Tells tally pages what is in preview. */
    preview: (event: string, camera: string | null) =>
      body(client.PUT("/api/events/{event}/preview-camera", { ...of(event), body: { camera_id: camera } })),
    /** An access token that sees one camera. */
    cameraToken: (event: string, camera: string, name: string, seconds: number) =>
      body(
        client.POST("/api/events/{event}/tokens", {
          ...of(event),
          body: { role: "viewer", camera, name, expires_in: seconds },
        }),
      ),
    undo: (event: string) => body(client.DELETE("/api/events/{event}/switch", of(event))),
    lock: (event: string) => body(client.PUT("/api/events/{event}/lock", of(event))),
    unlock: (event: string) => body(client.DELETE("/api/events/{event}/lock", of(event))),
    switches: (event: string, limit: number, before?: number) =>
      body(
        client.GET("/api/events/{event}/switches", {
          params: { path: { event }, query: { limit, ...(before === undefined ? {} : { before }) } },
        }),
      ),
    /** A path for viewers; `opens` says of what beside the programme. */
    playbackToken: (event: string, seconds: number, opens: { cameras?: boolean; recordings?: boolean } = {}) =>
      body(
        client.POST("/api/events/{event}/playback-tokens", {
          ...of(event),
          body: { expires_in: seconds, cameras: opens.cameras ?? false, recordings: opens.recordings ?? false },
        }),
      ),
    recordings: async (event: string) => {
      const items: Recording[] = [];
      let sources: RecordingSource[] = [];
      let after: string | null = null;
      do {
        const query: { limit: number; after?: string } = { limit: 500, ...(after !== null && { after }) };
        const page = await body(
          client.GET("/api/events/{event}/recordings", { params: { path: { event }, query } }),
        );
        items.push(...page.items);
        sources = page.sources;
        after = page.next_after ?? null;
      } while (after !== null);
      return { items, sources };
    },
    /** What a stretch is snapped to; places are seconds from the begin. */
    clip: (event: string, recording: string, from: number, to: number) =>
      body(
        client.GET("/api/events/{event}/recordings/{recording}/clip", {
          params: { path: { event, recording }, query: { from: from.toFixed(3), to: to.toFixed(3) } },
        }),
      ),
    deleteRecording: (event: string, recording: string) =>
      body(
        client.DELETE("/api/events/{event}/recordings/{recording}", { params: { path: { event, recording } } }),
      ),
    /** `at`: a time of the day (RFC 3339); else the begin. */
    recordingPicture: async (event: string, recording: string, at?: string) => {
      const path = `/api/events/${encodeURIComponent(event)}/recordings/${encodeURIComponent(recording)}/thumbnail.jpg`;
      const response = await fetch(at === undefined ? path : `${path}?at=${encodeURIComponent(at)}`, { headers: { authorization: `Bearer ${token}` } });
      if (!response.ok) throw new ApiError(response.status, "picture", response.statusText);
      return response.blob();
    },
    recording: (event: string, recording: string) =>
      body(client.GET("/api/events/{event}/recordings/{recording}", { params: { path: { event, recording } } })),
    /** The switch log in the form that can be put. */
    cuts: async (event: string, recording: string) => {
      const params = { path: { event, recording }, query: { format: "json" as const } };
      const list = await body(client.GET("/api/events/{event}/recordings/{recording}/edit-list", { params }));
      return list as unknown as EditList;
    },
    /** A new programme of the recordings. */
    recut: (event: string, recording: string, list: EditList) =>
      body(
        client.PUT("/api/events/{event}/recordings/{recording}/edit-list", {
          params: { path: { event, recording } },
          body: list,
        }),
      ),
    /** The switch log as a file for an editing program. */
    editList: async (event: string, recording: string, format: "otio" | "edl" | "fcpxml") => {
      const path = `/api/events/${encodeURIComponent(event)}/recordings/${encodeURIComponent(recording)}/edit-list`;
      const response = await fetch(`${path}?format=${format}`, { headers: { authorization: `Bearer ${token}` } });
      if (!response.ok) {
        const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
        throw new ApiError(response.status, problem.code ?? "unknown", sentence(problem.detail ?? response.statusText));
      }
      return response.blob();
    },
    /** What viewers see when no camera is left. */
    slate: async (event: string) => {
      const response = await fetch(`/api/events/${encodeURIComponent(event)}/slate`, {
        headers: { authorization: `Bearer ${token}` },
        cache: "no-store",
      });
      if (!response.ok) throw new ApiError(response.status, "slate", response.statusText);
      return response.blob();
    },
    putSlate: (event: string, picture: File) =>
      body(
        client.PUT("/api/events/{event}/slate", {
          ...of(event),
          // The picture itself; the description knows it as a binary string.
          body: picture as unknown as string,
          bodySerializer: () => picture,
          headers: { "content-type": picture.type },
        }),
      ),
    deleteSlate: (event: string) => body(client.DELETE("/api/events/{event}/slate", of(event))),
    /** A picture of a camera, or of the programme (`camera` undefined); undefined if it is still `etag`'s. */
    picture: async (event: string, camera: string | undefined, etag: string | undefined) => {
      const place = camera === undefined ? "program" : `cameras/${encodeURIComponent(camera)}`;
      const response = await fetch(`/api/events/${encodeURIComponent(event)}/${place}/thumbnail.jpg`, {
        headers: { authorization: `Bearer ${token}`, ...(etag ? { "if-none-match": etag } : {}) },
        // The tag is compared here; the browser's cache would hide the 304.
        cache: "no-store",
      });
      if (response.status === 304) return undefined;
      if (!response.ok) throw new ApiError(response.status, "picture", response.statusText);
      return { blob: await response.blob(), etag: response.headers.get("etag") ?? undefined };
    },
  };
}
