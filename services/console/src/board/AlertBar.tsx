// Declared disasters and warnings that stand for the shown regions: what, how bad, where, until when; the worst first.
import { logTime } from "../clock";
import { Icon } from "../icons";
import { t } from "../texts";
import { clockText, dayText, toMs } from "../time";
import type { Alert, Disaster, Severity } from "../wire";
import { boardMap } from "./BoardMap";
import { regionFilter, regions, zoneOf } from "./store";

const ORDER: Severity[] = ["Extreme", "Severe", "Moderate", "Minor", "Unknown"];

interface Standing {
  alert: Alert;
  regions: string[];
}

/** Each warning once, with the shown regions it stands for. */
function standing(): Standing[] {
  const found = new Map<string, Standing>();
  for (const view of regions.value) {
    if (regionFilter.value !== null && regionFilter.value !== view.region) continue;
    for (const alert of view.alerts) {
      const known = found.get(alert.alert);
      if (known) known.regions.push(view.region);
      else found.set(alert.alert, { alert, regions: [view.region] });
    }
  }
  const rank = ({ alert }: Standing): number => ORDER.indexOf(alert.severity);
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || a.alert.alert.localeCompare(b.alert.alert));
}

/** The clock in a zone, with the day where it is another than today. */
function whenText(ms: number, zone: string, now: number): string {
  const clock = clockText(ms, zone);
  return dayText(ms, zone) === dayText(now, zone) ? clock : `${dayText(ms, zone)} ${clock}`;
}

function AlertLine({ alert, regions: names }: Standing) {
  const words = t().alerts;
  const now = logTime.value ?? Date.now();
  const zone = zoneOf(names[0] ?? "");
  const [onset, expires] = [toMs(alert.onset), toMs(alert.expires)];
  const places = alert.areas.flatMap((area) => (area.coordinates[0] ?? []).map(([lon, lat]) => ({ lat, lon })));
  const when = [
    onset > now ? words.from(whenText(onset, zone, now)) : null,
    words.until(whenText(expires, zone, now)),
  ].filter((part) => part !== null);
  return (
    <li class={`alert severity-${alert.severity.toLowerCase()}`}>
      <Icon name="broken" />
      <strong>{alert.event}</strong>
      <span>{words.severities[alert.severity]} · {words.certainties[alert.certainty]}</span>
      <span>{names.join(", ")}{alert.area && ` · ${alert.area}`}</span>
      <span class="alert-when">{when.join(" · ")}</span>
      {alert.headline && alert.headline !== alert.event && <span class="alert-headline">{alert.headline}</span>}
      {places.length > 0 && (
        <button type="button" onClick={() => boardMap?.showPlaces(places)}>{words.show}</button>
      )}
    </li>
  );
}

function DisasterLine({ region, disaster }: { region: string; disaster: Disaster }) {
  const words = t().disaster;
  const zone = zoneOf(region);
  const until = whenText(toMs(disaster.until), zone, logTime.value ?? Date.now());
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

export function AlertBar() {
  const found = standing();
  const shown = regions.value.filter(({ region }) => regionFilter.value === null || regionFilter.value === region);
  const disasters = shown.flatMap(({ region, disaster }) => (disaster ? [{ region, disaster }] : []));
  if (found.length === 0 && disasters.length === 0) return null;
  return (
    <section class="alerts" aria-label={t().alerts.title} role="status">
      <ul>
        {disasters.map((one) => (
          <DisasterLine key={one.region} {...one} />
        ))}
        {found.map((one) => (
          <AlertLine key={one.alert.alert} {...one} />
        ))}
      </ul>
    </section>
  );
}
