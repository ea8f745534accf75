// What the technician sees at once: dispatch's view with the phone's unsent actions applied in order; pure.
import type { EngineerState, EngineerView, IncidentState, IncidentView, PhoneStatus, ShiftChange } from "../wire";
import type { Action } from "./outbox";

export interface JobState {
  engineer: EngineerView;
  incident: IncidentView | null;
}

const INCIDENT_AFTER: Partial<Record<PhoneStatus, IncidentState>> = {
  accepted: "accepted", en_route: "en_route", on_site: "on_site", restored: "restored", resolved: "resolved",
};

const ENGINEER_AFTER: Record<ShiftChange, EngineerState> = {
  shift_started: "available", shift_ended: "off_shift", break_started: "on_break", break_ended: "available",
};

/** The job as it will be once everything here has arrived. */
export function project(job: JobState, actions: readonly Action[]): JobState {
  return actions.reduce(applyAction, job);
}

function applyAction(job: JobState, { deed, occurred_at }: Action): JobState {
  if (deed.type === "shift") {
    const ended = deed.change === "shift_ended";
    return { engineer: { ...job.engineer, state: ENGINEER_AFTER[deed.change] }, incident: ended ? null : job.incident };
  }
  if (deed.type === "work-estimate") return job;
  const { incident } = job;
  if (incident?.incident_id !== deed.incident_id || incident.epoch !== deed.epoch) return job;
  if (deed.status === "declined") return { ...job, incident: null };
  const state = INCIDENT_AFTER[deed.status] ?? incident.state;
  return {
    engineer: { ...job.engineer, state: deed.status === "on_site" ? "on_site" : job.engineer.state },
    incident: {
      ...incident,
      state,
      acknowledged: true,
      on_site_at: deed.status === "on_site" ? occurred_at : incident.on_site_at,
      restored_at: deed.status === "restored" ? occurred_at : incident.restored_at,
      resolved_at: deed.status === "resolved" ? occurred_at : incident.resolved_at,
    },
  };
}

const RANK: Record<IncidentState, number> = {
  reported: 0, waiting: 0, assigned: 1, accepted: 2, en_route: 3, on_site: 4, restored: 5, resolved: 6, cancelled: 6,
};

/** Whether a view that was read is behind one already known of the same incident. */
export const isBehind = (read: IncidentView, known: IncidentView): boolean =>
  read.incident_id === known.incident_id &&
  (read.epoch < known.epoch || (read.epoch === known.epoch && RANK[read.state] < RANK[known.state]));

/** The next status in the run of a job, or null where nothing is left to do. */
export function nextStatus(state: IncidentState): PhoneStatus | null {
  const next: Partial<Record<IncidentState, PhoneStatus>> = {
    assigned: "accepted", accepted: "en_route", en_route: "on_site", on_site: "restored", restored: "resolved",
  };
  return next[state] ?? null;
}

export const STEPS: readonly IncidentState[] = ["assigned", "accepted", "en_route", "on_site", "restored"];

/** Whether others of a crew are still on their way. */
export const waitsForCrew = (incident: IncidentView | null): boolean =>
  incident !== null && incident.crew > 1 && incident.crew_there.length < incident.crew && incident.restored_at === null;
