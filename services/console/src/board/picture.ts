// The board's picture of the regions: a snapshot and every decision after it; pure, each decision applied once.
import type { BoardView, Decision, EngineerView, IncidentView, LockKind, Place, RegionKpi, RegionView } from "../wire";

/** A journey as decided: dots move along it between position fixes. */
export interface Journey {
  from: Place;
  to: Place;
  departsMs: number;
  arrivesMs: number;
}

const ENDED: readonly string[] = ["resolved", "cancelled"];
const KEEP_ENDED_MS = 3_600_000;

export const isOpen = (incident: IncidentView): boolean => !ENDED.includes(incident.state);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Regions, incidents and engineers as the decisions so far leave them. */
export class Picture {
  readonly regions = new Map<string, RegionView>();
  readonly incidents = new Map<string, Mutable<IncidentView>>();
  readonly engineers = new Map<string, Mutable<EngineerView>>();
  readonly journeys = new Map<string, Journey>();
  kpi: RegionKpi[] = [];
  /** Per region: the log and the last (offset, n) applied. */
  private readonly marks = new Map<string, { log: string; offset: number; n: number }>();

  /** Start again from a snapshot. */
  load(view: BoardView): void {
    this.regions.clear();
    this.incidents.clear();
    this.engineers.clear();
    for (const region of view.regions) {
      this.regions.set(region.region, region);
      this.marks.set(region.region, { log: region.log, offset: region.offset, n: Number.MAX_SAFE_INTEGER });
    }
    for (const incident of view.incidents) this.incidents.set(incident.incident_id, { ...incident });
    for (const engineer of view.engineers) this.engineers.set(engineer.engineer_id, { ...engineer });
    this.kpi = view.kpi;
    for (const [id] of this.journeys) {
      const engineer = this.engineers.get(id);
      if (!engineer?.incident_id && !engineer?.post) this.journeys.delete(id);
    }
    const nowMs = view.now ? Date.parse(view.now) : Date.now();
    for (const incident of view.incidents) this.journeyFromViews(incident, nowMs);
    for (const engineer of view.engineers) this.journeyToPost(engineer, nowMs);
  }

  /** False for a region or a log that the snapshot did not have. */
  knows(decision: Decision): boolean {
    return this.regions.has(decision.region) && this.marks.get(decision.region)?.log === decision.log;
  }

  /** Apply one decision; false where it was applied before (redelivery, or older than the snapshot). */
  apply(decision: Decision): boolean {
    const mark = this.marks.get(decision.region);
    const seen =
      mark?.log === decision.log &&
      (decision.offset < mark.offset || (decision.offset === mark.offset && decision.n <= mark.n));
    if (seen) return false;
    this.marks.set(decision.region, { log: decision.log, offset: decision.offset, n: decision.n });
    if (decision.kind === "modes_set") this.setModes(decision);
    if (decision.kind !== "refused" && decision.kind !== "conflicted") {
      this.applyToIncident(decision);
      this.applyToEngineer(decision);
      this.applyToAlerts(decision);
      this.applyToDisaster(decision);
      if (decision.kind === "exercise_ended") this.endExercise(decision.region);
    }
    return true;
  }

  /** Newer position fixes of engineers. */
  moved(engineers: EngineerView[]): void {
    for (const fresh of engineers) {
      const known = this.engineers.get(fresh.engineer_id);
      if (!known) this.engineers.set(fresh.engineer_id, { ...fresh });
      else if ((fresh.fixed_at ?? "") > (known.fixed_at ?? "")) {
        known.place = fresh.place;
        known.fixed_at = fresh.fixed_at;
        known.skills = fresh.skills;
      }
    }
  }

