// The wire as the gateway serves it. tests/e2e/test_wire.py compares these names with the pydantic models.

import type { LendingMode, Proposal } from "./lead/wire";

export type Tier = "platinum" | "gold" | "silver";
export type IncidentState =
  | "reported" | "waiting" | "assigned" | "accepted" | "en_route" | "on_site" | "restored" | "resolved" | "cancelled";
export type EngineerState = "off_shift" | "available" | "en_route" | "on_site" | "on_break";
export type DecisionKind =
  | "region_defined" | "engineer_registered" | "engineer_changed" | "queued" | "posted" | "assigned" | "withdrawn"
  | "acknowledged" | "accepted" | "en_route" | "on_site" | "work_estimated" | "restored" | "resolved"
  | "cancelled" | "promise_broken" | "unservable" | "suggested" | "suggestion_withdrawn" | "crew_reported" | "crew_complete"
  | "locked" | "unlocked" | "modes_set" | "lending_offered" | "lending_committed" | "lending_travelling"
  | "lending_working" | "lending_extended" | "lending_recalled" | "lending_released" | "lending_returned" | "lending_set"
  | "plan_proposed" | "plan_amended" | "plan_consented" | "plan_refused" | "plan_agreed" | "plan_withdrawn" | "disaster_declared"
  | "disaster_lifted" | "swarm_raised" | "swarm_led" | "swarm_joined" | "swarm_ended" | "cause_declared" | "cause_ended"
  | "site_waits" | "site_released" | "exercise_ended" | "alert_raised"
  | "alert_updated" | "alert_cancelled" | "alert_expired" | "refused" | "conflicted";
export type Mode = "shadow" | "suggest" | "automatic";
export type LockKind = "time" | "range" | "engineer" | "both";
export type PhoneStatus =
  | "acknowledged" | "accepted" | "declined" | "en_route" | "on_site" | "restored" | "resolved";
export type ShiftChange = "shift_started" | "shift_ended" | "break_started" | "break_ended";

/** An RFC 3339 instant in UTC. */
export type Moment = string;

export interface Place {
  lat: number;
  lon: number;
}

export interface Polygon {
  type: "Polygon";
  coordinates: [number, number][][];
}

export interface Terms {
  speed_kmh: number;
  circuity: number;
  promise_min: Record<Tier, number>;
  weight: Record<Tier, number>;
  breach_penalty_min: number;
}

export interface RegionRules {
  daily_rest_min: number;
  break_after_min: number;
  break_min: number;
  week_max_min: number;
  /** Who works here on loan must have these until the loan ends. */
  entry_certificates?: string[];
  lends_to?: string[] | null;
}

export type Severity = "Extreme" | "Severe" | "Moderate" | "Minor" | "Unknown";

/** A warning that stands for a region (CAP 1.2). */
export interface Alert {
  alert: string;
  status: "Actual" | "Exercise";
  event: string;
  category: string[];
  urgency: "Immediate" | "Expected" | "Future" | "Past" | "Unknown";
  severity: Severity;
  certainty: "Observed" | "Likely" | "Possible" | "Unlikely" | "Unknown";
  onset: Moment;
  expires: Moment;
  headline: string;
  area: string;
  areas: Polygon[];
}

export type Permit = "off_shift" | "excluded_customers";

/** A declared disaster: who declared it, what it permits, until when. */
export interface Disaster {
  disaster_id: string;
  declared_at: Moment;
  until: Moment;
  permits: Permit[];
  by: string;
  reason: string;
}

/** Many on one incident, with one lead. */
export interface Swarm {
  crew: number;
  lead_id: string | null;
  members: string[];
  there: string[];
  since: Moment;
  by: string;
  reason: string;
}

/** One cause of many sites: they wait until its root is restored. */
export interface Cause {
  cause_id: string;
  root_id: string;
  sites: number;
  tiers: Partial<Record<Tier, number>>;
  since: Moment;
  by: string;
  reason: string;
}

