// What a lead does about a proposal: commit exactly what was shown, amend it, or refuse it with a reason.
import { useState } from "preact/hooks";
import type { Refused } from "../api";
import { Icon } from "../icons";
import { t } from "../texts";
import { useCommand } from "./command";
import { Confirm } from "./Confirm";
import { ReasonField } from "./Fields";
import type { CommitState } from "./plan";
import { proposalFrom, type SparseProposal } from "./received";
import { SaidLine } from "./Said";
import { listText } from "./sentences";
import { deskSaid, readSoon } from "./store";
import type { Proposal } from "./wire";

interface Acts {
  proposal: Proposal;
  looked: Proposal;
  state: CommitState;
  own: readonly string[];
  amend: () => void;
  /** A commit was refused because the plan has changed: what the gateway says is other. */
  outdated: (changes: string[]) => void;
}

type Open = "nothing" | "commit" | "refuse";

/** Says in a line why the button is as it is; the plan committed is the plan whose futures were seen. */
function CommitButton({ state, open }: { state: CommitState; open: () => void }) {
  const words = t().lead.commit;
  const may = state === "ready" || state === "unseen";
  return (
    <>
      <button type="button" class="primary commit" data-state={state} disabled={!may} aria-describedby="commit-why" onClick={open}>
        <Icon name="accepted" size={14} /> {words.buttons[state]}
      </button>
      <span id="commit-why" class="muted">{words.why[state]}</span>
    </>
  );
}

function RefuseForm({ busy, refuse, close }: { busy: boolean; refuse: (reason: string) => void; close: () => void }) {
  const words = t().lead.refuse;
  const [reason, setReason] = useState("");
  return (
    <form class="control-form" aria-label={words.title} onSubmit={(event) => { event.preventDefault(); refuse(reason.trim()); }}>
      <p>{words.means}</p>
      <ReasonField value={reason} change={setReason} />
      <p class="control-row">
        <button type="submit" class="primary" disabled={busy || reason.trim() === ""}>{words.now}</button>
        <button type="button" class="text-button" onClick={close}>{t().control.back}</button>
      </p>
    </form>
  );
}

export function ProposalActs({ proposal, looked, state, own, amend, outdated }: Acts) {
  const words = t().lead;
  const [open, setOpen] = useState<Open>("nothing");
  const [reason, setReason] = useState("");
  const { busy, said, run, clear } = useCommand();
  const path = `/v1/lending/proposals/${encodeURIComponent(proposal.to_region)}`;
  const isOutdated = ({ problem }: Refused): boolean => {
    if (!problem.type?.endsWith("plan-outdated")) return false;
    outdated(problem.changes ?? []);
    void readSoon();
    return true;
  };
  /** Said above the cards: this one goes with its proposal. */
  const answered = (answer: SparseProposal): void => {
    const { state: now, plan, to_region } = proposalFrom(answer);
    deskSaid.value = `${words.proposals.title(plan.moves.length, to_region)}: ${words.proposals.states[now]}`;
  };
  const commit = async (): Promise<void> => {
    const body = { plan_hash: looked.plan_hash, ...(reason.trim() && { reason: reason.trim() }) };
    await run<SparseProposal>({ path: `${path}/commit`, body, done: words.commit.done, refused: isOutdated, answered });
    setOpen("nothing");
  };
  const refuse = async (why: string): Promise<void> => {
    const body = { plan_hash: looked.plan_hash, reason: why };
    if (await run<SparseProposal>({ path: `${path}/refuse`, body, done: words.refuse.done, refused: isOutdated, answered })) setOpen("nothing");
  };
  const show = (what: Open): void => {
    clear();
    deskSaid.value = null;
    setOpen(what);
  };
  if (own.length === 0) return <p class="muted proposal-acts">{words.commit.why.notParty}</p>;
  return (
    <section class="control proposal-acts" aria-label={words.commit.title}>
      {open === "nothing" && (
        <p class="control-row">
          <CommitButton state={state} open={() => show("commit")} />
          <button type="button" class="action" disabled={busy} onClick={amend}><Icon name="pen" size={14} /> {words.draft.amend}</button>
          <button type="button" class="action" disabled={busy} onClick={() => show("refuse")}><Icon name="refused" size={14} /> {words.refuse.title}</button>
        </p>
      )}
      {open === "commit" && (
        <Confirm
          question={words.commit.sure(looked.plan.moves.length, looked.to_region, listText(own))} yes={words.commit.yes} busy={busy}
          onYes={() => void commit()} onNo={() => setOpen("nothing")}
        >
          {state === "unseen" && <p class="notice">{words.commit.why.unseen}</p>}
          {state === "outdated" && <p class="notice">{words.commit.why.outdated}</p>}
          <ReasonField value={reason} change={setReason} needed={false} />
        </Confirm>
      )}
      {open === "refuse" && <RefuseForm busy={busy} refuse={(why) => void refuse(why)} close={() => setOpen("nothing")} />}
      <SaidLine busy={busy} said={said} />
    </section>
  );
}
