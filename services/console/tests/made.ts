// Views and decisions for the tests, complete, with what a test cares about put over them.
import type { Decision, EngineerView, IncidentView, RegionKpi } from "../src/wire";

export const AT = "2026-03-02T10:00:00Z";
export const NOW = Date.parse(AT);
export const minutes = (n: number): string => new Date(NOW + n * 60_000).toISOString();

export const incident = (over: Partial<IncidentView> = {}): IncidentView => ({
  incident_id: "I1", region: "R1", state: "waiting", tier: "gold", product: "core", level: 2,
  place: { lat: 38.7, lon: -9.1 }, reported_at: minutes(-10), promised_at: minutes(110), epoch: 0,
  engineer_id: null, customer_id: null, external_id: null, site_id: null, equipment_id: null, language: null,
  cause_id: null, expected_service_min: 30, acknowledged: false, arrives_at: null, on_site_at: null,
  restored_at: null, resolved_at: null, late: false, diversions: 0, crew: 1, crew_ids: [], crew_there: [],
  window_from: null, window_to: null, lock: null, locked_to: [], suggested: [], mode: "automatic", exercise: null, swarm_of: null, swarm: null, waits_for: null, timeline: [], ...over,
});

export const engineer = (over: Partial<EngineerView> = {}): EngineerView => ({
  engineer_id: "E1", region: "R1", state: "available", skills: { core: 3 }, languages: [],
  place: { lat: 38.8, lon: -9.2 }, fixed_at: AT, incident_id: null, epoch: null, expected_free_at: null, post: null, post_at: null,
  reachable: true, exercise: null, owner_epoch: 0, ...over,
});

export const decision = (offset: number, over: Partial<Decision> = {}): Decision => ({
  id: `L/R1/${offset}/${over.n ?? 0}`, decided_at: AT, log: "L", region: "R1", offset, n: 0, kind: "queued",
  caused_by: "c", incident_id: null, engineer_id: null, epoch: null, incident_state: null, engineer_state: null,
  occurred_at: null, reason: null, detail: null, tier: null, product: null, level: null, place: null,
  reported_at: null, promised_at: null, travel_time_s: null, arrives_at: null, from_place: null,
  diverted_from: null, expected_service_min: null, work_left_min: null, late: null, crew: null, by: null, mode: null, window_from: null,
  window_to: null, loan: null, handover: null, offers: null, alert: null, replaces: null, disaster: null, disaster_id: null,
  permits: null, follow_up_of: null, exercise: null, swarm_of: null, lead_id: null, cause_id: null, waits_for: null, modes: null, proposal: null, lending: null, changes: null, ...over,
});

export const kpi = (start: number, over: Partial<RegionKpi> = {}): RegionKpi => ({
  region: "R1", tier: "gold", window_start: minutes(start), window_end: minutes(start + 15),
  reported: 0, assigned: 0, restored: 0, late: 0, ...over,
});
