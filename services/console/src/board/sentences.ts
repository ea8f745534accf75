// Every decision as a sentence for people, with its reason and how much it deserves to be looked at.
import { reasonText, ruleText, t } from "../texts";
import { clockText, durationText, toMs } from "../time";
import type { IconName } from "../icons";
import type { Decision, IncidentView } from "../wire";

export type Exception = "promise_broken" | "conflicted" | "unreachable" | "declined" | "refused";

export interface Line {
  icon: IconName;
  tone: "plain" | "good" | "moving" | "warn" | "bad";
  sentence: string;
  reason: string | null;
}

/** Which exception a decision is, if any. */
export function exceptionOf(decision: Decision): Exception | null {
  if (decision.kind === "promise_broken" || decision.kind === "conflicted" || decision.kind === "refused")
    return decision.kind;
  if (decision.reason === "unreachable" && ["withdrawn", "engineer_changed"].includes(decision.kind))
    return "unreachable";
  if (decision.kind === "withdrawn" && decision.reason === "declined") return "declined";
  return null;
}

/** Decisions that are told by another line, or that are only book-keeping, are not shown. */
export const isShown = (decision: Decision): boolean =>
  !["region_defined", "engineer_registered", "crew_complete"].includes(decision.kind) &&
  !(decision.kind === "withdrawn" && decision.reason === "diverted");

const join = (...parts: (string | null | undefined)[]): string | null => {
  const said = parts.filter((part): part is string => !!part);
  return said.length > 0 ? said.join(" · ") : null;
};

const whyOf = (decision: Decision): string | null =>
  join(decision.reason ? wordOf(decision) : null, decision.detail, decision.by ? t().stream.by(decision.by) : null);

/** A refusal names a hard rule or another fixed word; what nobody can serve names its rule. */
const wordOf = ({ kind, reason }: Decision): string =>
  ["refused", "queued", "unservable"].includes(kind) && (reason ?? "") in t().rules ? ruleText(reason ?? "") : reasonText(reason ?? "");

/** Tells one kind; `known` is the incident as the board has it, for what the decision does not carry. */
type Teller = (decision: Decision, zone: string, known: IncidentView | undefined) => Line;

const incidentOf = (decision: Decision): string => decision.incident_id ?? "?";
const engineerOf = (decision: Decision): string => decision.engineer_id ?? "?";

function assigned(decision: Decision, zone: string): Line {
  const words = t().stream;
  const sentence = decision.diverted_from
    ? words.turned(engineerOf(decision), decision.diverted_from, incidentOf(decision))
    : words.assigned(engineerOf(decision), incidentOf(decision));
  const away = decision.travel_time_s == null ? null : words.away(durationText(decision.travel_time_s * 1000));
  const arrives = decision.arrives_at ? words.arrives(clockText(toMs(decision.arrives_at), zone)) : null;
  const tier = decision.tier ? t().tiers[decision.tier] : null;
  const permits = decision.permits?.map((one) => t().disaster.permitted[one]).join(", ");
  return {
    icon: decision.diverted_from ? "turned" : "sent",
    tone: "moving",
    sentence,
    reason: join(tier, away, arrives, permits, whyOf(decision)),
  };
}

function withdrawn(decision: Decision): Line {
  const words = t().stream;
  const tell = { declined: words.declinedBy, unreachable: words.unreachable }[decision.reason ?? ""];
  const sentence = tell
    ? tell(engineerOf(decision), incidentOf(decision))
    : words.takenBack(incidentOf(decision), engineerOf(decision));
  const why = tell ? decision.detail : whyOf(decision);
  return { icon: "back", tone: exceptionOf(decision) ? "warn" : "plain", sentence, reason: join(why, words.waitsAgain) };
}

function onSite(decision: Decision, _zone: string, known: IncidentView | undefined): Line {
  const words = t().stream;
  const at = decision.occurred_at ?? decision.decided_at;
  const promised = decision.promised_at ?? known?.promised_at;
  const lateMs = promised ? toMs(at) - toMs(promised) : null;
  const promise =
    lateMs === null ? null : lateMs > 0 ? words.lateBy(durationText(lateMs)) : words.inTime;
  return {
    icon: "onSite",
    tone: lateMs !== null && lateMs > 0 ? "warn" : "good",
    sentence: words.onSite(engineerOf(decision), incidentOf(decision)),
    reason: join(promise, whyOf(decision)),
  };
}

