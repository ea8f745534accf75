// Declared disasters and warnings that stand for regions: what, how bad, where, until when; the worst first.
import { Icon } from "./icons";
import { t } from "./texts";
import { toMs, whenText } from "./time";
import type { Alert, Disaster, Place, Severity } from "./wire";

const ORDER: Severity[] = ["Extreme", "Severe", "Moderate", "Minor", "Unknown"];

interface Warned {
  region: string;
  alerts: Alert[];
  disaster: Disaster | null;
}

interface Shown {
  regions: readonly Warned[];
  zoneOf: (region: string) => string;
  nowMs: number;
  show: (places: Place[]) => void;
}

interface Standing {
  alert: Alert;
  names: string[];
}

/** Each warning once, with the shown regions it stands for. */
function standing(regions: readonly Warned[]): Standing[] {
  const found = new Map<string, Standing>();
  for (const { region, alerts } of regions)
    for (const alert of alerts) {
      const known = found.get(alert.alert);
      if (known) known.names.push(region);
      else found.set(alert.alert, { alert, names: [region] });
    }
  const rank = ({ alert }: Standing): number => ORDER.indexOf(alert.severity);
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || a.alert.alert.localeCompare(b.alert.alert));
}

export function ExerciseTag() {
  return <span class="exercise-tag">{t().alerts.exercise}</span>;
}

function AlertLine({ alert, names, zoneOf, nowMs, show }: Standing & Omit<Shown, "regions">) {
  const words = t().alerts;
  const zone = zoneOf(names[0] ?? "");
  const places = alert.areas.flatMap((area) => (area.coordinates[0] ?? []).map(([lon, lat]) => ({ lat, lon })));
  const when = [
    toMs(alert.onset) > nowMs ? words.from(whenText(toMs(alert.onset), zone, nowMs)) : null,
    words.until(whenText(toMs(alert.expires), zone, nowMs)),
  ].filter((part) => part !== null);
  return (
    <li class={`alert severity-${alert.severity.toLowerCase()}`}>
      <Icon name="broken" />
      {alert.status === "Exercise" && <ExerciseTag />}
      <strong>{alert.event}</strong>
      <span>{words.severities[alert.severity]} · {words.certainties[alert.certainty]}</span>
      <span>{names.join(", ")}{alert.area && ` · ${alert.area}`}</span>
      <span class="alert-when">{when.join(" · ")}</span>
      {alert.headline && alert.headline !== alert.event && <span class="alert-headline">{alert.headline}</span>}
      {places.length > 0 && <button type="button" onClick={() => show(places)}>{words.show}</button>}
    </li>
  );
}

function DisasterLine({ region, disaster, until }: { region: string; disaster: Disaster; until: string }) {
  const words = t().disaster;
  return (
    <li class="alert disaster">
      <Icon name="broken" />
      <strong>{words.stands(region)}</strong>
      <span>{disaster.reason}</span>
      {disaster.permits.map((permit) => (
        <span key={permit}>{words.permits[permit]}</span>
      ))}
      <span class="alert-when">{words.until(until)}</span>
      <span class="alert-headline">{t().stream.by(disaster.by)}</span>
    </li>
  );
}

export function Warnings({ regions, zoneOf, nowMs, show }: Shown) {
  const found = standing(regions);
  const disasters = regions.flatMap(({ region, disaster }) => (disaster ? [{ region, disaster }] : []));
  if (found.length === 0 && disasters.length === 0) return null;
  return (
    <section class="alerts" aria-label={t().alerts.title} role="status">
      <ul>
        {disasters.map(({ region, disaster }) => (
          <DisasterLine key={region} region={region} disaster={disaster} until={whenText(toMs(disaster.until), zoneOf(region), nowMs)} />
        ))}
        {found.map((one) => (
          <AlertLine key={one.alert.alert} {...one} zoneOf={zoneOf} nowMs={nowMs} show={show} />
        ))}
      </ul>
    </section>
  );
}
