// A plan of moves: who takes part, what differs between two of them, whose word is missing; pure.
import { distanceM } from "../map/projection";
import type { Moment } from "../wire";
import type { MovePlan, PlannedMove, Proposal, RegionAtDesk } from "./wire";

export type Change =
  | { what: "added" | "takenOut"; move: PlannedMove }
  | { what: "until"; move: PlannedMove; before: Moment }
  | { what: "staging"; move: PlannedMove; away_km: number }
  | { what: "owner"; move: PlannedMove };

const byName = (a: PlannedMove, b: PlannedMove): number => (a.engineer_id < b.engineer_id ? -1 : 1);

export const movesOf = (plan: MovePlan): PlannedMove[] => [...plan.moves].sort(byName);

/** Every region a plan speaks of: the receivers first, then the donors. */
export function regionsOf(plan: MovePlan): string[] {
  const receivers = new Set(plan.moves.map((move) => move.to_region));
  const donors = new Set(plan.moves.map((move) => move.home_region));
  return [...[...receivers].sort(), ...[...donors].filter((region) => !receivers.has(region)).sort()];
}

function changesOfMove(before: PlannedMove, after: PlannedMove): Change[] {
  const found: Change[] = [];
  if (Date.parse(before.until) !== Date.parse(after.until)) found.push({ what: "until", move: after, before: before.until });
  const away = distanceM(before.staging, after.staging);
  if (away >= 1) found.push({ what: "staging", move: after, away_km: away / 1000 });
  if (before.owner_epoch !== after.owner_epoch) found.push({ what: "owner", move: after });
  return found;
}

/** What the second plan has otherwise than the first, in the order of the engineers. */
export function changesOf(before: MovePlan, after: MovePlan): Change[] {
  const old = new Map(before.moves.map((move) => [move.engineer_id, move]));
  const fresh = new Map(after.moves.map((move) => [move.engineer_id, move]));
  const names = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return names.flatMap((name): Change[] => {
    const [was, is] = [old.get(name), fresh.get(name)];
    if (was && is && (was.home_region !== is.home_region || was.to_region !== is.to_region))
      return [{ what: "takenOut", move: was }, { what: "added", move: is }];
    if (was && is) return changesOfMove(was, is);
    if (is) return [{ what: "added", move: is }];
    return was ? [{ what: "takenOut", move: was }] : [];
  });
}

/** The parties who have not consented yet. */
export const missingOf = (proposal: Proposal): string[] => proposal.parties.filter((region) => !(region in proposal.consents));

/** The parties whom the caller may speak for. */
export const ownParties = (proposal: Proposal, regions: readonly RegionAtDesk[]): string[] =>
  proposal.parties.filter((party) => regions.some(({ region, lead }) => lead && region === party));

/** Whether a plan moves somebody to or from a drill. */
export const isExercise = (regionNames: readonly string[], regions: readonly RegionAtDesk[]): boolean =>
  regions.some(({ region, exercise }) => exercise && regionNames.includes(region));

/** Engineers by the region that lends them. */
export function byDonor(plan: MovePlan): [string, PlannedMove[]][] {
  const found = new Map<string, PlannedMove[]>();
  for (const move of movesOf(plan)) found.set(move.home_region, [...(found.get(move.home_region) ?? []), move]);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The plan with its people as far as they are kept, all until the given moment where there is one. */
export function amended(plan: MovePlan, kept: ReadonlySet<string>, added: readonly PlannedMove[], until: Moment | null): MovePlan {
  const stay = plan.moves.filter((move) => kept.has(move.engineer_id));
  const fresh = added.filter((move) => !stay.some(({ engineer_id }) => engineer_id === move.engineer_id));
  return { moves: [...stay, ...fresh].map((move) => (until === null ? move : { ...move, until })) };
}

export type CommitState = "notParty" | "over" | "consented" | "outdated" | "otherShown" | "waiting" | "unseen" | "ready";

export interface Shown {
  /** What stands now. */
  proposal: Proposal;
  /** What the lead looks at: the plan named in the commit. */
  looked: Proposal;
  /** The plan whose futures are on the screen; null before the first report. */
  forkHash: string | null;
  /** No report will come: the futures could not be played. */
  forkFailed: boolean;
  own: readonly string[];
}

/** Whether what is shown may be committed: the plan that stands, and the one whose futures were seen. */
export function commitState({ proposal, looked, forkHash, forkFailed, own }: Shown): CommitState {
  if (proposal.state !== "standing") return "over";
  if (own.length === 0) return "notParty";
  if (looked.plan_hash !== proposal.plan_hash) return "outdated";
  if (own.every((region) => region in proposal.consents)) return "consented";
  if (forkHash !== null) return forkHash === looked.plan_hash ? "ready" : "otherShown";
  return forkFailed ? "unseen" : "waiting";
}
