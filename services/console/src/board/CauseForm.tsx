// One cause, many sites: the incident in the drawer is the root that the chosen ones wait for; and its end.
import { useState } from "preact/hooks";
import { t } from "../texts";
import type { IncidentView } from "../wire";
import { ReasonField, type FormOf } from "./Control";
import { isOpen } from "./picture";
import { picture, sitesOf, version } from "./store";

const LISTED = 30;

/** Incidents that could wait for this one: who named the same cause first, then who reported about the same time. */
function candidates(root: IncidentView): IncidentView[] {
  version.value;
  const apart = (one: IncidentView): number => Math.abs(Date.parse(one.reported_at) - Date.parse(root.reported_at));
  const strange = (one: IncidentView): number => (root.cause_id && one.cause_id === root.cause_id ? 0 : 1);
  return [...picture.incidents.values()]
    .filter((one) => one.region === root.region && one.incident_id !== root.incident_id && isOpen(one))
    .filter((one) => !one.waits_for && !one.swarm_of && one.state !== "restored")
    .sort((a, b) => strange(a) - strange(b) || apart(a) - apart(b))
    .slice(0, LISTED);
}

interface SiteOf {
  one: IncidentView;
  named: boolean;
  chosen: string[];
  change: (chosen: string[]) => void;
}

/** One that may be chosen; who named the cause waits in any case. */
function Site({ one, named, chosen, change }: SiteOf) {
  const name = one.incident_id;
  const choose = (on: boolean): void => change(on ? [...chosen, name] : chosen.filter((other) => other !== name));
  return (
    <label>
      <input type="checkbox" checked={named || chosen.includes(name)} disabled={named} onChange={(event) => choose(event.currentTarget.checked)} />
      {[name, t().tiers[one.tier], one.product, one.cause_id].filter(Boolean).join(" · ")}
    </label>
  );
}

export function CauseForm({ incident, busy, runAt, close }: FormOf) {
  const words = t().gathering;
  const [cause, setCause] = useState(incident.cause_id ?? `cause-of-${incident.incident_id}`);
  const [chosen, setChosen] = useState<string[]>([]);
  const [reason, setReason] = useState("");
  const standing = sitesOf(incident.incident_id).length > 0;
  const at = (word: string): string => `/v1/causes/${encodeURIComponent(cause.trim())}/${word}`;
  const said = !busy && cause.trim() !== "" && reason.trim() !== "";
  const body = { root_id: incident.incident_id, site_ids: chosen, reason: reason.trim() };
  const end = { region: incident.region, reason: reason.trim() };
  return (
    <form class="control-form" onSubmit={(event) => { event.preventDefault(); void runAt(at("declare"), body); }}>
      <label class="field">
        <span>{words.causeName}</span>
        <input type="text" required maxLength={128} readOnly={standing} value={cause} onInput={(event) => setCause(event.currentTarget.value)} />
      </label>
      <fieldset class="field sites">
        <legend>{words.whoWaits}</legend>
        {candidates(incident).map((one) => (
          <Site key={one.incident_id} one={one} named={one.cause_id === cause.trim()} chosen={chosen} change={setChosen} />
        ))}
      </fieldset>
      <p class="hint">{words.named}</p>
      <ReasonField value={reason} change={setReason} />
      <p class="control-row">
        <button type="submit" class="primary" disabled={!said}>{words.tie}</button>
        {standing && <button type="button" class="action" disabled={!said} onClick={() => void runAt(at("end"), end)}>{words.untie}</button>}
        <button type="button" class="text-button" onClick={close}>{t().control.back}</button>
      </p>
    </form>
  );
}