function engineerChanged(decision: Decision): Line {
  const words = t().stream;
  if (decision.reason === "unreachable")
    return { icon: "silent", tone: "warn", sentence: words.engineerLost(engineerOf(decision)), reason: decision.detail };
  const state = t().engineerStates[decision.engineer_state ?? "available"];
  return { icon: "person", tone: "plain", sentence: words.engineerNow(engineerOf(decision), state), reason: whyOf(decision) };
}

function restored(decision: Decision, _zone: string, known: IncidentView | undefined): Line {
  const at = toMs(decision.occurred_at ?? decision.decided_at);
  const reported = decision.reported_at ?? known?.reported_at;
  const after = reported ? t().stream.after(durationText(at - toMs(reported))) : null;
  return {
    icon: "restored",
    tone: "good",
    sentence: decision.engineer_id
      ? t().stream.restored(incidentOf(decision), decision.engineer_id)
      : t().gathering.back(incidentOf(decision)),
    reason: join(after, whyOf(decision)),
  };
}

const simple =
  (icon: IconName, tone: Line["tone"], sentence: (decision: Decision) => string): Teller =>
  (decision) => ({ icon, tone, sentence: sentence(decision), reason: whyOf(decision) });

/** A warning by its event, its region, how bad it is, and until when it holds. */
const alertTold =
  (sentence: (event: string) => string): Teller =>
  (decision, zone) => {
    const alert = decision.alert;
    const words = t().alerts;
    const bad = alert ? words.severities[alert.severity] : null;
    const until = alert ? words.until(clockText(toMs(alert.expires), zone)) : null;
    const ends = decision.kind === "alert_cancelled" || decision.kind === "alert_expired";
    return {
      icon: "broken",
      tone: ends ? "plain" : "warn",
      sentence: sentence(alert?.event ?? "?"),
      reason: join(decision.region, ends ? whyOf(decision) : join(bad, until)),
    };
  };

const movesOf = (decision: Decision): number => decision.proposal?.plan.moves.length ?? 0;

const who = (decision: Decision): string => join(decision.engineer_id, decision.incident_id) ?? "?";

