// The board's live state: picture, stream lines, filters and selection; screens are told at most a few times a second.
import { batch, computed, signal } from "@preact/signals";
import { read } from "../api";
import { countSeconds, hear, logTime, resetClock } from "../clock";
import { isDrill } from "../Exercise";
import { LiveStream } from "../live";
import { boardFrom, decisionFrom, engineerFrom, type Sparse, type SparseBoard } from "../received";
import { sessionEnded } from "../session";
import type { StreamEvent } from "../sse";
import type { BoardView, Decision, EngineerState, EngineerView, IncidentView, RegionKpi, Tier } from "../wire";
import { isOpen, Picture } from "./picture";
import { exceptionOf, isShown, type Exception } from "./sentences";
import { groupsOf, urgency, type Group } from "./urgency";

const TOLD_EVERY_MS = 200;
const LINES_KEPT = 400;
const KPI_EVERY_MS = 5_000;
const POSITIONS_EVERY_MS = 10_000;
const PRUNE_EVERY_MS = 60_000;
const PAGES_LIMIT = 20;
const START_OVER_AFTER_MS = 1_000;

export const picture = new Picture();
/** Goes up when the picture changed: whatever reads the picture reads this first. */
export const version = signal(0);
export const loaded = signal(false);
export const lines = signal<readonly Decision[]>([]);

export const regionFilter = signal<string | null>(null);
export const tierFilter = signal<Tier | null>(null);
export const groupFilter = signal<Group | "all">("all");
export const stateFilter = signal<EngineerState | null>(null);
export const streamFilter = signal<"all" | "exceptions" | Exception>("all");
export const selectedIncident = signal<string | null>(null);
/** The decision ("offset/n") whose receipt shall be open in the drawer. */
export const selectedDecision = signal<string | null>(null);
export interface ChosenPosting {
  engineer: string;
  /** "offset/n" of the decision; null: the last one. */
  place: string | null;
}
export const selectedPosting = signal<ChosenPosting | null>(null);
/** The root whose sites alone are listed. */
export const sitesFilter = signal<string | null>(null);
export const modesOpen = signal(false);

export function closeDrawers(): void {
  batch(() => {
    selectedIncident.value = selectedDecision.value = selectedPosting.value = null;
    modesOpen.value = false;
  });
}

export function openModes(): void {
  const wasOpen = modesOpen.peek();
  closeDrawers();
  modesOpen.value = !wasOpen;
}

let changed = false;
let fresh: Decision[] = [];

function markChanged(): void {
  if (changed) return;
  changed = true;
  setTimeout(publish, TOLD_EVERY_MS);
}

function publish(): void {
  changed = false;
  batch(() => {
    if (fresh.length > 0) {
      lines.value = [...fresh.reverse(), ...lines.peek()].slice(0, LINES_KEPT);
      fresh = [];
    }
    version.value += 1;
  });
}

function takeEvents(events: StreamEvent[]): void {
  for (const event of events) {
    if (event.event === "clock") hear(JSON.parse(event.data) as BoardView);
    else if (event.event === "decision") take(decisionFrom(JSON.parse(event.data) as Decision));
  }
}

function take(decision: Decision): void {
  if (!picture.knows(decision)) startOverSoon();
  if (!picture.apply(decision)) return;
  if (isShown(decision)) fresh.push(decision);
  markChanged();
}

let stream: LiveStream | null = null;
let startingOver = false;

/** A region or a log that the snapshot did not have: read everything again, once for many. */
function startOverSoon(): void {
  if (startingOver) return;
  startingOver = true;
  setTimeout(() => {
    startingOver = false;
    stream?.startOver();
  }, START_OVER_AFTER_MS);
}

async function resync(): Promise<string | null> {
  const view = boardFrom(await read<SparseBoard>("/v1/board"));
  const stepsBack = view.now !== null && Date.parse(view.now) < (logTime.peek() ?? 0) - 1000;
  if (stepsBack) resetClock();
  picture.load(view);
  hear(view);
  loaded.value = true;
  markChanged();
  return view.last_event_id;
}

async function readKpi(): Promise<void> {
  picture.kpi = (await read<{ items: RegionKpi[] }>("/v1/kpi")).items;
  markChanged();
}

async function readPositions(): Promise<void> {
  let cursor: string | null = "";
  for (let page = 0; cursor !== null && page < PAGES_LIMIT; page++) {
    const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const answer: { items: Sparse<EngineerView>[]; next_cursor?: string | null } = await read(`/v1/engineers?limit=500${query}`);
    picture.moved(answer.items.map(engineerFrom));
    cursor = answer.next_cursor ?? null;
  }
  markChanged();
}

/** Keep the board live until the returned function is called. */
export function openBoard(): { stream: LiveStream; close: () => void } {
  const opened = new LiveStream({
    url: "/v1/assignments/stream",
    resync,
    onEvents: takeEvents,
    onEnded: sessionEnded,
  });
  stream = opened;
  const isLive = (): boolean => opened.link.peek().status === "live";
  const stopCounting = countSeconds(isLive);
  const quietly = (work: () => Promise<void>) => () => {
    if (!isLive() || document.hidden) return;
    work().catch(() => undefined); // the stream tells that the connection is lost; the next round tries again
  };
  const timers = [
    setInterval(quietly(readKpi), KPI_EVERY_MS),
    setInterval(quietly(readPositions), POSITIONS_EVERY_MS),
    setInterval(() => picture.prune(logTime.peek() ?? Date.now()), PRUNE_EVERY_MS),
  ];
  return {
    stream: opened,
    close: () => {
      timers.forEach(clearInterval);
      stopCounting();
      opened.close();
    },
  };
}

