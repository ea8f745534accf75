// The warnings that stand for the shown regions: what, how bad, where, from when until when; the worst first.
import { logTime } from "../clock";
import { Icon } from "../icons";
import { t } from "../texts";
import { clockText, dayText, toMs } from "../time";
import type { Alert, Severity } from "../wire";
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

export function AlertBar() {
  const found = standing();
  if (found.length === 0) return null;
  return (
    <section class="alerts" aria-label={t().alerts.title} role="status">
      <ul>
        {found.map((one) => (
          <AlertLine key={one.alert.alert} {...one} />
        ))}
      </ul>
    </section>
  );
}
