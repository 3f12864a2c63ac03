// Pictures as JPEG stills: the last rung, which every browser and every camera's codec can do.
import type { Api } from "../api/client";
import { ApiError } from "../api/client";

const EVERY_MS = 2000;

type Show = (url: string | null) => void;

/** The stills of one event, each fetched once for however many places show it, and only while one does. */
export class Stills {
  private readonly loops = new Map<string, Loop>();

  constructor(
    private readonly api: Api,
    private readonly event: string,
  ) {}

  /** Tells `show` of each new picture of `camera` (the programme where undefined) until the returned function is called. */
  watch(camera: string | undefined, show: Show): () => void {
    const key = camera ?? "";
    let loop = this.loops.get(key);
    if (!loop) {
      loop = new Loop((etag) => this.api.picture(this.event, camera, etag));
      this.loops.set(key, loop);
    }
    const watched = loop;
    watched.add(show);
    return () => {
      if (watched.remove(show)) this.loops.delete(key);
    };
  }
}

type Fetch = (etag: string | undefined) => Promise<{ blob: Blob; etag: string | undefined } | undefined>;

class Loop {
  private readonly shows = new Set<Show>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private etag: string | undefined;
  private url: string | null = null;

  constructor(private readonly fetchNext: Fetch) {
    void this.run();
  }

  add(show: Show): void {
    this.shows.add(show);
    show(this.url);
  }

  /** Whether nobody is left. */
  remove(show: Show): boolean {
    this.shows.delete(show);
    if (this.shows.size > 0) return false;
    clearTimeout(this.timer);
    if (this.url) URL.revokeObjectURL(this.url);
    return true;
  }

  private async run(): Promise<void> {
    if (!document.hidden) await this.look();
    // Whoever was last may have gone while the picture was on its way.
    if (this.shows.size > 0) this.timer = setTimeout(() => void this.run(), EVERY_MS);
  }

  private async look(): Promise<void> {
    try {
      const picture = await this.fetchNext(this.etag);
      if (!picture || this.shows.size === 0) return;
      const before = this.url;
      this.url = URL.createObjectURL(picture.blob);
      this.etag = picture.etag;
      for (const show of this.shows) show(this.url);
      if (before) URL.revokeObjectURL(before);
    } catch (error) {
      // A picture is missing; the next look may have it. Anything but an answer of the server is a bug.
      if (!(error instanceof ApiError) && !(error instanceof TypeError)) throw error;
    }
  }
}