  /** Fill in what decisions do not carry, from the incident as it was read whole. */
  describe(whole: IncidentView): void {
    const known = this.incidents.get(whole.incident_id);
    if (!known) return;
    known.customer_id ??= whole.customer_id;
    known.external_id ??= whole.external_id;
    known.site_id ??= whole.site_id;
    known.equipment_id ??= whole.equipment_id;
    known.language ??= whole.language;
    known.cause_id ??= whole.cause_id;
    known.lock = whole.lock;
    known.locked_to = whole.locked_to;
    known.window_from = whole.window_from;
    known.window_to = whole.window_to;
    known.expected_service_min ??= whole.expected_service_min;
  }

  /** Drop what ended more than an hour ago, so that a board may stay open for days. */
  prune(nowMs: number): void {
    for (const [id, incident] of this.incidents) {
      if (isOpen(incident)) continue;
      const ended = incident.resolved_at ?? incident.restored_at ?? incident.reported_at;
      if (nowMs - Date.parse(ended) > KEEP_ENDED_MS) this.incidents.delete(id);
    }
  }

  private setModes({ region, modes }: Decision): void {
    const view = this.regions.get(region);
    if (!view || !modes) return;
    this.regions.set(region, { ...view, modes: { ...view.modes, ...modes } });
    for (const incident of this.incidents.values()) {
      if (incident.region === region) incident.mode = modes[incident.tier] ?? incident.mode;
    }
  }

  private applyToIncident(decision: Decision): void {
    if (!decision.incident_id) return;
    const incident = this.incidents.get(decision.incident_id) ?? newIncident(decision);
    if (!incident) return;
    this.incidents.set(decision.incident_id, incident);
    if (decision.incident_state) incident.state = decision.incident_state;
    if (decision.epoch != null) incident.epoch = decision.epoch;
    if (decision.late != null) incident.late = decision.late;
    INCIDENT_CHANGES[decision.kind]?.(incident, decision);
  }

  private applyToEngineer(decision: Decision): void {
    if (!decision.engineer_id) return;
    const engineer = this.engineers.get(decision.engineer_id);
    if (!engineer) {
      if (decision.kind === "engineer_registered") this.register(decision);
      return;
    }
    if (decision.engineer_state) engineer.state = decision.engineer_state;
    if (decision.kind === "engineer_changed") changeEngineer(engineer, decision);
    else if (decision.kind === "withdrawn" && decision.reason === "unreachable") engineer.reachable = false;
    else engineer.reachable = true;
    this.applyToJourney(engineer, decision);
  }

  private applyToAlerts({ kind, region, alert, replaces }: Decision): void {
    const known = this.regions.get(region);
    if (!known || !alert) return;
    const others = known.alerts.filter((one) => one.alert !== alert.alert && !replaces?.includes(one.alert));
    const stands = kind === "alert_raised" || kind === "alert_updated";
    this.regions.set(region, { ...known, alerts: stands ? [...others, alert] : others });
  }

  private applyToDisaster({ kind, region, disaster }: Decision): void {
    const known = this.regions.get(region);
    if (!known || (kind !== "disaster_declared" && kind !== "disaster_lifted")) return;
    this.regions.set(region, { ...known, disaster: kind === "disaster_declared" ? disaster : null });
  }

  private endExercise(region: string): void {
    const known = this.regions.get(region);
    if (known) this.regions.set(region, { ...known, exercise_over: true });
  }

  private applyToJourney(engineer: Mutable<EngineerView>, decision: Decision): void {
    if (decision.kind === "posted") {
      engineer.post = decision.place;
      engineer.post_at = decision.arrives_at;
      return this.depart(engineer, decision);
    }
    if (decision.kind === "assigned") {
      engineer.post = engineer.post_at = null;
      engineer.incident_id = decision.incident_id;
      engineer.epoch = decision.epoch;
    }
    if (["assigned", "acknowledged", "en_route"].includes(decision.kind)) return this.depart(engineer, decision);
    const done = decision.kind === "crew_reported" && decision.reason === "resolved";
    const over = done || ["withdrawn", "resolved", "cancelled"].includes(decision.kind);
    if (over && engineer.incident_id === decision.incident_id) {
      engineer.incident_id = null;
      engineer.epoch = null;
    }
    if (over || decision.kind === "on_site") this.journeys.delete(engineer.engineer_id);
    if (decision.kind === "on_site") {
      const site = this.incidents.get(decision.incident_id ?? "")?.place;
      if (site) engineer.place = site;
    }
  }

