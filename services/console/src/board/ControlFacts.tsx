// What people or the site have fixed of an incident: the crew, when one may come, the lock.
import { t } from "../texts";
import { clockText, toMs } from "../time";
import type { IncidentView } from "../wire";

/** Who goes together, and how many of them are there. */
export function crewText({ crew, crew_ids, crew_there }: IncidentView): string | null {
  if (crew < 2) return null;
  const names = crew_ids.map((name) => (crew_there.includes(name) ? `${name} ✓` : name)).join(", ");
  return [names, t().control.there(crew_there.length, crew)].filter(Boolean).join(" · ");
}

/** When one may come, in the region's time. */
export function accessText({ window_from, window_to }: IncidentView, zone: string): string | null {
  const words = t().control;
  const span = [
    window_from && words.since(clockText(toMs(window_from), zone)),
    window_to && words.until(clockText(toMs(window_to), zone)),
  ].filter(Boolean);
  return span.join(" ") || null;
}

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
  const { lock } = incident;
  const crew = crewText(incident);
  const access = accessText(incident, zone);
  return (
    <>
      {crew && <Line name={words.together} value={crew} />}
      {incident.swarm && (
        <Line
          name={t().gathering.swarmed}
          value={[`×${incident.swarm.crew}`, incident.swarm.lead_id && t().gathering.leads(incident.swarm.lead_id)].filter(Boolean).join(" · ")}
        />
      )}
      {access && <Line name={words.access} value={access} />}
      {lock && <Line name={words.locked} value={[words.kinds[lock], ...incident.locked_to].join(" · ")} />}
    </>
  );
}