const TELLERS: Record<Decision["kind"], Teller> = {
  region_defined: simple("person", "plain", (d) => t().stream.regionNew(d.region)),
  engineer_registered: simple("person", "plain", (d) => t().stream.engineerNew(engineerOf(d))),
  engineer_changed: engineerChanged,
  queued: simple("waiting", "plain", (d) =>
    t().stream.queued(incidentOf(d), d.tier ? t().tiers[d.tier] : "?", d.product ?? "?"),
  ),
  posted: (d, zone) => {
    const words = t().stream;
    const away = d.travel_time_s == null ? null : words.away(durationText(d.travel_time_s * 1000));
    const arrives = d.arrives_at ? words.arrives(clockText(toMs(d.arrives_at), zone)) : null;
    return { icon: "moving", tone: "moving", sentence: words.posted(engineerOf(d)), reason: join(away, arrives, whyOf(d)) };
  },
  work_estimated: simple("clock", "plain", (d) =>
    t().stream.estimated(engineerOf(d), incidentOf(d), durationText((d.work_left_min ?? 0) * 60_000)),
  ),
  assigned,
  withdrawn,
  acknowledged: simple("heard", "plain", (d) => t().stream.acknowledged(engineerOf(d), incidentOf(d))),
  accepted: simple("accepted", "plain", (d) => t().stream.accepted(engineerOf(d), incidentOf(d))),
  en_route: simple("moving", "moving", (d) => t().stream.enRoute(engineerOf(d), incidentOf(d))),
  on_site: onSite,
  restored,
  resolved: simple("resolved", "good", (d) =>
    d.engineer_id ? t().stream.resolved(incidentOf(d), d.engineer_id) : t().gathering.closed(incidentOf(d)),
  ),
  cancelled: simple("cancelled", "plain", (d) => t().stream.cancelled(incidentOf(d))),
  unservable: simple("broken", "bad", (d) => t().stream.unservable(incidentOf(d))),
  suggested: simple("person", "moving", (d) =>
    d.mode === "shadow" ? t().stream.shadowed(engineerOf(d), incidentOf(d)) : t().stream.suggested(engineerOf(d), incidentOf(d)),
  ),
  suggestion_withdrawn: simple("back", "plain", (d) => t().stream.notSuggested(incidentOf(d))),
  crew_reported: simple("person", "plain", (d) =>
    t().stream.crewReported(engineerOf(d), incidentOf(d), t().timeline[d.reason ?? ""] ?? reasonText(d.reason ?? "")),
  ),
  crew_complete: simple("onSite", "good", (d) => t().stream.crewComplete(engineerOf(d), incidentOf(d))),
  locked: simple("lock", "plain", (d) => t().stream.locked(incidentOf(d))),
  unlocked: simple("lock", "plain", (d) => t().stream.unlocked(incidentOf(d))),
  modes_set: simple("person", "warn", (d) => t().stream.modesSet(d.region)),
  lending_offered: simple("person", "plain", (d) => t().stream.lendingOffered(d.region, d.offers?.length ?? 0)),
  lending_committed: simple("moving", "moving", (d) => t().stream.lent(engineerOf(d), d.loan?.home_region ?? "?", d.loan?.to_region ?? "?")),
  lending_travelling: simple("moving", "moving", (d) => t().stream.lendingTravels(engineerOf(d), d.region)),
  lending_working: simple("person", "good", (d) => t().stream.lendingWorks(engineerOf(d), d.region)),
  lending_extended: simple("clock", "plain", (d) => t().stream.lendingExtended(engineerOf(d), d.region)),
  lending_recalled: simple("back", "plain", (d) => t().stream.lendingRecalled(engineerOf(d))),
  lending_released: simple("back", "moving", (d) => t().stream.lendingReleased(engineerOf(d), d.region)),
  lending_returned: simple("person", "good", (d) => t().stream.lendingReturned(engineerOf(d), d.region)),
  lending_set: simple("person", "warn", (d) => t().stream.lendingSet(d.region, d.lending ?? "proposed")),
  plan_proposed: simple("waiting", "warn", (d) => t().stream.plan.proposed(movesOf(d), d.region)),
  plan_amended: simple("turned", "warn", (d) => t().stream.plan.amended(movesOf(d), d.region)),
  plan_consented: simple("accepted", "plain", (d) => t().stream.plan.consented(movesOf(d), d.region)),
  plan_refused: simple("refused", "warn", (d) => t().stream.plan.refused(d.region)),
  plan_agreed: simple("accepted", "good", (d) => t().stream.plan.agreed(movesOf(d), d.region)),
  plan_withdrawn: simple("back", "plain", (d) => t().stream.plan.withdrawn(d.region)),
  disaster_declared: (d, zone) => {
    const words = t().disaster;
    const permits = d.disaster?.permits.map((one) => words.permits[one]).join(", ");
    const until = d.disaster ? words.until(clockText(toMs(d.disaster.until), zone)) : null;
    return { icon: "broken", tone: "bad", sentence: words.declared(d.region), reason: join(until, permits, whyOf(d)) };
  },
  disaster_lifted: simple("resolved", "good", (d) => t().disaster.lifted(d.region)),
  swarm_raised: simple("person", "warn", (d) => t().stream.swarm.raised(incidentOf(d), d.crew ?? 0)),
  swarm_led: simple("person", "plain", (d) => t().stream.swarm.led(d.lead_id ?? engineerOf(d), d.swarm_of ?? incidentOf(d))),
  swarm_joined: simple("onSite", "good", (d) => t().stream.swarm.joined(engineerOf(d), d.swarm_of ?? incidentOf(d))),
  swarm_ended: simple("resolved", "plain", (d) => t().stream.swarm.ended(incidentOf(d))),
  cause_declared: simple("broken", "warn", (d) => t().stream.cause.declared(d.cause_id ?? "?", incidentOf(d))),
  cause_ended: simple("resolved", "plain", (d) => t().stream.cause.ended(d.cause_id ?? "?")),
  site_waits: simple("waiting", "plain", (d) => t().stream.cause.waits(incidentOf(d), d.waits_for ?? "?")),
  site_released: simple("waiting", "plain", (d) => t().stream.cause.released(incidentOf(d))),
  exercise_ended: simple("person", "warn", (d) => t().exercise.ended(d.region)),
  alert_raised: alertTold((event) => t().alerts.raised(event)),
  alert_updated: alertTold((event) => t().alerts.updated(event)),
  alert_cancelled: alertTold((event) => t().alerts.cancelled(event)),
  alert_expired: alertTold((event) => t().alerts.expired(event)),
  promise_broken: simple("broken", "bad", (d) => t().stream.broken(incidentOf(d))),
  refused: simple("refused", "warn", (d) => t().stream.refused(who(d))),
  conflicted: simple("conflict", "bad", (d) => t().stream.conflicted(engineerOf(d))),
};

/** A kind that a newer worker tells and this page does not know is named as it is. */
export const tell: Teller = (decision, zone, known) =>
  (TELLERS[decision.kind] ?? simple("person", "plain", (d) => `${d.kind} ${who(d)}`))(decision, zone, known);
