// What is proposed: the standing proposals with their reasons and futures, those that have ended, and a plan of one's own.
import { useState } from "preact/hooks";
import { Icon } from "../icons";
import { t } from "../texts";
import { OwnPlan } from "./OwnPlan";
import { ProposalCard } from "./ProposalCard";
import { StateChip } from "./StateChip";
import { deskSaid, lending, ownRegions } from "./store";
import type { Proposal } from "./wire";

function Ended({ proposal }: { proposal: Proposal }) {
  const words = t().lead.proposals;
  const consents = Object.entries(proposal.consents).map(([region, { by }]) => words.consentBy(region, by));
  return (
    <li class="panel proposal-ended" data-proposal={proposal.proposal_id} data-state={proposal.state}>
      <StateChip state={proposal.state} />
      <span>{words.title(proposal.plan.moves.length, proposal.to_region)}</span>
      <span class="muted">{consents.join(" · ")}</span>
    </li>
  );
}

export function Proposals() {
  const words = t().lead.proposals;
  const [own, setOwn] = useState(false);
  const all = lending.value?.proposals ?? [];
  const standing = all.filter(({ state }) => state === "standing").sort((a, b) => (a.to_region < b.to_region ? -1 : 1));
  const ended = all.filter(({ state }) => state !== "standing");
  return (
    <section class="proposals" aria-labelledby="proposals-title">
      <header class="proposals-head">
        <h2 id="proposals-title">{words.heading}</h2>
        {ownRegions.value.length > 0 && !own && (
          <button type="button" class="action" onClick={() => setOwn(true)}><Icon name="plus" size={14} /> {words.own}</button>
        )}
      </header>
      <p role="status" class={deskSaid.value ? "notice desk-said" : "visually-hidden"}>{deskSaid.value}</p>
      {own && <OwnPlan close={() => setOwn(false)} />}
      {standing.length === 0 && !own && <p class="panel empty">{words.none}</p>}
      {standing.map((proposal, n) => <ProposalCard key={proposal.proposal_id} proposal={proposal} plays={n === 0} />)}
      {ended.length > 0 && <ul class="proposals-ended">{ended.map((one) => <Ended key={one.proposal_id} proposal={one} />)}</ul>}
    </section>
  );
}
