// What the gateway leaves out because it is empty becomes null or empty again, once.
import type { Sparse } from "../received";
import type { ForkReport, LendingView, LoanRefusal, LoanView, Proposal, RegionAtDesk, RegionLoad } from "./wire";

type Loose<T> = Partial<T>;

type SparseLoad = Loose<RegionLoad> & Pick<RegionLoad, "region" | "log" | "offset" | "at">;
type SparseRegion = Loose<Omit<RegionAtDesk, "load">> & { region: string; load?: SparseLoad | null };

const loadFrom = (load: SparseLoad): RegionLoad => ({
  utc_offset_min: 0, demand: {}, travel_ms: 0, arrivals: 0, waiting: {}, waiting_work_ms: {}, waited_p50_s: 0, waited_p90_s: 0,
  waited_max_s: 0, breaking: 0, breaking_within_min: 0, exercise: false, on_duty: 0, home_on_duty: 0, home_strength: 0, busy: 0, able: {},
  free_soon: {}, ms_per_km: 0, disaster_until: null, alerts: [], centre: null,
  lending: null, entry_certificates: [], lends_to: null, ...load,
});

const regionFrom = (region: SparseRegion): RegionAtDesk => ({
  mode: "proposed", lead: false, disaster: null, alerts: [], polygon: null, exercise: false, ...region,
  load: region.load ? loadFrom(region.load) : null,
});

const loanFrom = (loan: Sparse<LoanView>): LoanView => ({ place: null, arrives_at: null, ...loan });

export interface SparseLending {
  at?: string | null;
  regions?: SparseRegion[];
  proposals?: (Loose<Proposal> & Pick<Proposal, "proposal_id" | "to_region" | "plan" | "plan_hash" | "by" | "proposed_at" | "expires_at">)[];
  loans?: Sparse<LoanView>[];
  refusals?: (Loose<LoanRefusal> & Omit<LoanRefusal, "detail">)[];
}

export type SparseProposal = NonNullable<SparseLending["proposals"]>[number];

export const proposalFrom = (proposal: SparseProposal): Proposal => ({
  version: 1, reason: "", certificates: [], reasons: [], parties: [], consents: {}, state: "standing", ...proposal, plan: { moves: proposal.plan.moves ?? [] },
});

export const lendingFrom = (view: SparseLending): LendingView => ({
  at: view.at ?? null,
  regions: (view.regions ?? []).map(regionFrom),
  proposals: (view.proposals ?? []).map(proposalFrom),
  loans: (view.loans ?? []).map(loanFrom),
  refusals: (view.refusals ?? []).map((refusal) => ({ ...refusal, detail: refusal.detail ?? "" })),
});

export const reportFrom = (report: Loose<ForkReport> & Omit<ForkReport, "refused" | "journeys">): ForkReport => ({
  ...report,
  plan: { moves: report.plan?.moves ?? [] },
  refused: report.refused ?? [],
  journeys: (report.journeys ?? []).map((journey) => ({ ...journey, in_hand: journey.in_hand ?? null })),
});
