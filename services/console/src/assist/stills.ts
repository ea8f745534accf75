// Stills on the node: the frozen frame in full resolution, and the small pictures while the link bears no video.
import { signal } from "@preact/signals";

const WITHIN_MS = 30_000;
const KEPT = 6;

export interface StillPlace {
  node_url: string;
  session_id: string;
  ticket: string;
}

/** How an upload ended: it is there, it is not wanted (any more), or it is worth trying again. */
export type Uploaded = "there" | "unwanted" | "again";

const address = ({ node_url, session_id }: StillPlace, still_id: string): string =>
  `${node_url}/v1/sessions/${encodeURIComponent(session_id)}/stills/${encodeURIComponent(still_id)}`;

/** Fetched stills as object URLs; the oldest are let go. */
export class Stills {
  /** Grows with each picture that is kept. */
  readonly version = signal(0);
  private readonly kept = new Map<string, string>();

  urlOf(still_id: string): string | null {
    return this.kept.get(still_id) ?? null;
  }

  /** The still's picture, or null where the node does not give it now. A frozen frame never changes. */
  async get(place: StillPlace, still_id: string): Promise<string | null> {
    const known = this.kept.get(still_id);
    if (known) return known;
    try {
      const response = await fetch(address(place, still_id), {
        headers: { Authorization: `Bearer ${place.ticket}` },
        signal: AbortSignal.timeout(WITHIN_MS),
      });
      return response.ok ? this.keep(still_id, await response.blob()) : null;
    } catch {
      return null;
    }
  }

  /** Keep a picture under its name, in place of the one before. */
  keep(still_id: string, picture: Blob): string {
    const before = this.kept.get(still_id);
    const url = URL.createObjectURL(picture);
    this.kept.delete(still_id);
    this.kept.set(still_id, url);
    if (before) URL.revokeObjectURL(before);
    const [oldest] = this.kept;
    if (this.kept.size > KEPT && oldest) {
      URL.revokeObjectURL(oldest[1]);
      this.kept.delete(oldest[0]);
    }
    this.version.value += 1;
    return url;
  }

  forget(still_id: string): void {
    const url = this.kept.get(still_id);
    if (url) URL.revokeObjectURL(url);
    this.kept.delete(still_id);
  }

  close(): void {
    for (const still_id of [...this.kept.keys()]) this.forget(still_id);
  }
}

export async function upload(place: StillPlace, still_id: string, picture: Blob): Promise<Uploaded> {
  try {
    const response = await fetch(address(place, still_id), {
      method: "PUT",
      headers: { Authorization: `Bearer ${place.ticket}`, "Content-Type": picture.type },
      body: picture,
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    if (response.ok) return "there";
    return response.status >= 500 || response.status === 429 ? "again" : "unwanted";
  } catch {
    return "again";
  }
}
