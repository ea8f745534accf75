// A proposal's state, as a sign and a word.
import { Icon, type IconName } from "../icons";
import { t } from "../texts";
import type { ProposalState } from "./wire";

const SIGNS: Record<ProposalState, IconName> = { standing: "waiting", agreed: "accepted", refused: "refused", withdrawn: "back" };

export function StateChip({ state }: { state: ProposalState }) {
  return <span class={`state-chip state-${state}`}><Icon name={SIGNS[state]} size={14} /> {t().lead.proposals.states[state]}</span>;
}
