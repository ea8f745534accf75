// The strip of figures at the top of the board.
import type { ComponentChildren } from "preact";
import { logTime } from "../clock";
import { t } from "../texts";
import { durationText, toMs } from "../time";
import type { IncidentView } from "../wire";
import { groupCounts, isChosen, openIncidents, picture, shownEngineers, tierFilter, version } from "./store";
import { isBroken, isOnSite, isWaiting } from "./urgency";

const HOUR_MS = 3_600_000;

function Figure(props: { name: string; value: number; tone?: string; kind: string; children?: ComponentChildren }) {
  return (
    <div class={`figure ${props.tone ?? ""}`} data-kpi={props.kind}>
      <dt>{props.name}</dt>
      <dd>
        <b>{props.value}</b>
        <span class="figure-hint">{props.children}</span>
      </dd>
    </div>
  );
}

function countLastHour(moment: (incident: IncidentView) => string | null, now: number): number {
  let count = 0;
  for (const incident of picture.incidents.values()) {
    if (!isChosen(incident.region) || incident.swarm_of) continue; // a place in a swarm was reported by nobody
    if (tierFilter.value !== null && incident.tier !== tierFilter.value) continue;
    const at = moment(incident);
    if (at && now - toMs(at) <= HOUR_MS) count += 1;
  }
  return count;
}

function waitingHint(now: number): string {
  const waiting = openIncidents.value.filter(isWaiting);
  if (waiting.length === 0) return t().kpi.noneWaiting;
  const oldest = Math.min(...waiting.map((incident) => toMs(incident.reported_at)));
  return t().kpi.oldest(durationText(now - oldest));
}

function promiseHint(now: number): string {
  const due = openIncidents.value
    .filter((incident) => !isOnSite(incident) && !isBroken(incident, now))
    .map((incident) => toMs(incident.promised_at));
  return due.length === 0 ? t().kpi.lateHint : t().kpi.nextPromise(durationText(Math.min(...due) - now));
}

export function Kpis() {
  version.value;
  const now = logTime.peek() ?? Date.now();
  const counts = groupCounts.value;
  const engineers = shownEngineers.value.filter((engineer) => engineer.state !== "off_shift");
  const words = t().kpi;
  return (
    <dl class="kpis" aria-label={words.label}>
      <Figure kind="late" name={words.late} value={counts.broken} tone={counts.broken > 0 ? "bad" : ""}>
        {promiseHint(now)}
      </Figure>
      <Figure kind="waiting" name={words.waiting} value={counts.waiting}>{waitingHint(now)}</Figure>
      <Figure kind="underWay" name={words.underWay} value={counts.underWay} />
      <Figure kind="onSite" name={words.onSite} value={counts.onSite} />
      <Figure kind="free" name={words.free} value={engineers.filter((e) => e.state === "available" && !e.incident_id).length}>
        {words.ofOnShift(engineers.length)}
      </Figure>
      <Figure kind="reported" name={words.reported} value={countLastHour((i) => i.reported_at, now)}>
        {words.reportedHint}
      </Figure>
      <Figure kind="restored" name={words.restored} value={countLastHour((i) => i.restored_at, now)}>
        {words.restoredHint}
      </Figure>
    </dl>
  );
}
