// How strained a region is, in a word and figures, from the load that its fold publishes; pure.
import { TIERS } from "../tiers";
import type { RegionAtDesk, RegionLoad } from "./wire";

export type Strain = "unknown" | "calm" | "strained" | "overloaded";

const HOUR_MS = 3_600_000;
/** From so many hours of waiting work for each engineer on duty. */
const STRAINED_H = 1;
const OVERLOADED_H = 3;
const ORDER: readonly Strain[] = ["overloaded", "strained", "unknown", "calm"];

export const waitingOf = (load: RegionLoad): number => TIERS.reduce((sum, tier) => sum + (load.waiting[tier] ?? 0), 0);

export const waitingWorkH = (load: RegionLoad): number =>
  Object.values(load.waiting_work_ms).reduce((sum, ms) => sum + ms, 0) / HOUR_MS;

/** Hours of work that wait for each engineer on duty; infinite where work waits and nobody is. */
export function backlogH(load: RegionLoad): number {
  const work = waitingWorkH(load);
  if (load.on_duty > 0) return work / load.on_duty;
  return waitingOf(load) > 0 ? Infinity : 0;
}

/** A promise that will break is never calm; the hours that wait for each engineer decide the rest. */
export function strainOf(load: RegionLoad | null): Strain {
  if (load === null) return "unknown";
  const backlog = backlogH(load);
  if (backlog >= OVERLOADED_H) return "overloaded";
  return backlog >= STRAINED_H || load.breaking > 0 ? "strained" : "calm";
}

/** The most strained first, then those with more promises about to break, then by name. */
export function byStrain(regions: readonly RegionAtDesk[]): RegionAtDesk[] {
  const rank = ({ load }: RegionAtDesk): number => ORDER.indexOf(strainOf(load));
  return [...regions].sort(
    (a, b) => rank(a) - rank(b) || (b.load?.breaking ?? 0) - (a.load?.breaking ?? 0) || (a.region < b.region ? -1 : 1),
  );
}
