// Who is where until when: each loan as spans of time on one axis; pure.
import type { LoanView } from "./wire";

export type SpanKind = "home" | "journey" | "there" | "way_back" | "overdue";

export interface Span {
  kind: SpanKind;
  fromMs: number;
  toMs: number;
}

export interface Axis {
  fromMs: number;
  toMs: number;
}

const HOUR_MS = 3_600_000;
const QUARTER_MS = 900_000;
/** Before the earliest loan and after the last a little of home is shown. */
const MARGIN_MS = HOUR_MS / 2;
/** Nobody's way home is known before they are on it. */
const MOST_TICKS = 8;
const STEPS_H = [0.5, 1, 2, 3, 6, 12, 24, 48, 96, 168];

/** From just before the first loan to just after the last ends, on quarters of an hour, and never less than three hours. */
export function axisOf(loans: readonly LoanView[], nowMs: number): Axis {
  const from = Math.min(nowMs, ...loans.map((loan) => Date.parse(loan.since))) - MARGIN_MS;
  const to = Math.max(nowMs + 2 * HOUR_MS, ...loans.map((loan) => Date.parse(loan.until))) + MARGIN_MS;
  return { fromMs: Math.floor(from / QUARTER_MS) * QUARTER_MS, toMs: Math.ceil(to / QUARTER_MS) * QUARTER_MS };
}

/** Round moments to write under the axis. */
export function ticksOf({ fromMs, toMs }: Axis, offsetMs: number): number[] {
  const step = (STEPS_H.find((h) => (toMs - fromMs) / (h * HOUR_MS) <= MOST_TICKS) ?? 168) * HOUR_MS;
  const ticks: number[] = [];
  for (let at = Math.ceil((fromMs + offsetMs) / step) * step - offsetMs; at < toMs; at += step) ticks.push(at);
  return ticks;
}

/** Where an engineer is and will be, as far as it is known, without gaps from the axis' start to its end. */
export function spansOf(loan: LoanView, axis: Axis, nowMs: number): Span[] {
  const since = Date.parse(loan.since);
  const until = Date.parse(loan.until);
  const arrives = loan.arrives_at === null ? null : Date.parse(loan.arrives_at);
  const spans: Span[] = [];
  const add = (kind: SpanKind, fromMs: number, toMs: number): void => {
    const [from, to] = [Math.max(axis.fromMs, fromMs), Math.min(axis.toMs, toMs)];
    if (to > from) spans.push({ kind, fromMs: from, toMs: to });
  };
  add("home", axis.fromMs, since);
  if (loan.stage === "released" || loan.stage === "returned") {
    const back = loan.stage === "returned" ? (arrives ?? nowMs) : Math.max(arrives ?? nowMs, nowMs);
    add("way_back", since, back);
    add("home", back, axis.toMs);
    return spans;
  }
  const there = loan.stage === "working" || loan.stage === "recalled" ? (arrives ?? since) : (arrives ?? Math.max(nowMs, since));
  add("journey", since, there);
  const leaves = loan.stage === "recalled" ? Math.max(nowMs, there) : Math.max(until, there);
  add("there", there, leaves);
  if (nowMs > leaves) add("overdue", leaves, nowMs);
  add("home", Math.max(leaves, nowMs), axis.toMs);
  return spans;
}

/** What one may still ask of a loan. */
export const mayExtend = ({ stage }: LoanView): boolean => stage === "committed" || stage === "travelling" || stage === "working";
export const mayRecall = mayExtend;

/** Those still out before those who are back; who ends sooner first. */
export function inOrder(loans: readonly LoanView[]): LoanView[] {
  const over = ({ stage }: LoanView): number => Number(stage === "returned");
  return [...loans].sort((a, b) => over(a) - over(b) || Date.parse(a.until) - Date.parse(b.until) || (a.engineer_id < b.engineer_id ? -1 : 1));
}
