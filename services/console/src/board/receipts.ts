// An incident's receipts: read when its drawer opens, derived in full from the log when somebody asks.
import { useEffect, useState } from "preact/hooks";
import { read, request } from "../api";
import { session } from "../session";
import { durationText } from "../time";
import { ruleText, t } from "../texts";
import type { Candidate, DecisionReceipt, Flip, Receipts } from "../wire";

export const MAY_ASK_WHY = ["dispatcher", "lead", "operator"];
export const DERIVED_WITHIN_MS = 45_000;

export interface Shelf {
  /** By "offset/n", as a timeline's entry names its decision. */
  byPlace: Map<string, DecisionReceipt>;
  now: DecisionReceipt | null;
  state: "stored" | "deriving" | "full" | "failed";
  derive: () => void;
}

/** The stored receipts, read again when `mark` changes; nothing for a role that may not see them. */
export function useReceipts(id: string, mark: string): Shelf {
  const [answer, setAnswer] = useState<Receipts | null>(null);
  const [state, setState] = useState<Shelf["state"]>("stored");
  const signedIn = session.value;
  const may = signedIn.status === "in" && MAY_ASK_WHY.includes(signedIn.me.role);
  const path = `/v1/incidents/${encodeURIComponent(id)}/receipts`;
  useEffect(() => {
    let wanted = true;
    setState("stored");
    if (may) read<Receipts>(path).then((found) => wanted && setAnswer(found), () => wanted && setAnswer(null));
    return () => {
      wanted = false;
    };
  }, [path, mark, may]);
  const derive = (): void => {
    setState("deriving");
    request<Receipts>(`${path}?detail=full`, { signal: AbortSignal.timeout(DERIVED_WITHIN_MS) }).then(
      (found) => {
        setAnswer(found);
        setState("full");
      },
      () => setState("failed"),
    );
  };
  const own = answer?.incident_id === id ? answer : null;
  const byPlace = new Map(own?.receipts.map((receipt) => [`${receipt.offset}/${receipt.n}`, receipt]));
  return { byPlace, now: own?.now ?? null, state, derive };
}

/** Why somebody was not sent, in a few words. */
export function whyNotText(candidate: Candidate): string {
  const words = t().receipt;
  if (candidate.rule) return ruleText(candidate.rule);
  if (candidate.left_out) return words.leftOut[candidate.left_out];
  const more = candidate.plan_cost == null ? null : words.planCost(candidate.plan_cost.toFixed(1));
  const instead = candidate.instead ? words.goesTo(candidate.instead) : null;
  return [more, instead].filter(Boolean).join(" · ");
}

/** A change that would have led to another decision. */
export function flipText(flip: Flip): string {
  const words = t().receipt;
  const then = words.then(flip.then_engineer_id ?? words.nobody);
  if (flip.change === "churn_price_above") return `${words.priceAbove(flip.amount.toFixed(1))} ${then}`;
  if (flip.change === "churn_price_below") return `${words.priceBelow(flip.amount.toFixed(1))} ${then}`;
  const change = words.changes[flip.change];
  return `${change(flip.engineer_id ?? "?", durationText(flip.amount * 1000))} ${then}`;
}

/** The largest cost in sight, to which the bars are drawn. */
export const largestCost = (receipt: DecisionReceipt): number =>
  Math.max(1e-6, ...(receipt.rejected ?? []).flatMap((one) => Object.values(one.cost ?? {}).map(Math.abs)));
