// The wire of the lead's desk: loads, standing proposals, loans and the futures of a fork, as the gateway serves them.
import type { Alert, Disaster, Moment, Place, Polygon, Severity, Tier } from "../wire";

export type LendingMode = "automatic" | "proposed";
export type ProposalState = "standing" | "agreed" | "refused" | "withdrawn";
export type LoanStage = "committed" | "travelling" | "working" | "recalled" | "released" | "returned";
export type Role = "donor" | "receiver" | "both" | "other";

export interface Demand {
  reported: number;
  work_ms: number;
}

/** What of a warning counts for the load. */
export interface Hazard {
  urgency: Alert["urgency"];
  severity: Severity;
  certainty: Alert["certainty"];
  onset: Moment;
  expires: Moment;
}

export interface RegionLoad {
  region: string;
  log: string;
  offset: number;
  at: Moment;
  utc_offset_min: number;
  demand: Record<string, Demand>;
  travel_ms: number;
  arrivals: number;
  waiting: Partial<Record<Tier, number>>;
  waiting_work_ms: Record<string, number>;
  waited_p50_s: number;
  waited_p90_s: number;
  waited_max_s: number;
  breaking: number;
  breaking_within_min: number;
  exercise: boolean;
  on_duty: number;
  home_on_duty: number;
  home_strength: number;
  busy: number;
  able: Record<string, number>;
  free_soon: Record<string, number[]>;
  ms_per_km: number;
  disaster_until: Moment | null;
  alerts: Hazard[];
  centre: Place | null;
  /** As a lead has set it; null where nobody has. */
  lending: LendingMode | null;
  entry_certificates: string[];
  lends_to: string[] | null;
}

export interface PlannedMove {
  engineer_id: string;
  home_region: string;
  to_region: string;
  owner_epoch: number;
  staging: Place;
  until: Moment;
}

export interface MovePlan {
  moves: PlannedMove[];
}

export interface Spread {
  mean: number;
  p10: number;
  p50: number;
  p90: number;
  mean_low?: number | null;
  mean_high?: number | null;
}

export interface RegionFuture {
  incidents: Spread;
  waited_min: Spread;
  broken: Partial<Record<Tier, Spread>>;
  left_waiting: Spread;
  left_work_min: Spread;
  stranded: Spread;
}

/** How far a fork's mean waiting lies from the dispatcher's own (min): measured over `n` futures played by both. */
export interface RolloutBias {
  waited_min: number;
  p10: number;
  p90: number;
  n: number;
}

export interface RegionFork {
  region: string;
  role: Role;
  without: RegionFuture;
  with_move: RegionFuture;
  difference: RegionFuture;
  bias?: RolloutBias | null;
}

/** A move that the home region would refuse now. */
export interface Refusal {
  engineer_id: string;
  rule: string;
  detail: string;
}

export interface MoveJourney {
  engineer_id: string;
  arrives_at: Moment;
  in_hand: string | null;
}

export interface Position {
  region: string;
  log: string;
  next_offset: number;
}

export interface ForkReport {
  at: Moment;
  horizon_min: number;
  futures: number;
  wanted: number;
  plan: MovePlan;
  plan_hash: string;
  positions: Position[];
  refused: Refusal[];
  journeys: MoveJourney[];
  regions: RegionFork[];
  cpu_s_per_future: number;
}

/** What the balance of waiting expects of one pair of regions. */
export interface MoveReason {
  home_region: string;
  to_region: string;
  count: number;
  saved_h: number;
  cost_h: number;
  lacks: Record<string, number>;
  note: string;
}

export interface Consent {
  by: string;
  at: Moment;
}

export interface Proposal {
  proposal_id: string;
  to_region: string;
  version: number;
  plan: MovePlan;
  plan_hash: string;
  by: string;
  reason: string;
  proposed_at: Moment;
  expires_at: Moment;
  reasons: MoveReason[];
  parties: string[];
  consents: Record<string, Consent>;
  state: ProposalState;
  /** Who works there on loan must have these until the loan ends. */
  certificates: string[];
}

export interface RegionAtDesk {
  region: string;
  mode: LendingMode;
  /** Whether who is asking leads it. */
  lead: boolean;
  load: RegionLoad | null;
  disaster: Disaster | null;
  alerts: Alert[];
  polygon: Polygon | null;
  exercise: boolean;
}

export interface LoanView {
  loan_id: string;
  engineer_id: string;
  home_region: string;
  to_region: string;
  stage: LoanStage;
  /** When it reached this stage. */
  since: Moment;
  until: Moment;
  authority: string;
  place: Place | null;
  arrives_at: Moment | null;
  owner_region: string;
}

export interface LoanRefusal {
  loan_id: string;
  engineer_id: string;
  home_region: string;
  to_region: string;
  rule: string;
  detail: string;
  at: Moment;
}

/** Everything the lead's page shows (`GET /v1/lending`). */
export interface LendingView {
  at: Moment | null;
  regions: RegionAtDesk[];
  proposals: Proposal[];
  loans: LoanView[];
  refusals: LoanRefusal[];
}
