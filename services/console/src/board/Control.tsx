// What a dispatcher may decide over the engine's head about one incident: confirm, assign, pin, lock, unlock.
import { useState } from "preact/hooks";
import { newKey, Refused, send } from "../api";
import { logTime } from "../clock";
import { Icon } from "../icons";
import { session } from "../session";
import { reasonText, ruleText, t } from "../texts";
import { nextClock } from "../time";
import type { IncidentView, LockKind } from "../wire";
import { isOpen } from "./picture";
import { ChooseEngineers } from "./ChooseEngineers";
import { CauseForm } from "./CauseForm";
import { SwarmForm } from "./GatheringForms";
import { zoneOf } from "./store";

type Open = "nothing" | "assign" | "lock" | "swarm" | "cause";
type Said = { tone: "notice" | "refusal"; text: string } | null;

const mayDecide = (): boolean => session.value.status === "in" && ["dispatcher", "lead"].includes(session.value.me.role);

/** Send one command and put its answer into words; true where it was carried out. */
function useCommand() {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<Said>(null);
  const ask = async (path: string, body: object): Promise<boolean> => {
    setBusy(true);
    setSaid(null);
    try {
      const answer = await send<{ accepted?: number }>(path, body, newKey());
      if (answer.accepted) setSaid({ tone: "notice", text: t().control.late });
      return true;
    } catch (error) {
      setSaid({ tone: "refusal", text: error instanceof Refused ? refusalOf(error) : t().control.away });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, said, ask };
}

function refusalOf({ problem }: Refused): string {
  const word = problem.reason ?? "";
  const why = word in t().rules ? ruleText(word) : word ? reasonText(word) : (problem.title ?? "");
  return t().control.refused(problem.detail ? `${why} (${problem.detail})` : why);
}

export function Control({ incident }: { incident: IncidentView }) {
  const [open, setOpen] = useState<Open>("nothing");
  const { busy, said, ask } = useCommand();
  if (!mayDecide() || !isOpen(incident)) return null;
  const words = t().control;
  const attended = ["on_site", "restored"].includes(incident.state);
  const runAt = async (path: string, body: object): Promise<void> => {
    if (await ask(path, body)) setOpen("nothing");
  };
  const run = (word: string, body: object): Promise<void> =>
    runAt(`/v1/incidents/${encodeURIComponent(incident.incident_id)}/${word}`, body);
  const form = { incident, busy, run, runAt, close: () => setOpen("nothing") };
  return (
    <section class="control" aria-label={words.title}>
      <Suggestion incident={incident} busy={busy} run={run} />
      {open === "nothing" && !attended && !incident.waits_for && (
        <p class="control-row">
          <button type="button" class="action" disabled={busy} onClick={() => setOpen("assign")}>
            <Icon name="sent" size={14} /> {words.assign}
          </button>
          <button type="button" class="action" disabled={busy} onClick={() => setOpen("lock")}>
            <Icon name="lock" size={14} /> {words.lock}
          </button>
          {incident.lock && (
            <button type="button" class="action" disabled={busy} onClick={() => void run("unlock", {})}>{words.unlock}</button>
          )}
        </p>
      )}
      {open === "nothing" && <Gathering incident={incident} busy={busy} run={run} open={setOpen} />}
      {open === "swarm" && <SwarmForm {...form} />}
      {open === "cause" && <CauseForm {...form} />}
      {open === "assign" && <AssignForm {...form} />}
      {open === "lock" && <LockForm {...form} />}
      <p role="status" class={said ? `control-said ${said.tone}` : "control-said"}>{busy ? words.busy : said?.text}</p>
    </section>
  );
}

interface Asking {
  incident: IncidentView;
  busy: boolean;
  run: (word: string, body: object) => Promise<void>;
}

/** Many for one incident, many sites of one cause, or a site that is down for another reason than its cause. */
function Gathering({ incident, busy, run, open }: Asking & { open: (form: Open) => void }) {
  const words = t().gathering;
  if (incident.waits_for)
    return (
      <p class="control-row">
        <span>{words.waitsFor(incident.waits_for)}</span>
        <button type="button" class="action" disabled={busy} onClick={() => void run("still-down", {})}>{words.stillDown}</button>
      </p>
    );
  if (incident.state === "restored" || incident.swarm_of) return null;
  return (
    <p class="control-row">
      <button type="button" class="action" disabled={busy} onClick={() => open("swarm")}>
        <Icon name="person" size={14} /> {incident.swarm ? words.amend : words.raise}
      </button>
      <button type="button" class="action" disabled={busy} onClick={() => open("cause")}>
        <Icon name="link" size={14} /> {words.oneCause}
      </button>
    </p>
  );
}

function Suggestion({ incident, busy, run }: Asking) {
  const words = t().control;
  if (incident.suggested.length === 0) return null;
  const who = incident.suggested.join(", ");
  if (incident.mode === "shadow") return <p class="control-row">{words.shadow(who)}</p>;
  const body = { engineer_ids: incident.suggested, epoch: incident.epoch };
  return (
    <p class="control-row suggestion">
      <span>{words.suggested(who)}</span>
      <button type="button" class="primary" disabled={busy} onClick={() => void run("confirm", body)}>
        <Icon name="accepted" size={14} /> {words.confirm}
      </button>
    </p>
  );
}

export function ReasonField({ value, change }: { value: string; change: (value: string) => void }) {
  const words = t().control;
  return (
    <label class="field">
      <span>{words.reason}</span>
      <input type="text" required maxLength={500} value={value} placeholder={words.reasonHint} onInput={(event) => change(event.currentTarget.value)} />
    </label>
  );
}

export type FormOf = Asking & { runAt: (path: string, body: object) => Promise<void>; close: () => void };

function AssignForm({ incident, busy, run, close }: FormOf) {
  const words = t().control;
  const [chosen, setChosen] = useState<string[]>([]);
  const [reason, setReason] = useState("");
  const ready = !busy && chosen.length === incident.crew && reason.trim() !== "";
  const body = { engineer_ids: chosen, reason: reason.trim(), epoch: incident.epoch };
  return (
    <form class="control-form" onSubmit={(event) => { event.preventDefault(); void run("assign", body); }}>
      <ChooseEngineers incident={incident} chosen={chosen} change={setChosen} />
      <ReasonField value={reason} change={setReason} />
      <p class="control-row">
        <button type="submit" class="primary" disabled={!ready}>{words.send}</button>
        <button type="button" class="action" title={words.pinHint} disabled={!ready} onClick={() => void run("pin", body)}>{words.pin}</button>
        <button type="button" class="text-button" onClick={close}>{words.back}</button>
      </p>
    </form>
  );
}

function LockForm({ incident, busy, run, close }: FormOf) {
  const words = t().control;
  const zone = zoneOf(incident.region);
  const [kind, setKind] = useState<LockKind>("engineer");
  const [chosen, setChosen] = useState<string[]>([]);
  const [times, setTimes] = useState({ from: "", to: "" });
  const [reason, setReason] = useState("");
  const nowMs = logTime.value ?? Date.now();
  const from = nextClock(times.from, zone, nowMs);
  const to = nextClock(times.to, zone, from ?? nowMs);
  const named = kind === "time" || kind === "range" || chosen.length > 0 || incident.engineer_id !== null;
  const dated = kind === "engineer" || (from !== null && (kind !== "range" || to !== null));
  const body = {
    kind, engineer_ids: chosen, reason: reason.trim(), epoch: incident.epoch,
    ...(kind !== "engineer" && from !== null ? { start_from: new Date(from).toISOString() } : {}),
    ...(kind === "range" && to !== null ? { start_to: new Date(to).toISOString() } : {}),
  };
  const clock = (name: "from" | "to", label: string) => (
    <label class="field">
      <span>{label}</span>
      <input type="time" required title={words.zoneHint(zone)} value={times[name]} onInput={(event) => setTimes({ ...times, [name]: event.currentTarget.value })} />
    </label>
  );
  return (
    <form class="control-form" onSubmit={(event) => { event.preventDefault(); void run("lock", body); }}>
      <label class="field">
        <span>{words.kind}</span>
        <select value={kind} onChange={(event) => setKind(event.currentTarget.value as LockKind)}>
          {(["engineer", "time", "range", "both"] as const).map((one) => <option key={one} value={one}>{words.kinds[one]}</option>)}
        </select>
      </label>
      {(kind === "engineer" || kind === "both") && <ChooseEngineers incident={incident} chosen={chosen} change={setChosen} />}
      {kind !== "engineer" && clock("from", words.from)}
      {kind === "range" && clock("to", words.to)}
      <ReasonField value={reason} change={setReason} />
      <p class="control-row">
        <button type="submit" class="primary" disabled={busy || !named || !dated || reason.trim() === ""}>{words.setLock}</button>
        <button type="button" class="text-button" onClick={close}>{words.back}</button>
      </p>
    </form>
  );
}
