// What the wall of sites knows: the open sessions, their incidents, and a small picture a second of those in view.
import { batch, signal } from "@preact/signals";
import { read, Refused } from "../api";
import { listSessions } from "../assist/open";
import { technicianOf } from "../assist/places";
import type { SessionView } from "../assist/wire";
import { incidentFrom, type Sparse } from "../received";
import { toMs } from "../time";
import type { IncidentView, Moment } from "../wire";
import { ranked, type Site } from "./rank";

const LIST_EVERY_MS = 2000;
const INCIDENT_EVERY_MS = 15_000;
const LOOK_EVERY_MS = 1000;
const LOOK_WITHIN_MS = 4000;
const RENEW_BEFORE_MS = 60_000;
const GLANCES_AT_MOST_EVERY_MS = 2000;

interface Glance {
  session_id: string;
  url: string;
  token: string;
  expires_at: Moment;
}

export interface Picture {
  url: string;
  /** When it came, by this device's clock. */
  at: number;
  tag: string;
}

export class Watch {
  readonly sites = signal<readonly Site[] | null>(null);
  readonly failed = signal(false);
  /** The time that the sessions' moments are of. */
  readonly now = signal(0);
  readonly pictures = signal<ReadonlyMap<string, Picture>>(new Map());
  private readonly incidents = new Map<string, { view: IncidentView | null; readAt: number }>();
  private readonly inView = new Set<string>();
  private readonly looking = new Set<string>();
  private readonly glances = new Map<string, Glance>();
  private glancesAt = 0;
  private readonly timers: ReturnType<typeof setInterval>[];

  constructor() {
    void this.list();
    this.timers = [
      setInterval(() => void this.list(), LIST_EVERY_MS),
      setInterval(() => this.look(), LOOK_EVERY_MS),
    ];
  }

  close(): void {
    this.timers.forEach(clearInterval);
    for (const { url } of this.pictures.peek().values()) URL.revokeObjectURL(url);
  }

  /** A tile has come into view, or gone: only what is seen is paid for by a phone's link. */
  seen(session_id: string, isSeen: boolean): void {
    if (isSeen) this.inView.add(session_id);
    else this.inView.delete(session_id);
  }

  private async list(): Promise<void> {
    try {
      const { items, now } = await listSessions();
      await this.readIncidents(items);
      batch(() => {
        this.now.value = toMs(now);
        this.failed.value = false;
        const sites = items.map((view) => ({ view, incident: this.incidents.get(view.incident_id)?.view ?? null }));
        this.sites.value = ranked(sites, toMs(now));
        this.forgetAllBut(new Set(items.map(({ session_id }) => session_id)));
      });
    } catch {
      this.failed.value = true;
    }
  }

  private async readIncidents(views: readonly SessionView[]): Promise<void> {
    const due = new Set(views.map(({ incident_id }) => incident_id).filter((id) => Date.now() - (this.incidents.get(id)?.readAt ?? 0) > INCIDENT_EVERY_MS));
    await Promise.all([...due].map(async (id) => {
      const before = this.incidents.get(id)?.view ?? null;
      const view = await read<Sparse<IncidentView>>(`/v1/incidents/${encodeURIComponent(id)}`).then(incidentFrom, () => before);
      this.incidents.set(id, { view, readAt: Date.now() });
    }));
  }

  private forgetAllBut(open: ReadonlySet<string>): void {
    const gone = [...this.pictures.peek()].filter(([id]) => !open.has(id));
    if (gone.length === 0) return;
    const kept = new Map(this.pictures.peek());
    for (const [id, { url }] of gone) {
      URL.revokeObjectURL(url);
      kept.delete(id);
    }
    this.pictures.value = kept;
  }

  private look(): void {
    if (document.visibilityState === "hidden") return;
    // Only a session with a phone on the line lives on a node and has a picture: nobody else is asked for.
    const shown = (this.sites.peek() ?? []).filter(({ view }) => this.inView.has(view.session_id) && technicianOf(view) !== null);
    if (shown.some(({ view }) => !this.isGood(this.glances.get(view.session_id)))) void this.renew();
    for (const id of this.inView) {
      const glance = this.glances.get(id);
      if (glance && !this.looking.has(id)) void this.lookAt(glance);
    }
  }

  private isGood(glance: Glance | undefined): boolean {
    return glance !== undefined && toMs(glance.expires_at) - Date.now() > RENEW_BEFORE_MS;
  }

  private async renew(): Promise<void> {
    if (Date.now() - this.glancesAt < GLANCES_AT_MOST_EVERY_MS) return;
    this.glancesAt = Date.now();
    try {
      for (const glance of (await read<{ items: Glance[] }>("/v1/sessions/glances")).items) this.glances.set(glance.session_id, glance);
    } catch (error) {
      if (error instanceof Refused) this.failed.value = true;
    }
  }

  private async lookAt({ session_id, url, token }: Glance): Promise<void> {
    this.looking.add(session_id);
    const before = this.pictures.peek().get(session_id);
    try {
      const response = await fetch(url, {
        headers: { Authorization: `Bearer ${token}`, ...(before && { "If-None-Match": before.tag }) },
        cache: "no-store",
        signal: AbortSignal.timeout(LOOK_WITHIN_MS),
      });
      if (response.status === 200) this.take(session_id, response.headers.get("ETag") ?? "", await response.blob());
      else if (response.status >= 400) this.glances.delete(session_id); // the session lives elsewhere, or has ended
    } catch {
      // the last picture stays, and says how old it is
    } finally {
      this.looking.delete(session_id);
    }
  }

  private take(session_id: string, tag: string, picture: Blob): void {
    const before = this.pictures.peek().get(session_id);
    const next = new Map(this.pictures.peek()).set(session_id, { url: URL.createObjectURL(picture), at: Date.now(), tag });
    this.pictures.value = next;
    if (before) setTimeout(() => URL.revokeObjectURL(before.url), LOOK_EVERY_MS);
  }
}
