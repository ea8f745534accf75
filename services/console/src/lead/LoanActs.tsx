// Extends a loan or recalls the engineer; a recall needs a reason and is asked for in a form of its own.
import { useState } from "preact/hooks";
import { t } from "../texts";
import { localText, momentOf, toMs } from "../time";
import { useCommand } from "./command";
import { MomentField, ReasonField } from "./Fields";
import { SaidLine } from "./Said";
import { mayExtend } from "./spans";
import { nowMs, zone } from "./store";
import type { LoanView } from "./wire";

const LONGER_MS = 2 * 3_600_000;

type Open = "nothing" | "extend" | "recall";

interface FormOf {
  loan: LoanView;
  busy: boolean;
  send: (body: object) => void;
  close: () => void;
}

function Buttons({ label, ready, close }: { label: string; ready: boolean; close: () => void }) {
  return (
    <p class="control-row">
      <button type="submit" class="primary" disabled={!ready}>{label}</button>
      <button type="button" class="text-button" onClick={close}>{t().control.back}</button>
    </p>
  );
}

function ExtendForm({ loan, busy, send, close }: FormOf) {
  const words = t().lead.loans;
  const [until, setUntil] = useState(localText(toMs(loan.until) + LONGER_MS, zone.value));
  const ends = momentOf(until, zone.value);
  const ready = !busy && ends !== null && ends > nowMs() && ends > toMs(loan.until);
  return (
    <form class="control-form" aria-label={words.extend} onSubmit={(event) => { event.preventDefault(); if (ends !== null) send({ until: new Date(ends).toISOString() }); }}>
      <MomentField label={words.extendUntil} name="until" value={until} change={setUntil} />
      <Buttons label={words.extendNow} ready={ready} close={close} />
    </form>
  );
}

function RecallForm({ loan, busy, send, close }: FormOf) {
  const words = t().lead.loans;
  const [reason, setReason] = useState("");
  return (
    <form class="control-form" aria-label={words.recall} onSubmit={(event) => { event.preventDefault(); send({ reason: reason.trim() }); }}>
      <p>{words.recallMeans(loan.engineer_id, loan.home_region)}</p>
      <ReasonField value={reason} change={setReason} />
      <Buttons label={words.recallNow} ready={!busy && reason.trim() !== ""} close={close} />
    </form>
  );
}

export function LoanActs({ loan }: { loan: LoanView }) {
  const words = t().lead.loans;
  const [open, setOpen] = useState<Open>("nothing");
  const { busy, said, run } = useCommand();
  const send = (what: "extend" | "recall") => async (body: object): Promise<void> => {
    const path = `/v1/loans/${encodeURIComponent(loan.engineer_id)}/${what}`;
    const done = what === "extend" ? words.extended : words.recalledNow;
    if (await run({ path, body: { loan_id: loan.loan_id, ...body }, done })) setOpen("nothing");
  };
  const close = (): void => setOpen("nothing");
  return (
    <div class="control loan-acts">
      {open === "nothing" && mayExtend(loan) && (
        <p class="control-row">
          <button type="button" class="action" onClick={() => setOpen("extend")}>{words.extend}</button>
          <button type="button" class="action" onClick={() => setOpen("recall")}>{words.recall}</button>
        </p>
      )}
      {open === "extend" && <ExtendForm loan={loan} busy={busy} send={(body) => void send("extend")(body)} close={close} />}
      {open === "recall" && <RecallForm loan={loan} busy={busy} send={(body) => void send("recall")(body)} close={close} />}
      <SaidLine busy={busy} said={said} />
    </div>
  );
}
