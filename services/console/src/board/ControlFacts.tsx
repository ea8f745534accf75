// What people or the site have fixed of an incident: the crew, when one may come, the lock.
import { t } from "../texts";
import { clockText, toMs } from "../time";
import type { IncidentView } from "../wire";

function Line({ name, value }: { name: string; value: string }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

export function ControlFacts({ incident, zone }: { incident: IncidentView; zone: string }) {
  const words = t().control;
  const { lock, window_from, window_to } = incident;
  const span = [
    window_from && words.since(clockText(toMs(window_from), zone)),
    window_to && words.until(clockText(toMs(window_to), zone)),
  ].filter(Boolean);
  return (
    <>
      {incident.crew > 1 && <Line name={words.together} value={incident.crew_ids.join(", ") || String(incident.crew)} />}
      {span.length > 0 && <Line name={words.access} value={span.join(" ")} />}
      {lock && <Line name={words.locked} value={[words.kinds[lock], ...incident.locked_to].join(" · ")} />}
    </>
  );
}
