// Loans that a home region refused, each with the rule that forbade it.
import { Icon } from "../icons";
import { t } from "../texts";
import { toMs, whenText } from "../time";
import { lendingRule } from "./PlanPeople";
import { lending, nowMs, zone } from "./store";

const SHOWN = 12;

export function Refusals() {
  const words = t().lead.refusals;
  const refusals = [...(lending.value?.refusals ?? [])].sort((a, b) => toMs(b.at) - toMs(a.at)).slice(0, SHOWN);
  if (refusals.length === 0) return null;
  return (
    <section class="panel refusals" aria-labelledby="refusals-title">
      <header class="panel-head"><h2 id="refusals-title">{words.title}</h2></header>
      <ul>
        {refusals.map(({ loan_id, engineer_id, home_region, to_region, rule, detail, at }) => (
          <li key={loan_id} data-refused={engineer_id}>
            <Icon name="refused" size={14} /> <span class="muted">{whenText(toMs(at), zone.value, nowMs())}</span>{" "}
            <b>{engineer_id}</b> {home_region} → {to_region}: {lendingRule(rule)} {detail && <span class="muted">{detail}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
