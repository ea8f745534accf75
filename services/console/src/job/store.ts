// The job page's live state: dispatch's view, the stream's decisions, and the phone's own queue over both.
import { batch, computed, signal } from "@preact/signals";
import { newKey, read, Refused } from "../api";
import { Picture } from "../board/picture";
import { countSeconds, hear, logTime, phoneTime, tick } from "../clock";
import { LiveStream } from "../live";
import { decisionFrom, jobFrom, regionFrom, type SparseJob } from "../received";
import { sessionEnded } from "../session";
import type { StreamEvent } from "../sse";
import type { Decision, IncidentView, JobView, RegionView } from "../wire";
import { keepJob, keptJob, store, type Diversion } from "./kept";
import { Outbox, type Action, type Conflict, type Deed } from "./outbox";
import { isBehind, project, waitsForCrew, type JobState } from "./projection";
import { Sender, type Answer } from "./sender";

const READ_AGAIN_MS = 500;
/** What the others of a crew report is not told to this phone: while they are awaited it asks. */
const CREW_EVERY_MS = 5_000;
const READ_AGAIN_LIMIT = 6;
const SETTLING_MS = 8_000;
const OWN_ACKNOWLEDGEMENT_MS = 10_000;
const UNKNOWN_EVERY_MS = 5_000;

/** Something dispatch took away that the technician should know about. */
export interface Taken {
  incident_id: string;
  reason: string;
}

export const known = signal<JobState | null>(null);
export const unknownEngineer = signal(false);
export const region = signal<RegionView | null>(null);
export const waiting = signal<readonly Action[]>([]);
export const conflicts = signal<readonly Conflict[]>([]);
export const stored = signal(true);
export const diversion = signal<Diversion | null>(null);
export const taken = signal<Taken | null>(null);
export const finished = signal<string | null>(null);
/** Sent and taken in, but not yet seen in dispatch's view. */
const settling = signal<readonly Action[]>([]);

export const job = computed(() =>
  known.value === null ? null : project(known.value, [...settling.value, ...waiting.value]),
);