  /** Travel begins when the phone has the assignment; each decision that knows better replaces the journey. */
  private depart(engineer: EngineerView, decision: Decision): void {
    const to = decision.place ?? this.incidents.get(decision.incident_id ?? "")?.place;
    const from = decision.from_place ?? engineer.place;
    if (!from || !to || !decision.arrives_at) return;
    this.journeys.set(engineer.engineer_id, {
      from,
      to,
      departsMs: Date.parse(decision.decided_at),
      arrivesMs: Date.parse(decision.arrives_at),
    });
  }

  private register(decision: Decision): void {
    if (!decision.engineer_id) return;
    this.engineers.set(decision.engineer_id, {
      engineer_id: decision.engineer_id,
      region: decision.region,
      state: decision.engineer_state ?? "off_shift",
      skills: {},
      languages: [],
      place: null,
      fixed_at: null,
      incident_id: null,
      epoch: null,
      expected_free_at: null,
      post: null,
      post_at: null,
      reachable: true,
      exercise: decision.exercise,
      owner_epoch: 0,
    });
  }

  private journeyToPost({ engineer_id, place, post, post_at, fixed_at }: EngineerView, nowMs: number): void {
    if (!place || !post || !post_at || this.journeys.has(engineer_id)) return;
    const departsMs = Date.parse(fixed_at ?? "") || nowMs;
    this.journeys.set(engineer_id, { from: place, to: post, departsMs, arrivesMs: Date.parse(post_at) });
  }

  private journeyFromViews(incident: IncidentView, nowMs: number): void {
    const id = incident.engineer_id;
    const place = id ? this.engineers.get(id)?.place : null;
    if (!id || !place || !incident.arrives_at || incident.on_site_at || this.journeys.has(id)) return;
    const departsMs = Date.parse(this.engineers.get(id)?.fixed_at ?? "") || nowMs;
    const arrivesMs = Date.parse(incident.arrives_at);
    if (arrivesMs > departsMs) this.journeys.set(id, { from: place, to: incident.place, departsMs, arrivesMs });
  }
}

type Change = (incident: Mutable<IncidentView>, decision: Decision) => void;

