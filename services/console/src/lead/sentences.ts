// The lead's facts as sentences: why people are to move, what an amendment changed, where somebody is.
import { language, t } from "../texts";
import { durationText, toMs, whenText } from "../time";
import { backlogH, strainOf, waitingOf } from "./load";
import type { Change } from "./plan";
import type { LoanView, MoveReason, RegionLoad } from "./wire";

const COORDINATOR = "muster/surge";

export const numberText = (value: number, digits = 1): string =>
  new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value);

const DAY_H = 24;

/** Hours of work or of waiting, never days: nobody works round the clock. */
export const hoursText = (h: number): string => (h < DAY_H ? durationText(h * 3_600_000) : t().duration.hours(Math.round(h), 0));

/** Who lacks what, each receiver once. */
export function lackSentences(reasons: readonly MoveReason[]): string[] {
  const lacking = new Map(reasons.map((reason) => [reason.to_region, reason.lacks]));
  return [...lacking].flatMap(([region, lacks]) => {
    const parts = Object.entries(lacks)
      .sort(([, a], [, b]) => b - a)
      .map(([product, h]) => t().lead.reasons.work(hoursText(h), product));
    return parts.length > 0 ? [t().lead.reasons.lacks(region, listText(parts))] : [];
  });
}

/** Who can spare whom, and what that saves and costs. */
export function spareSentence(reason: MoveReason): string {
  const { home_region: from, to_region: to, count } = reason;
  const words = t().lead.reasons;
  return [words.spares(from, count), words.balance(hoursText(reason.saved_h), to, hoursText(reason.cost_h), from)].join(" ");
}

/** Why help is expected to be needed, by the coordinator's fixed word; a lead's own words as they are. */
export const alarmText = (word: string): string => t().lead.reasons.alarms[word] ?? word;

/** Who proposed or consented: a person by their subject, the coordinator in words. */
export const whoText = (by: string): string => (by === COORDINATOR ? t().lead.coordinator : by);

/** By whose authority somebody is lent: the policy's, a disaster's, or the leads who agreed. */
export function authorityText(authority: string): string {
  const words = t().lead.loans.authorities;
  if (authority === "automatic" || authority === "disaster") return words[authority];
  return words.people(listText(authority.replace(/^leads:/, "").split("+")));
}

export const listText = (parts: readonly string[]): string =>
  new Intl.ListFormat(language.value, { type: "conjunction" }).format(parts);

export function changeSentence(change: Change, zone: string, nowMs: number): string {
  const words = t().lead.changes;
  const { engineer_id: who, home_region: from, until } = change.move;
  if (change.what === "added") return words.added(who, from);
  if (change.what === "takenOut") return words.takenOut(who, from);
  if (change.what === "until") return words.until(who, whenText(toMs(until), zone, nowMs), whenText(toMs(change.before), zone, nowMs));
  if (change.what === "staging") return words.staging(who, t().common.km(numberText(change.away_km)));
  return words.owner(who);
}

/** How a region stands, in one sentence. */
export function loadSentence(load: RegionLoad | null): string {
  const words = t().lead.load;
  if (load === null) return words.none;
  const strain = t().lead.strains[strainOf(load)];
  const backlog = backlogH(load);
  if (load.on_duty === 0) return words.nobody(strain, waitingOf(load));
  return words.backlog(strain, hoursText(backlog), load.on_duty);
}

export function loanSentence(loan: LoanView, zone: string, nowMs: number): string {
  const words = t().lead.loans;
  const until = whenText(toMs(loan.until), zone, nowMs);
  const arrives = loan.arrives_at === null ? null : whenText(toMs(loan.arrives_at), zone, nowMs);
  switch (loan.stage) {
    case "committed": return words.committed(loan.home_region, loan.to_region, until);
    case "travelling": return words.travelling(loan.to_region, arrives, until);
    case "working": return words.working(loan.to_region, until);
    case "recalled": return words.recalled(loan.to_region);
    case "released": return words.released(loan.home_region, arrives);
    case "returned": return words.returned(loan.home_region);
  }
}
