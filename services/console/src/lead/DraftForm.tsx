// A plan in the making: take people out, add some, change until when, or let Muster choose another count; then propose it.
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icons";
import { t } from "../texts";
import { momentOf } from "../time";
import { AddPerson } from "./AddPerson";
import { useCommand } from "./command";
import { MomentField, NumberField, ReasonField } from "./Fields";
import type { Fork } from "./fork";
import { amended, changesOf, movesOf, regionsOf } from "./plan";
import { PlanPeople } from "./PlanPeople";
import { proposalFrom, type SparseProposal } from "./received";
import { SaidLine } from "./Said";
import { changeSentence } from "./sentences";
import { nowMs, regions, zone } from "./store";
import type { MovePlan, PlannedMove, Proposal } from "./wire";

const USUAL_LOAN_MIN = 360;
const LEAST_LOAN_MIN = 15;

interface DraftOf {
  to: string;
  base: MovePlan;
  /** Null where no plan stands yet. */
  baseHash: string | null;
  fork: Fork;
  close: () => void;
  done: (made: Proposal) => void;
}

/** Those who may lend in the same game: drills stay among drills. */
function lookedAt(to: string): string[] {
  const receiver = regions.peek().find(({ region }) => region === to);
  return regions.peek().filter(({ exercise }) => exercise === (receiver?.exercise ?? false)).map(({ region }) => region);
}

function useDraft(base: MovePlan, fork: Fork) {
  const [start, setStart] = useState(base);
  const [out, setOut] = useState<ReadonlySet<string>>(new Set());
  const [added, setAdded] = useState<PlannedMove[]>([]);
  const [until, setUntil] = useState("");
  const [choosing, setChoosing] = useState(false);
  const { report } = fork.state.value;
  useEffect(() => {
    if (!choosing || !report) return;
    setStart(report.plan);
    setOut(new Set());
    setAdded([]);
    setChoosing(false);
  }, [choosing, report]);
  const endsMs = momentOf(until, zone.value);
  const people = new Set(start.moves.map((move) => move.engineer_id).filter((name) => !out.has(name)));
  const draft = amended(start, people, added.filter((move) => !out.has(move.engineer_id)), endsMs === null ? null : new Date(endsMs).toISOString());
  const toggle = (name: string): void => {
    const next = new Set(out);
    if (!next.delete(name)) next.add(name);
    setOut(next);
  };
  return { draft, everybody: { moves: [...start.moves, ...added] }, out, toggle, until, setUntil, endsMs, setChoosing, choosing, add: (move: PlannedMove) => setAdded([...added, move]) };
}

function Members({ everybody, out, toggle }: { everybody: MovePlan; out: ReadonlySet<string>; toggle: (name: string) => void }) {
  const words = t().lead.draft;
  return (
    <fieldset class="field members">
      <legend>{words.members}</legend>
      {movesOf(everybody).map(({ engineer_id, home_region }) => (
        <label key={engineer_id} class="check">
          <input type="checkbox" name={`keep-${engineer_id}`} checked={!out.has(engineer_id)} onChange={() => toggle(engineer_id)} />
          {engineer_id} <span class="muted">{words.fromRegion(home_region)}</span>
        </label>
      ))}
      {everybody.moves.length === 0 && <p class="muted">{words.nobodyYet}</p>}
    </fieldset>
  );
}

function Choose({ to, endsMs, fork, choosing, start }: { to: string; endsMs: number | null; fork: Fork; choosing: boolean; start: () => void }) {
  const words = t().lead.draft;
  const [count, setCount] = useState(3);
  const choose = (): void => {
    const loan_min = endsMs === null ? USUAL_LOAN_MIN : Math.max(LEAST_LOAN_MIN, Math.round((endsMs - nowMs()) / 60_000));
    fork.ask({ regions: lookedAt(to), to_region: to, count, loan_min });
    start();
  };
  const failed = fork.state.value.status === "failed";
  return (
    <div class="control-row choose">
      <NumberField label={words.count} name="count" value={count} change={setCount} />
      <button type="button" class="action" disabled={choosing && !failed} onClick={choose}>
        <Icon name="person" size={14} /> {choosing && !failed ? words.choosing : words.choose}
      </button>
    </div>
  );
}

export function DraftForm({ to, base, baseHash, fork, close, done }: DraftOf) {
  const words = t().lead.draft;
  const { draft, everybody, out, toggle, until, setUntil, endsMs, choosing, setChoosing, add } = useDraft(base, fork);
  const [reason, setReason] = useState("");
  const { busy, said, run } = useCommand();
  const { report } = fork.state.value;
  const changes = changesOf(base, draft);
  const shown = report && changesOf(report.plan, draft).length === 0 ? report : null;
  const propose = async (): Promise<void> => {
    let made: Proposal | null = null;
    const body = { to_region: to, plan: draft, reason: reason.trim(), ...(baseHash !== null && { base_hash: baseHash }) };
    const answered = (answer: SparseProposal): void => void (made = proposalFrom(answer));
    const isDone = await run<SparseProposal>({ path: "/v1/lending/proposals", body, done: words.done, answered });
    if (isDone) made === null ? close() : done(made);
  };
  const ready = !busy && draft.moves.length > 0 && changes.length > 0 && reason.trim() !== "" && (endsMs === null || endsMs > nowMs());
  return (
    <form class="control control-form draft" aria-label={words.title} onSubmit={(event) => { event.preventDefault(); void propose(); }}>
      <Members everybody={everybody} out={out} toggle={toggle} />
      <AddPerson to={to} plan={everybody} untilMs={endsMs} add={add} />
      <MomentField label={words.until} name="until" value={until} change={setUntil} needed={false} />
      <Choose to={to} endsMs={endsMs} fork={fork} choosing={choosing} start={() => setChoosing(true)} />
      <PlanPeople plan={draft} report={shown} />
      {baseHash !== null && changes.length > 0 && (
        <ul class="draft-changes">{changes.map((change, n) => <li key={n}>{changeSentence(change, zone.value, nowMs())}</li>)}</ul>
      )}
      <ReasonField value={reason} change={setReason} />
      <p class="control-row">
        <button type="button" class="action" disabled={draft.moves.length === 0} onClick={() => fork.ask({ regions: regionsOf(draft), plan: draft })}>
          <Icon name="play" size={14} /> {words.play}
        </button>
        <button type="submit" class="primary" disabled={!ready}>{words.propose}</button>
        <button type="button" class="text-button" onClick={close}>{t().control.back}</button>
      </p>
      <SaidLine busy={busy} said={said} />
    </form>
  );
}
