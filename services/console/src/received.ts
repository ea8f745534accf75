// The gateway leaves out what is empty: here it becomes null again, once, so that no page meets `undefined`.
import type { BoardView, Decision, EngineerView, IncidentView, JobView, RegionView } from "./wire";

type NullKeys<T> = { [K in keyof T]-?: null extends T[K] ? K : never }[keyof T];
/** A view as it arrives: what may be null may be missing, and so may a timeline. */
export type Sparse<T> = Omit<T, NullKeys<T> | "timeline"> & Partial<Pick<T, NullKeys<T>>> & { timeline?: unknown };
type Nothing<T> = { [K in NullKeys<T>]: null };

const NOTHING_OF_INCIDENT: Nothing<IncidentView> = {
  engineer_id: null, customer_id: null, external_id: null, site_id: null, equipment_id: null, language: null,
  cause_id: null, expected_service_min: null, arrives_at: null, on_site_at: null, restored_at: null, resolved_at: null,
  window_from: null, window_to: null, lock: null, exercise: null, swarm_of: null, swarm: null, waits_for: null,
};
const NOTHING_OF_ENGINEER: Nothing<EngineerView> = {
  place: null, fixed_at: null, incident_id: null, epoch: null, expected_free_at: null,
  post: null, post_at: null, exercise: null,
};
/** What a gateway of an earlier version does not tell. */
const NEVER_MOVED = { owner_epoch: 0 };
const NOTHING_OF_DECISION: Nothing<Decision> = {
  incident_id: null, engineer_id: null, epoch: null, incident_state: null, engineer_state: null, occurred_at: null,
  reason: null, detail: null, tier: null, product: null, level: null, place: null, reported_at: null,
  promised_at: null, travel_time_s: null, arrives_at: null, from_place: null, diverted_from: null,
  expected_service_min: null, work_left_min: null, late: null, crew: null, by: null, mode: null, window_from: null, window_to: null,
  loan: null, handover: null, offers: null, alert: null, replaces: null,
  disaster: null, disaster_id: null, permits: null, follow_up_of: null, exercise: null, swarm_of: null, lead_id: null, cause_id: null, waits_for: null, modes: null, proposal: null, lending: null, changes: null,
};
const NOTHING_OF_REGION: Nothing<RegionView> = { polygon: null, now: null, disaster: null, exercise: null, exercise_over: null };

/** What the gateway's own views, brought forward from decisions, may not have. */
const NOBODY = { crew: 1, crew_ids: [], crew_there: [], locked_to: [], suggested: [], mode: "automatic" as const };

export const incidentFrom = (view: Sparse<IncidentView>): IncidentView => {
  const whole = { ...NOTHING_OF_INCIDENT, ...NOBODY, timeline: [], ...view } as IncidentView;
  const timeline = whole.timeline.map((entry) => ({ ...entry, engineer_id: entry.engineer_id ?? null, reason: entry.reason ?? null }));
  return { ...whole, timeline };
};
export const engineerFrom = (view: Sparse<EngineerView>): EngineerView => ({ ...NOTHING_OF_ENGINEER, ...NEVER_MOVED, ...view });
export const decisionFrom = (view: Sparse<Decision>): Decision => ({ ...NOTHING_OF_DECISION, ...view });
export const regionFrom = (view: Sparse<RegionView>): RegionView => ({ ...NOTHING_OF_REGION, ...view, alerts: view.alerts ?? [], causes: view.causes ?? [] });

export interface SparseBoard extends Omit<BoardView, "regions" | "incidents" | "engineers"> {
  regions: Sparse<RegionView>[];
  incidents: Sparse<IncidentView>[];
  engineers: Sparse<EngineerView>[];
}
export const boardFrom = (view: SparseBoard): BoardView => ({
  ...view,
  now: view.now ?? null,
  regions: view.regions.map(regionFrom),
  incidents: view.incidents.map(incidentFrom),
  engineers: view.engineers.map(engineerFrom),
});

export interface SparseJob {
  now?: string | null;
  engineer: Sparse<EngineerView>;
  incident?: Sparse<IncidentView> | null;
}
export const jobFrom = (view: SparseJob): JobView => ({
  now: view.now ?? null,
  engineer: engineerFrom(view.engineer),
  incident: view.incident ? incidentFrom(view.incident) : null,
});