/** Of all regions a drill is none: it is shown where it is chosen, and alone. */
export const isChosen = (region: string): boolean =>
  regionFilter.value === null ? !isDrill(region) : regionFilter.value === region;

const wanted = (region: string, tier?: Tier): boolean =>
  isChosen(region) &&
  (tierFilter.value === null || tier === undefined || tierFilter.value === tier);

export const regions = computed(() => {
  version.value;
  return [...picture.regions.values()].filter(({ exercise_over }) => !exercise_over).sort((a, b) => a.region.localeCompare(b.region));
});

/** The zone that all shown regions share, otherwise UTC. */
export const zone = computed(() => {
  const shown = regions.value.filter((region) => wanted(region.region));
  const first = shown[0]?.time_zone ?? "UTC";
  return shown.every((region) => region.time_zone === first) ? first : "UTC";
});

export const zoneOf = (region: string): string => picture.regions.get(region)?.time_zone ?? "UTC";

/** A site that waits for its root stands in the cause's line, a place in the swarm's; the sites of one on demand. */
const isListed = (incident: IncidentView): boolean =>
  sitesFilter.value === null ? incident.waits_for === null && incident.swarm_of === null : incident.waits_for === sitesFilter.value;

/** Open incidents of the chosen regions and tiers, most urgent first. */
export const openIncidents = computed(() => {
  version.value;
  const now = logTime.peek() ?? Date.now();
  return [...picture.incidents.values()]
    .filter((incident) => isOpen(incident) && wanted(incident.region, incident.tier) && isListed(incident))
    .map((incident) => ({ incident, rank: urgency(incident, now, picture.regions.get(incident.region)) }))
    .sort((a, b) => a.rank - b.rank || a.incident.incident_id.localeCompare(b.incident.incident_id))
    .map(({ incident }) => ({ ...incident }));
});

const ofRegion = (incident: IncidentView): boolean => isOpen(incident) && wanted(incident.region);

/** Roots that sites wait for, and incidents that a swarm works on. */
export const tied = computed(() => {
  version.value;
  const roots = new Set([...picture.incidents.values()].filter((one) => ofRegion(one) && one.waits_for).map((one) => one.waits_for));
  return [...picture.incidents.values()].filter((one) => roots.has(one.incident_id)).map((one) => ({ ...one }));
});
export const swarmed = computed(() => {
  version.value;
  return [...picture.incidents.values()].filter((one) => ofRegion(one) && one.swarm).map((one) => ({ ...one }));
});

/** The sites that wait for a root, and the places of a swarm. */
export const sitesOf = (root: string): IncidentView[] =>
  [...picture.incidents.values()].filter((one) => isOpen(one) && one.waits_for === root);
export const placesOf = (root: string): IncidentView[] =>
  [...picture.incidents.values()].filter((one) => isOpen(one) && one.swarm_of === root);

export const groupCounts = computed(() => {
  const now = logTime.peek() ?? Date.now();
  const counts: Record<Group, number> = { broken: 0, waiting: 0, underWay: 0, onSite: 0 };
  for (const incident of openIncidents.value) for (const group of groupsOf(incident, now)) counts[group] += 1;
  return counts;
});

export const shownIncidents = computed(() => {
  const group = groupFilter.value;
  const now = logTime.peek() ?? Date.now();
  if (group === "all") return openIncidents.value;
  return openIncidents.value.filter((incident) => groupsOf(incident, now).includes(group));
});

export const shownEngineers = computed(() => {
  version.value;
  return [...picture.engineers.values()]
    .filter((engineer) => wanted(engineer.region))
    .sort((a, b) => a.engineer_id.localeCompare(b.engineer_id))
    .map((engineer) => ({ ...engineer }));
});

export const shownLines = computed(() => {
  const filter = streamFilter.value;
  return lines.value.filter((decision) => {
    if (!wanted(decision.region, decision.tier ?? picture.incidents.get(decision.incident_id ?? "")?.tier)) return false;
    if (filter === "all") return true;
    return filter === "exceptions" ? exceptionOf(decision) !== null : exceptionOf(decision) === filter;
  });
});

/** The shown lines with runs of refusals of one engineer and incident as one line, the newest, with their count:
 * a phone that sends its whole story late is one line, not a flood. */
export const groupedLines = computed(() => {
  const kept: Decision[] = [];
  const counts = new Map<string, number>();
  for (const decision of shownLines.value) {
    const last = kept.at(-1);
    const same =
      decision.kind === "refused" && last?.kind === "refused" &&
      last.engineer_id === decision.engineer_id && last.incident_id === decision.incident_id;
    if (same) counts.set(last.id, (counts.get(last.id) ?? 1) + 1);
    else kept.push(decision);
  }
  return { kept, counts };
});

/** Exceptions among the kept lines by kind, in the order of their weight; broken promises are counted as they stand. */
export const attention = computed(() => {
  const counts = new Map<Exception, number>([["promise_broken", groupCounts.value.broken]]);
  for (const decision of lines.value) {
    const kind = exceptionOf(decision);
    if (!kind || kind === "promise_broken" || !wanted(decision.region, decision.tier ?? undefined)) continue;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const order: Exception[] = ["promise_broken", "conflicted", "unreachable", "declined", "refused"];
  return order.map((kind) => ({ kind, count: counts.get(kind) ?? 0 })).filter(({ count }) => count > 0);
});