const INCIDENT_CHANGES: Partial<Record<Decision["kind"], Change>> = {
  suggested: (incident, decision) => {
    if (!decision.engineer_id) return;
    incident.mode = decision.mode ?? incident.mode;
    incident.suggested = incident.suggested.length < incident.crew ? [...incident.suggested, decision.engineer_id] : [decision.engineer_id];
  },
  suggestion_withdrawn: (incident) => {
    incident.suggested = [];
  },
  locked: (incident, decision) => {
    if (["time", "range", "engineer", "both"].includes(decision.reason ?? "")) incident.lock = decision.reason as LockKind;
  },
  unlocked: (incident) => {
    incident.lock = null;
    incident.locked_to = [];
  },
  assigned: (incident, decision) => {
    const joins = incident.crew > 1 && incident.crew_ids.length > 0 && incident.crew_ids.length < incident.crew;
    incident.crew_ids = incident.crew > 1 && decision.engineer_id ? [...(joins ? incident.crew_ids : []), decision.engineer_id] : [];
    incident.crew_there = [];
    incident.suggested = [];
    incident.engineer_id = incident.crew_ids[0] ?? decision.engineer_id;
    incident.arrives_at = decision.arrives_at;
    incident.acknowledged = false;
  },
  crew_reported: (incident, { engineer_id, reason }) => {
    if (reason === "on_site" && engineer_id) incident.crew_there = [...new Set([...incident.crew_there, engineer_id])];
  },
  crew_complete: (incident) => {
    incident.crew_there = incident.crew_ids;
  },
  withdrawn: (incident, decision) => {
    incident.engineer_id = null;
    incident.crew_ids = incident.crew_there = [];
    incident.arrives_at = null;
    incident.acknowledged = false;
    if (decision.reason === "diverted") incident.diversions += 1;
  },
  acknowledged: (incident, decision) => {
    incident.acknowledged = true;
    if (decision.arrives_at) incident.arrives_at = decision.arrives_at;
  },
  accepted: (incident) => {
    incident.acknowledged = true;
  },
  en_route: (incident, decision) => {
    incident.acknowledged = true;
    if (decision.arrives_at) incident.arrives_at = decision.arrives_at;
  },
  on_site: (incident, decision) => {
    incident.acknowledged = true;
    incident.on_site_at = incident.arrives_at = decision.occurred_at ?? decision.decided_at;
  },
  restored: (incident, decision) => {
    incident.restored_at = decision.occurred_at ?? decision.decided_at;
  },
  resolved: (incident, decision) => {
    incident.resolved_at = decision.occurred_at ?? decision.decided_at;
    incident.restored_at ??= incident.resolved_at;
    incident.waits_for = null;
  },
  cancelled: (incident, decision) => {
    incident.resolved_at = decision.decided_at;
    incident.engineer_id = incident.waits_for = null;
  },
  queued: (incident, { reason }) => {
    if (reason === "still_down") incident.restored_at = incident.resolved_at = incident.on_site_at = null;
  },
  swarm_raised: (incident, { crew, lead_id, by, detail, decided_at }) => {
    const before = incident.swarm ?? { members: [], there: [], since: decided_at };
    incident.swarm = { ...before, crew: crew ?? 1, lead_id, by: by ?? "", reason: detail ?? "" };
  },
  swarm_led: (incident, { lead_id }) => {
    if (incident.swarm) incident.swarm = { ...incident.swarm, lead_id };
  },
  swarm_ended: (incident) => {
    incident.swarm = null;
  },
  cause_declared: (incident, { cause_id }) => {
    incident.cause_id = cause_id;
  },
  site_waits: (incident, { waits_for, cause_id }) => {
    incident.waits_for = waits_for;
    incident.cause_id = cause_id;
  },
  site_released: (incident) => {
    incident.waits_for = null;
  },
  promise_broken: (incident) => {
    incident.late = true;
  },
};

function changeEngineer(engineer: Mutable<EngineerView>, decision: Decision): void {
  if (decision.engineer_state !== "available") engineer.post = engineer.post_at = null;
  engineer.reachable = decision.reason !== "unreachable";
  if (decision.engineer_state === "off_shift") engineer.place = null;
  else if (decision.place) engineer.place = decision.place;
}

/** An incident met for the first time, from a decision that describes it. */
function newIncident(decision: Decision): Mutable<IncidentView> | null {
  const { incident_id, tier, product, place, reported_at, promised_at } = decision;
  if (!incident_id || !tier || !product || !place || !reported_at || !promised_at) return null;
  return {
    incident_id, tier, product, place, reported_at, promised_at,
    region: decision.region,
    state: decision.incident_state ?? "waiting",
    level: decision.level ?? 1,
    epoch: decision.epoch ?? 0,
    engineer_id: null, customer_id: null, external_id: null, site_id: null, equipment_id: null,
    language: null, cause_id: null,
    expected_service_min: decision.expected_service_min,
    acknowledged: false,
    arrives_at: null, on_site_at: null, restored_at: null, resolved_at: null,
    late: false,
    diversions: 0,
    crew: decision.crew ?? 1,
    crew_ids: [],
    crew_there: [],
    window_from: decision.window_from,
    window_to: decision.window_to,
    lock: null,
    locked_to: [],
    suggested: [],
    mode: decision.mode ?? "automatic",
    exercise: decision.exercise, swarm_of: decision.swarm_of, swarm: null, waits_for: decision.waits_for,
    timeline: [],
  };
}