export interface RegionView {
  region: string;
  time_zone: string;
  terms: Terms;
  rules: RegionRules;
  modes: Partial<Record<Tier, Mode>>;
  disaster: Disaster | null;
  alerts: Alert[];
  /** A drill on a copy of the region before the dot; `exercise_over`: it has ended. */
  exercise: boolean | null;
  exercise_over: boolean | null;
  causes: Cause[];
  polygon: Polygon | null;
  log: string;
  offset: number;
  now: Moment | null;
  waiting: number;
  engineers_by_state: Record<string, number>;
}

export interface TimelineEntry {
  at: Moment;
  kind: string;
  engineer_id: string | null;
  reason: string | null;
  offset: number;
  n: number;
  session_id?: string | null;
}

export interface IncidentView {
  incident_id: string;
  region: string;
  state: IncidentState;
  tier: Tier;
  product: string;
  level: number;
  place: Place;
  reported_at: Moment;
  promised_at: Moment;
  epoch: number;
  engineer_id: string | null;
  customer_id: string | null;
  external_id: string | null;
  site_id: string | null;
  equipment_id: string | null;
  language: string | null;
  cause_id: string | null;
  expected_service_min: number | null;
  acknowledged: boolean;
  arrives_at: Moment | null;
  on_site_at: Moment | null;
  restored_at: Moment | null;
  resolved_at: Moment | null;
  late: boolean;
  diversions: number;
  crew: number;
  crew_ids: string[];
  crew_there: string[];
  window_from: Moment | null;
  window_to: Moment | null;
  lock: LockKind | null;
  locked_to: string[];
  suggested: string[];
  mode: Mode;
  /** Of a drill: nothing of it is real. */
  exercise: boolean | null;
  /** It is a place in the swarm on that incident. */
  swarm_of: string | null;
  swarm: Swarm | null;
  /** The root of its cause: nobody is sent before that is restored. */
  waits_for: string | null;
  timeline: TimelineEntry[];
}

export interface EngineerView {
  engineer_id: string;
  region: string;
  state: EngineerState;
  skills: Record<string, number>;
  languages: string[];
  place: Place | null;
  fixed_at: Moment | null;
  incident_id: string | null;
  epoch: number | null;
  expected_free_at: Moment | null;
  post: Place | null;
  post_at: Moment | null;
  reachable: boolean;
  exercise: boolean | null;
  /** How often they have changed their region: a plan of moves names it. */
  owner_epoch: number;
}

export interface Decision {
  id: string;
  decided_at: Moment;
  log: string;
  region: string;
  offset: number;
  n: number;
  kind: DecisionKind;
  caused_by: string;
  incident_id: string | null;
  engineer_id: string | null;
  epoch: number | null;
  incident_state: IncidentState | null;
  engineer_state: EngineerState | null;
  occurred_at: Moment | null;
  reason: string | null;
  detail: string | null;
  tier: Tier | null;
  product: string | null;
  level: number | null;
  place: Place | null;
  reported_at: Moment | null;
  promised_at: Moment | null;
  travel_time_s: number | null;
  arrives_at: Moment | null;
  from_place: Place | null;
  diverted_from: string | null;
  expected_service_min: number | null;
  work_left_min: number | null;
  late: boolean | null;
  crew: number | null;
  by: string | null;
  mode: Mode | null;
  window_from: Moment | null;
  window_to: Moment | null;
  loan: Loan | null;
  handover: unknown;
  offers: { engineer_id: string }[] | null;
  alert: Alert | null;
  replaces: string[] | null;
  disaster: Disaster | null;
  disaster_id: string | null;
  permits: Permit[] | null;
  follow_up_of: string | null;
  exercise: boolean | null;
  /** It is about a place in the swarm on that incident. */
  swarm_of: string | null;
  lead_id: string | null;
  cause_id: string | null;
  waits_for: string | null;
  modes: Partial<Record<Tier, Mode>> | null;
  /** As it stands after this. */
  proposal: Proposal | null;
  lending: LendingMode | null;
  /** Of an act about an outdated plan: what is other in the one that stands. */
  changes: string[] | null;
}

export interface Loan {
  loan_id: string;
  engineer_id: string;
  home_region: string;
  to_region: string;
  owner_epoch: number;
  until: Moment;
  staging: Place;
  authority: string;
}

export interface RegionKpi {
  region: string;
  tier: Tier;
  window_start: Moment;
  window_end: Moment;
  reported: number;
  assigned: number;
  restored: number;
  late: number;
}