/** Everything of one engineer's page; `close` ends it. */
export class JobPage {
  readonly stream: LiveStream;
  private readonly outbox: Outbox;
  private readonly sender: Sender;
  private readonly stopCounting: () => void;
  /** Incidents whose acknowledgement the page sends by itself: that it came too late is nothing a person did. */
  private readonly ownAcknowledgements = new Set<string>();
  private readonly picture = new Picture();
  private reads = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly engineer_id: string) {
    this.outbox = new Outbox(store(), engineer_id, newKey);
    this.showOutbox();
    this.showKept();
    this.stream = new LiveStream({
      url: "/v1/assignments/stream",
      resync: () => this.resync(),
      onEvents: (events) => this.take(events),
      onEnded: sessionEnded,
    });
    this.sender = new Sender({
      outbox: this.outbox,
      engineer_id,
      onSettled: (action, answer) => this.settled(action, answer),
      onChanged: () => this.showOutbox(),
      onSessionOver: sessionEnded,
    });
    this.stream.link.subscribe(({ status }) => status === "live" && this.connected());
    this.stopCounting = countSeconds(() => this.stream.link.peek().status === "live");
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.stopCounting();
    this.stream.close();
    this.sender.close();
  }

  /** Write down what the technician does, and send it as soon as that can be. */
  act(deed: Deed): void {
    this.outbox.add(deed, phoneTime());
    this.showOutbox();
    this.sender.wake();
  }

  seen(id: string): void {
    this.outbox.seen(id);
    this.showOutbox();
  }

  private connected(): void {
    this.sender?.wake();
    void this.readJob();
  }

  private async resync(): Promise<string | null> {
    await this.readJob();
    return null; // the stream starts at its end; the job is read again once it is open
  }

  private take(events: StreamEvent[]): void {
    for (const event of events) {
      if (event.event === "clock") hear(JSON.parse(event.data) as { now: string | null; clock: "wall" | "feed" });
      else if (event.event === "decision") this.decided(decisionFrom(JSON.parse(event.data) as Decision));
    }
  }

  private decided(decision: Decision): void {
    if (decision.engineer_id !== this.engineer_id) return;
    settling.value = settling.peek().filter(({ deed }) => !(deed.type === "status" && deed.status === decision.kind));
    if (decision.kind === "refused" || decision.kind === "conflicted") {
      if (this.ownAcknowledgements.has(decision.incident_id ?? "")) return this.readSoon(150);
      this.outbox.heard(decision.id, decision.incident_id, decision.reason ?? decision.kind, decision.detail ?? "");
      this.showOutbox();
      return;
    }
    const before = known.peek()?.incident?.incident_id ?? null;
    if (!this.picture.apply(decision)) return;
    this.tellChanges(decision, before);
    this.show();
    this.readSoon(100);
  }

  /** Say what was taken away, turned round or finished. */
  private tellChanges(decision: Decision, before: string | null): void {
    const incident_id = decision.incident_id;
    if (!incident_id) return;
    if (decision.kind === "assigned" && decision.diverted_from)
      diversion.value = { from: decision.diverted_from, to: incident_id, epoch: decision.epoch ?? 0 };
    const loud = !["diverted", "declined"].includes(decision.reason ?? "");
    if (decision.kind === "withdrawn" && loud) taken.value = { incident_id, reason: decision.reason ?? "withdrawn" };
    if (decision.kind === "cancelled" && before === incident_id) taken.value = { incident_id, reason: "cancelled" };
    if (decision.kind === "resolved") finished.value = incident_id;
    if (decision.kind === "assigned") taken.value = finished.value = null;
  }

  private settled(action: Action, answer: Answer | null): void {
    const { deed } = action;
    if (deed.type === "status" && deed.status === "acknowledged")
      setTimeout(() => this.ownAcknowledgements.delete(deed.incident_id), OWN_ACKNOWLEDGEMENT_MS);
    if (answer === null) {
      settling.value = [...settling.peek(), action];
      setTimeout(() => {
        settling.value = settling.peek().filter((other) => other.key !== action.key);
      }, SETTLING_MS);
    } else if (answer.decision) this.decided(decisionFrom(answer.decision));
    this.readSoon(answer === null ? 1_000 : 150);
  }

  private readSoon(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.readJob().catch(() => undefined), ms);
  }

  private async readJob(): Promise<void> {
    let view: JobView;
    try {
      view = jobFrom(await read<SparseJob>(`/v1/engineers/${encodeURIComponent(this.engineer_id)}/job`));
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 404) {
        unknownEngineer.value = true;
        if (!this.closed) this.readSoon(UNKNOWN_EVERY_MS);
        return;
      }
      throw error;
    }
    unknownEngineer.value = false;
    if (view.now) tick(Date.parse(view.now));
    if (this.isOld(view) && ++this.reads < READ_AGAIN_LIMIT) return this.readSoon(READ_AGAIN_MS);
    this.reads = 0;
    this.noticeDiversion(view);
    this.adopt(view);
    if (waitsForCrew(view.incident)) this.readSoon(CREW_EVERY_MS);
    void this.readRegion(view.engineer.region);
  }

  /** The read model may be a moment behind the stream. */
  private isOld(view: JobView): boolean {
    const now = known.peek();
    if (!now) return false;
    if (now.incident && view.incident) return isBehind(view.incident, now.incident);
    return now.incident !== null && view.incident === null && now.incident.state === "assigned";
  }

  /** The job changed while the page was away, and the old one was not done: that is a diversion too. */
  private noticeDiversion(view: JobView): void {
    const before = known.peek()?.incident;
    const next = view.incident;
    if (!before || !next || before.incident_id === next.incident_id || next.acknowledged) return;
    if (["resolved", "cancelled"].includes(before.state) || diversion.peek()?.to === next.incident_id) return;
    diversion.value = { from: before.incident_id, to: next.incident_id, epoch: next.epoch };
  }

  private adopt(view: JobView): void {
    this.picture.load({
      now: view.now, clock: "wall", regions: [], kpi: [], last_event_id: "",
      incidents: view.incident ? [view.incident] : [],
      engineers: [view.engineer],
    });
    this.show();
  }

  private show(): void {
    const engineer = this.picture.engineers.get(this.engineer_id);
    if (!engineer) return;
    const incident = this.picture.incidents.get(engineer.incident_id ?? "");
    batch(() => {
      known.value = { engineer: { ...engineer }, incident: incident ? { ...incident } : null };
      this.acknowledge(known.value.incident);
    });
    this.keep(known.peek()!);
  }

  /** What the stream told is kept as well: the connection may be gone before the next read. */
  private keep(view: JobState): void {
    const at = logTime.peek();
    const now = at === null ? null : new Date(at).toISOString();
    keepJob(this.engineer_id, { ...view, now, diversion: diversion.peek() });
  }

  /** The phone has the assignment: say so by itself, but for a diversion, which a person must have seen. */
  private acknowledge(incident: IncidentView | null): void {
    if (!incident || incident.acknowledged || incident.state !== "assigned") return;
    if (diversion.peek()?.to === incident.incident_id) return;
    const said = [...settling.peek(), ...this.outbox.waiting].some(
      ({ deed }) => deed.type === "status" && deed.incident_id === incident.incident_id && deed.epoch === incident.epoch,
    );
    if (said) return;
    this.ownAcknowledgements.add(incident.incident_id);
    this.status(incident, "acknowledged");
  }

  status(incident: IncidentView, status: Extract<Deed, { type: "status" }>["status"], reason: string | null = null): void {
    if (diversion.peek()?.to === incident.incident_id) diversion.value = null;
    const { incident_id, epoch } = incident;
    this.act({ type: "status", incident_id, epoch, status, reason, place: null });
  }

  /** Say how many minutes the work will still take. */
  estimate({ incident_id, epoch }: IncidentView, minutes_left: number): void {
    this.act({ type: "work-estimate", incident_id, epoch, minutes_left });
  }

  private showKept(): void {
    const kept = keptJob(this.engineer_id);
    if (!kept) return;
    diversion.value = kept.diversion;
    if (kept.now && logTime.peek() === null) tick(Date.parse(kept.now));
    this.picture.load({
      now: kept.now, clock: "wall", regions: [], kpi: [], last_event_id: "",
      incidents: kept.incident ? [kept.incident] : [],
      engineers: [kept.engineer],
    });
    known.value = { engineer: kept.engineer, incident: kept.incident };
  }

  private async readRegion(name: string): Promise<void> {
    if (region.peek()?.region === name) return;
    try {
      region.value = regionFrom(await read<RegionView>(`/v1/regions/${encodeURIComponent(name)}`));
    } catch {
      // without its terms the page shows UTC and straight distances
    }
  }

  private showOutbox(): void {
    batch(() => {
      waiting.value = [...this.outbox.waiting];
      conflicts.value = [...this.outbox.conflicts];
      stored.value = this.outbox.stored;
    });
  }
}
