// The few calls of the REST API that this page makes.

export interface Camera {
  camera_id: string;
  name: string;
  status: "waiting" | "live" | "offline";
  ingest_url: string;
  stream_key?: string;
}

export interface Event {
  id: string;
  name: string;
  program: { hls_url: string };
  active_camera_id?: string | null;
}

/** An answer other than 2xx, with the server's own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

export class Api {
  constructor(private readonly token: string) {}

  events = () => this.call<{ items: Event[] }>("GET", "/api/events").then((page) => page.items);
  event = (event: string) => this.call<Event>("GET", `/api/events/${event}`);
  createEvent = (name: string) => this.call<Event>("POST", "/api/events", { name });
  cameras = (event: string) =>
    this.call<{ items: Camera[] }>("GET", `/api/events/${event}/cameras`).then((page) => page.items);
  createCamera = (event: string, name: string) =>
    this.call<Camera>("POST", `/api/events/${event}/cameras`, { name });
  switchTo = (event: string, camera: string) =>
    this.call<unknown>("POST", `/api/events/${event}/cameras/${camera}/switch`);

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const request: RequestInit = { method, headers };
    if (body !== undefined) request.body = JSON.stringify(body);
    const response = await fetch(path, request);
    if (!response.ok) {
      const problem = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
      throw new ApiError(response.status, problem.detail ?? problem.title ?? response.statusText);
    }
    return (await response.json()) as T;
  }
}