export type ReceiptKind = "assigned" | "waiting";
export type LeftOut = "committed" | "not_listed";
export type Basis = "matching" | "crew" | "person";
export type WhyWaiting = "nobody_may_go" | "planned" | "others_first" | "nobody_listed" | "crew_incomplete" | "cause";
export type FlipChange = "nearer" | "free_sooner" | "farther" | "churn_price_below" | "churn_price_above";

/** One engineer as a decision saw them; what does not apply is left out. */
export interface Candidate {
  engineer_id: string;
  travel_time_s?: number;
  free_in_s?: number;
  rule?: string;
  left_out?: LeftOut;
  cost?: Record<string, number>;
  plan_cost?: number;
  instead?: string;
}

export interface Flip {
  change: FlipChange;
  amount: number;
  unit: "s" | "weighted_min";
  engineer_id?: string;
  then_engineer_id?: string;
}

export interface Waiting {
  why: WhyWaiting;
  rules?: Record<string, number>;
  engineer_id?: string;
  free_at?: Moment;
  arrives_at?: Moment;
  plan_cost?: number;
  instead_of?: string;
  waits_for?: string;
}

export interface DecisionReceipt {
  id: string;
  log: string;
  region: string;
  offset: number;
  n: number;
  decided_at: Moment;
  kind: ReceiptKind;
  basis?: Basis;
  incident_id: string;
  epoch: number;
  policy: string;
  policy_version: number;
  travel_version: string;
  considered?: number;
  winner?: Candidate;
  diverted_from?: string;
  waiting?: Waiting;
  rejected?: Candidate[];
  flips?: Flip[];
  disaster_id?: string;
  permits?: Permit[];
}

/** Why it was decided so (`GET /v1/incidents/{id}/receipts`). */
export interface Receipts {
  incident_id: string;
  region: string;
  detail: "stored" | "full";
  receipts: DecisionReceipt[];
  now?: DecisionReceipt;
}

export type PostingChange =
  | "road_price_above" | "road_price_below" | "reports_above" | "reports_below" | "farther" | "nearer";

/** An engineer who would wait at a place: what that saves and what its road costs, in weighted minutes. */
export interface PostingMove {
  engineer_id: string;
  place: Place;
  travel_time_s: number;
  road_km: number;
  saves: number;
  road: number;
}

export interface PostingFlip {
  change: PostingChange;
  amount: number;
  unit: "weighted_min_per_km" | "per_hour" | "s";
  engineer_id?: string;
  then_engineer_id?: string;
  then_place?: Place;
}

export interface PostingReceipt {
  id: string;
  log: string;
  region: string;
  offset: number;
  n: number;
  decided_at: Moment;
  policy: string;
  policy_version: number;
  travel_version: string;
  horizon_min: number;
  reports_per_hour: number;
  considered: number;
  chosen: PostingMove;
  saves_by_kind?: Record<string, number>;
  other_engineers?: PostingMove[];
  other_places?: PostingMove[];
  stays?: Record<string, number>;
  flips?: PostingFlip[];
}

/** Why an engineer waits elsewhere (`GET /v1/engineers/{id}/receipts`). */
export interface PostingReceipts {
  engineer_id: string;
  region: string;
  detail: "stored" | "full";
  receipts: PostingReceipt[];
}

/** Who is signed in (`POST /v1/login`, `GET /v1/me`). */
export interface Me {
  subject: string;
  role: "dispatcher" | "technician" | "expert" | "lead" | "customer" | "operator" | "service";
  regions: string[];
  customer: string | null;
  expires_at: Moment;
  clock: "wall" | "feed";
  now: Moment | null;
}

/** Everything the board starts from (`GET /v1/board`); the stream goes on after `last_event_id`. */
export interface BoardView {
  now: Moment | null;
  clock: "wall" | "feed";
  regions: RegionView[];
  incidents: IncidentView[];
  engineers: EngineerView[];
  kpi: RegionKpi[];
  last_event_id: string;
}

/** What an engineer is on (`GET /v1/engineers/{id}/job`). */
export interface JobView {
  now: Moment | null;
  engineer: EngineerView;
  incident: IncidentView | null;
}
