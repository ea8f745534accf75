// A receipt: who was sent and who was not, each with the rule or the cost that spoke against them, and what would flip it.
import { t, partText, ruleText } from "../texts";
import { clockText, durationText, toMs } from "../time";
import type { Candidate, DecisionReceipt, Waiting } from "../wire";
import { flipText, largestCost, whyNotText } from "./receipts";

const FIRST_SHOWN = 8;

/** Bars left of the middle speak for the candidate, bars right of it for the winner; the words say it too. */
function CostBars({ cost, largest }: { cost: Record<string, number>; largest: number }) {
  return (
    <span class="cost-parts">
      {Object.entries(cost).map(([part, value]) => {
        const width = (Math.abs(value) / largest) * 30;
        return (
          <span key={part} class={`cost-part ${value > 0 ? "dearer" : "cheaper"}`}>
            <svg width="62" height="8" viewBox="0 0 62 8" aria-hidden="true" focusable="false">
              <path d="M31 0v8" />
              <rect x={value > 0 ? 31 : 31 - width} y="1" width={Math.max(1, width)} height="6" />
            </svg>
            {partText(part)} {value > 0 ? "+" : "−"}{Math.abs(value).toFixed(1)}
          </span>
        );
      })}
    </span>
  );
}

function CandidateRow({ candidate, largest }: { candidate: Candidate; largest: number }) {
  const words = t().receipt;
  const away = candidate.travel_time_s == null ? null : words.away(durationText(candidate.travel_time_s * 1000));
  const free = candidate.free_in_s == null ? null : words.freeIn(durationText(candidate.free_in_s * 1000));
  return (
    <li class={candidate.rule ? "candidate ruled-out" : "candidate"}>
      <span class="candidate-head">
        <b>{candidate.engineer_id}</b>
        <span>{[away, free].filter(Boolean).join(" · ")}</span>
      </span>
      <span class="candidate-why">{whyNotText(candidate)}</span>
      {candidate.cost && <CostBars cost={candidate.cost} largest={largest} />}
    </li>
  );
}

function waitingText(waiting: Waiting, zone: string): string {
  const words = t().receipt;
  const at = (moment: string | undefined): string => (moment ? clockText(toMs(moment), zone) : "?");
  if (waiting.why === "planned") return words.planned(waiting.engineer_id ?? "?", at(waiting.free_at), at(waiting.arrives_at));
  if (waiting.why === "nobody_may_go") return words.nobodyMayGo;
  if (waiting.why === "crew_incomplete") return words.crewIncomplete;
  if (waiting.why === "cause") return words.cause(waiting.waits_for ?? "?");
  if (waiting.why === "nobody_listed") return words.nobodyListed;
  if (!waiting.engineer_id) return words.othersFirst;
  return words.othersFirstCost(waiting.engineer_id, waiting.instead_of ?? null, (waiting.plan_cost ?? 0).toFixed(1));
}

function RuleCounts({ rules }: { rules: Record<string, number> }) {
  return (
    <ul class="rule-counts">
      {Object.entries(rules).map(([rule, count]) => <li key={rule}>{ruleText(rule)}: <b>{count}</b></li>)}
    </ul>
  );
}

export function ReceiptView({ receipt, zone, whole }: { receipt: DecisionReceipt; zone: string; whole: boolean }) {
  const words = t().receipt;
  const rejected = receipt.rejected ?? [];
  const shown = whole ? rejected : rejected.slice(0, FIRST_SHOWN);
  const largest = largestCost(receipt);
  return (
    <section class="receipt" aria-label={words.title} data-receipt={receipt.id}>
      {receipt.winner && receipt.kind === "assigned" && (
        <p class="receipt-winner">
          {words.chosen} <b>{receipt.winner.engineer_id}</b>
          {receipt.winner.travel_time_s != null && ` · ${words.away(durationText(receipt.winner.travel_time_s * 1000))}`}
          {receipt.basis && receipt.basis !== "matching" && ` · ${words.basis[receipt.basis]}`}
          {receipt.diverted_from && ` · ${words.turnedFrom(receipt.diverted_from)}`}
        </p>
      )}
      {receipt.waiting && <p class="receipt-winner">{waitingText(receipt.waiting, zone)}</p>}
      {receipt.waiting?.rules && <RuleCounts rules={receipt.waiting.rules} />}
      {shown.length > 0 && (
        <>
          <h4>{words.rejected}</h4>
          <ul class="candidates">
            {shown.map((one) => <CandidateRow key={one.engineer_id} candidate={one} largest={largest} />)}
          </ul>
        </>
      )}
      {(receipt.flips ?? []).length > 0 && (
        <>
          <h4>{words.flips}</h4>
          <ul class="flips">{(receipt.flips ?? []).map((flip) => <li key={flipText(flip)}>{flipText(flip)}</li>)}</ul>
        </>
      )}
      {receipt.disaster_id && (
        <p class="receipt-inputs">
          {t().disaster.receipt(receipt.disaster_id, (receipt.permits ?? []).map((one) => t().disaster.permitted[one]).join(", "))}
        </p>
      )}
      <p class="receipt-inputs">
        {words.inputs(receipt.policy, receipt.policy_version, receipt.travel_version, receipt.offset, receipt.considered ?? 0)}
      </p>
    </section>
  );
}
