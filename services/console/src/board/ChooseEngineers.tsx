// A choice of engineers for one incident: free and near first, as many as go together.
import { t } from "../texts";
import type { EngineerView, IncidentView } from "../wire";
import { picture, version } from "./store";

const ORDER: readonly string[] = ["available", "en_route", "on_site", "on_break", "off_shift"];

/** Squared degrees, the longitude shrunk to the latitude's: enough to sort by. */
function apart(engineer: EngineerView, incident: IncidentView): number {
  if (!engineer.place) return Infinity;
  const north = engineer.place.lat - incident.place.lat;
  const east = (engineer.place.lon - incident.place.lon) * Math.cos((incident.place.lat * Math.PI) / 180);
  return north * north + east * east;
}

function nearestFirst(incident: IncidentView): EngineerView[] {
  return [...picture.engineers.values()]
    .filter((engineer) => engineer.region === incident.region)
    .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || apart(a, incident) - apart(b, incident));
}

interface Choice {
  incident: IncidentView;
  chosen: string[];
  change: (chosen: string[]) => void;
}

export function ChooseEngineers({ incident, chosen, change }: Choice) {
  version.value;
  const words = t().control;
  const engineers = nearestFirst(incident);
  const told = (engineer: EngineerView): string => {
    const level = engineer.skills[incident.product];
    return [engineer.engineer_id, t().engineerStates[engineer.state], level ? t().common.level(level) : "—"].join(" · ");
  };
  const choose = (place: number, id: string): void => {
    const next = [...chosen];
    next[place] = id;
    change([...new Set(next.filter(Boolean))]);
  };
  return (
    <fieldset class="field">
      <legend>{words.engineers(incident.crew)}</legend>
      {Array.from({ length: incident.crew }, (_, place) => (
        <select key={place} aria-label={words.engineers(1)} value={chosen[place] ?? ""} onChange={(event) => choose(place, event.currentTarget.value)}>
          <option value="">{words.choose}</option>
          {engineers.map((engineer) => <option key={engineer.engineer_id} value={engineer.engineer_id}>{told(engineer)}</option>)}
        </select>
      ))}
    </fieldset>
  );
}
