// One standing proposal: why, who, the two futures, whose word is missing, and what a lead may do about it.
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icons";
import { t } from "../texts";
import { toMs, whenText } from "../time";
import { ExerciseTag } from "../Warnings";
import { Consents } from "./Consents";
import { DraftForm } from "./DraftForm";
import type { Fork } from "./fork";
import { Futures } from "./Futures";
import { changesOf, commitState, isExercise, ownParties, regionsOf, type Change } from "./plan";
import { PlanPeople } from "./PlanPeople";
import { ProposalActs } from "./ProposalActs";
import { alarmText, changeSentence, lackSentences, spareSentence, whoText } from "./sentences";
import { StateChip } from "./StateChip";
import { nowMs, regions, zone } from "./store";
import { useFork } from "./useFork";
import type { MovePlan, Proposal } from "./wire";

export const shortHash = (hash: string): string => hash.slice(0, 8);

/** The lead goes on looking at one plan until they ask for another: nothing changes under the hand. */
function useLooked(proposal: Proposal): { looked: Proposal; look: (at: Proposal) => void } {
  const [kept, setKept] = useState(proposal);
  return { looked: kept.plan_hash === proposal.plan_hash ? proposal : kept, look: setKept };
}

function askAbout(fork: Fork, plan: MovePlan): void {
  fork.ask({ regions: regionsOf(plan), plan });
}

function Reasons({ proposal }: { proposal: Proposal }) {
  const words = t().lead.reasons;
  return (
    <section class="reasons" aria-label={words.title}>
      <h3>{words.title}</h3>
      <ul>
        {lackSentences(proposal.reasons).map((sentence) => <li key={sentence}>{sentence}</li>)}
        {proposal.reasons.map((reason) => (
          <li key={`${reason.home_region}-${reason.to_region}`}>
            {spareSentence(reason)}{reason.note && reason.note !== proposal.reason && <span class="muted"> {alarmText(reason.note)}</span>}
          </li>
        ))}
        {proposal.reason && <li>{alarmText(proposal.reason) === proposal.reason ? words.said(whoText(proposal.by), proposal.reason) : alarmText(proposal.reason)}</li>}
        {proposal.certificates.length > 0 && <li>{words.certificates(proposal.to_region, proposal.certificates.join(", "))}</li>}
        {proposal.reasons.length === 0 && !proposal.reason && <li class="muted">{words.none(whoText(proposal.by))}</li>}
      </ul>
    </section>
  );
}

export function Changes({ changes, title, look }: { changes: readonly (Change | string)[]; title: string; look: (() => void) | null }) {
  const words = t().lead.changes;
  return (
    <div class="notice changes" role="alert">
      <p><Icon name="conflict" size={14} /> <b>{title}</b></p>
      <ul>
        {changes.map((change, n) => <li key={n}>{typeof change === "string" ? change : changeSentence(change, zone.value, nowMs())}</li>)}
        {changes.length === 0 && <li>{words.nothing}</li>}
      </ul>
      {look && <button type="button" class="action" onClick={look}>{words.look}</button>}
    </div>
  );
}

function Head({ proposal, exercise }: { proposal: Proposal; exercise: boolean }) {
  const words = t().lead.proposals;
  const until = whenText(toMs(proposal.expires_at), zone.value, nowMs());
  return (
    <header class="proposal-head">
      {exercise && <ExerciseTag />}
      <h3>{words.title(proposal.plan.moves.length, proposal.to_region)}</h3>
      <StateChip state={proposal.state} />
      <span class="muted">{[words.version(proposal.version), words.by(whoText(proposal.by)), words.stands(until)].join(" · ")}</span>
      <code class="hash" title={proposal.plan_hash}>{words.hash(shortHash(proposal.plan_hash))}</code>
    </header>
  );
}

export function ProposalCard({ proposal, plays }: { proposal: Proposal; plays: boolean }) {
  const words = t().lead;
  const { looked, look } = useLooked(proposal);
  const [amending, setAmending] = useState(false);
  const [told, setTold] = useState<string[] | null>(null);
  const fork = useFork();
  const { report, status } = fork.state.value;
  useEffect(() => {
    setTold(null);
    if (report?.plan_hash !== looked.plan_hash && (plays || report)) askAbout(fork, looked.plan);
  }, [looked.plan_hash, plays]);
  const own = ownParties(proposal, regions.value);
  const outdated = looked.plan_hash !== proposal.plan_hash;
  const state = commitState({
    proposal, looked, forkHash: report?.plan_hash ?? null, forkFailed: ["failed", "cut", "idle"].includes(status), own,
  });
  const names = regionsOf(looked.plan);
  const ownReport = report?.plan_hash === looked.plan_hash ? report : null;
  const close = (): void => {
    setAmending(false);
    if (!ownReport) askAbout(fork, looked.plan);
  };
  return (
    <article class="panel proposal" data-proposal={proposal.proposal_id} data-to={proposal.to_region} data-version={looked.version} data-hash={looked.plan_hash} data-commit={state}>
      <Head proposal={looked} exercise={isExercise(names, regions.value)} />
      {outdated && (
        <Changes
          title={told ? words.changes.notCommitted : words.changes.amended(proposal.version, whoText(proposal.by))}
          changes={changesOf(looked.plan, proposal.plan)} look={() => look(proposal)}
        />
      )}
      {!outdated && told && <Changes title={words.changes.notCommitted} changes={told} look={null} />}
      <Reasons proposal={looked} />
      {amending
        ? <DraftForm to={proposal.to_region} base={looked.plan} baseHash={looked.plan_hash} fork={fork} close={close} done={(made) => { look(made); setAmending(false); }} />
        : <PlanPeople plan={looked.plan} report={ownReport} />}
      <Futures
        fork={fork} regions={names} title={amending && !ownReport ? words.futures.ofDraft : words.futures.title}
        ask={() => askAbout(fork, report?.plan ?? looked.plan)}
      />
      {!amending && <Consents proposal={proposal} own={own} />}
      {!amending && (
        <ProposalActs proposal={proposal} looked={looked} state={state} own={own} amend={() => setAmending(true)} outdated={setTold} />
      )}
    </article>
  );
}
