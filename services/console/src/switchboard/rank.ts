// Who needs help now: called for it, waits alone, has a bad link, is being helped, is away; then by what is at stake.
import { expertsOf, technicianOf } from "../assist/places";
import type { SessionView } from "../assist/wire";
import { urgency } from "../board/urgency";
import type { IncidentView } from "../wire";

export type Need = "called" | "alone" | "badLink" | "helped" | "away";

export interface Site {
  view: SessionView;
  /** Null until it was read, or where it can not be. */
  incident: IncidentView | null;
}

const NEEDS: readonly Need[] = ["called", "alone", "badLink", "helped", "away"];

export function needOf(view: SessionView): Need {
  if (view.help_asked_at !== undefined) return "called";
  if (technicianOf(view) === null) return "away";
  if (expertsOf(view).length === 0) return "alone";
  return view.parties.some(({ role, level }) => role === "technician" && level !== "video") ? "badLink" : "helped";
}

/** Since when it is so, as far as the session tells. */
export const sinceOf = (view: SessionView): number => Date.parse(view.help_asked_at ?? view.opened_at);

/** The order of the wall; who called first is first, then the more urgent incident, then the older session. */
export function ranked(sites: readonly Site[], nowMs: number): Site[] {
  const stake = ({ incident }: Site): number => (incident === null ? Infinity : urgency(incident, nowMs));
  const order = (one: Site, other: Site): number => {
    const need = NEEDS.indexOf(needOf(one.view)) - NEEDS.indexOf(needOf(other.view));
    if (need !== 0) return need;
    const since = sinceOf(one.view) - sinceOf(other.view);
    if (needOf(one.view) === "called" && since !== 0) return since;
    const [mine, yours] = [stake(one), stake(other)];
    if (mine !== yours) return mine < yours ? -1 : 1;
    return since || (one.view.session_id < other.view.session_id ? -1 : 1);
  };
  return [...sites].sort(order);
}
