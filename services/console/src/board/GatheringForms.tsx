// Raising a swarm on an incident, and saying that a site is still down though its cause was restored.
import { useState } from "preact/hooks";
import { t } from "../texts";
import type { IncidentView } from "../wire";
import { ReasonField, type FormOf } from "./Control";
import { picture } from "./store";

const MOST = 50;

/** Who could lead: the engineers of the region with the incident's level, who are on shift. */
function leadsFor({ region, product, level }: IncidentView): string[] {
  return [...picture.engineers.values()]
    .filter((one) => one.region === region && (one.skills[product] ?? 0) >= level && one.state !== "off_shift")
    .map((one) => one.engineer_id)
    .sort();
}

export function SwarmForm({ incident, busy, run, close }: FormOf) {
  const words = t().gathering;
  const [crew, setCrew] = useState(incident.swarm?.crew ?? incident.crew + 2);
  const [lead, setLead] = useState("");
  const [reason, setReason] = useState("");
  const body = { crew, reason: reason.trim(), epoch: incident.epoch, ...(lead ? { lead_id: lead } : {}) };
  const end = { crew: 1, reason: reason.trim(), epoch: incident.epoch };
  const said = !busy && reason.trim() !== "";
  return (
    <form class="control-form" onSubmit={(event) => { event.preventDefault(); void run("swarm", body); }}>
      <label class="field">
        <span>{words.crew}</span>
        <input type="number" required min={incident.crew + 1} max={MOST} value={crew} onInput={(event) => setCrew(event.currentTarget.valueAsNumber)} />
      </label>
      <label class="field">
        <span>{words.lead}</span>
        <select value={lead} onChange={(event) => setLead(event.currentTarget.value)}>
          <option value="">{words.highest}</option>
          {leadsFor(incident).map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
      </label>
      <ReasonField value={reason} change={setReason} />
      <p class="control-row">
        <button type="submit" class="primary" disabled={!said || !(crew > incident.crew)}>{words.raise}</button>
        {incident.swarm && <button type="button" class="action" disabled={!said} onClick={() => void run("swarm", end)}>{words.end}</button>}
        <button type="button" class="text-button" onClick={close}>{t().control.back}</button>
      </p>
    </form>
  );
}
