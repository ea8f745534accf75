// What is urgent: broken promises with nobody on site first, then by what is left of the promise and its worth.
import type { IncidentView, RegionView, Tier } from "../wire";

export type Group = "broken" | "waiting" | "underWay" | "onSite";

const UNDER_WAY: readonly string[] = ["assigned", "accepted", "en_route"];
const ON_SITE: readonly string[] = ["on_site", "restored"];
const WEIGHT: Record<Tier, number> = { platinum: 8, gold: 3, silver: 1 };

export const isUnderWay = (incident: IncidentView): boolean => UNDER_WAY.includes(incident.state);
export const isOnSite = (incident: IncidentView): boolean => ON_SITE.includes(incident.state);
export const isWaiting = (incident: IncidentView): boolean => !isUnderWay(incident) && !isOnSite(incident);

/** The promised moment has passed and nobody arrived before it. */
export const isBroken = (incident: IncidentView, nowMs: number): boolean =>
  incident.late || (!isOnSite(incident) && Date.parse(incident.promised_at) < nowMs);

export function groupsOf(incident: IncidentView, nowMs: number): Group[] {
  if (isOnSite(incident)) return ["onSite"];
  const state: Group = isUnderWay(incident) ? "underWay" : "waiting";
  return isBroken(incident, nowMs) ? ["broken", state] : [state];
}

/** Smaller is more urgent; milliseconds in the main, so that neighbours differ by time. */
export function urgency(incident: IncidentView, nowMs: number, region?: RegionView): number {
  const weight = region?.terms.weight[incident.tier] ?? WEIGHT[incident.tier];
  const leftMs = Date.parse(incident.promised_at) - nowMs;
  const DAY = 86_400_000;
  if (isOnSite(incident)) return 30 * DAY * 100 + leftMs / weight;
  if (leftMs < 0) {
    // broken: the dearest lateness first, those with somebody under way after those with nobody
    return -60 * DAY * 100 + leftMs * weight + (isUnderWay(incident) ? 20 * DAY * 100 : 0);
  }
  return leftMs / Math.sqrt(weight) + (isUnderWay(incident) ? 10 * DAY * 100 : 0);
}
