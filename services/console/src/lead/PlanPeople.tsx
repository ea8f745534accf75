// Whom a plan moves: from where, until when, when they would be there, and the work in hand that goes back to the queue.
import { Icon } from "../icons";
import { ruleText, t } from "../texts";
import { toMs, whenText } from "../time";
import { byDonor } from "./plan";
import { nowMs, zone } from "./store";
import type { ForkReport, MovePlan, PlannedMove } from "./wire";

export const lendingRule = (rule: string): string => t().lead.rules[rule] ?? ruleText(rule);

function Person({ move, report }: { move: PlannedMove; report: ForkReport | null }) {
  const words = t().lead.people;
  const journey = report?.journeys.find(({ engineer_id }) => engineer_id === move.engineer_id);
  const refused = report?.refused.find(({ engineer_id }) => engineer_id === move.engineer_id);
  const when = (moment: string): string => whenText(toMs(moment), zone.value, nowMs());
  return (
    <tr data-engineer={move.engineer_id} class={refused ? "refused" : ""}>
      <th scope="row"><Icon name="person" size={14} /> {move.engineer_id}</th>
      <td>{journey ? words.arrives(when(journey.arrives_at)) : <span class="muted">{report ? "–" : words.notKnown}</span>}</td>
      <td>{words.until(when(move.until))}</td>
      <td>
        {refused && (
          <span class="refusal-words"><Icon name="refused" size={14} /> {words.refused(lendingRule(refused.rule))}</span>
        )}
        {!refused && journey?.in_hand && <span class="in-hand"><Icon name="back" size={14} /> {words.inHand(journey.in_hand)}</span>}
        {!refused && journey && !journey.in_hand && <span class="muted">{words.nothingInHand}</span>}
      </td>
    </tr>
  );
}

export function PlanPeople({ plan, report }: { plan: MovePlan; report: ForkReport | null }) {
  const words = t().lead.people;
  return (
    <div class="plan-people">
      <table>
        <thead class="visually-hidden"><tr><th>{words.who}</th><th>{words.there}</th><th>{words.until("")}</th><th>{words.work}</th></tr></thead>
        {byDonor(plan).map(([home, moves]) => (
          <tbody key={home}>
            <tr class="donor"><th scope="rowgroup" colSpan={4}>{words.from(home, moves.length)}</th></tr>
            {moves.map((move) => <Person key={move.engineer_id} move={move} report={report} />)}
          </tbody>
        ))}
      </table>
      {plan.moves.length === 0 && <p class="empty">{words.nobody}</p>}
    </div>
  );
}
