// What many work on, and what has one cause: a line for each, with who leads, how many sites wait and whose.
import { logTime } from "../clock";
import { Icon, TierMark } from "../icons";
import { t } from "../texts";
import { TIERS } from "../tiers";
import type { IncidentView } from "../wire";
import { StateChip } from "./Incidents";
import { placesOf, selectedIncident, sitesFilter, sitesOf, swarmed, tied } from "./store";
import { isBroken } from "./urgency";

/** The sites that wait for a root: how many, of which tiers, how many promises are broken; and who has the root. */
function CauseLine({ root }: { root: IncidentView }) {
  const words = t().gathering;
  const sites = sitesOf(root.incident_id);
  const now = logTime.value ?? Date.now();
  const late = sites.filter((site) => isBroken(site, now)).length;
  const shown = sitesFilter.value === root.incident_id;
  return (
    <li class="alert gathering" data-cause={root.cause_id}>
      <Icon name="link" />
      <strong>{words.cause(root.cause_id ?? root.incident_id)}</strong>
      <button type="button" onClick={() => (selectedIncident.value = root.incident_id)}>{root.incident_id}</button>
      <StateChip state={root.state} />
      {root.engineer_id && <span>{root.engineer_id}</span>}
      <span>{words.wait(sites.length)}</span>
      {TIERS.map((tier) => {
        const count = sites.filter((site) => site.tier === tier).length;
        return count > 0 && (
          <span key={tier} class="gathering-tier"><TierMark tier={tier} /> {`${count} ${t().tiers[tier]}`}</span>
        );
      })}
      {late > 0 && <span class="alert-when">{t().attention.promise_broken(late)}</span>}
      <button type="button" aria-pressed={shown} onClick={() => (sitesFilter.value = shown ? null : root.incident_id)}>
        {shown ? words.hideSites : words.showSites}
      </button>
    </li>
  );
}

function SwarmLine({ root }: { root: IncidentView }) {
  const words = t().gathering;
  const places = placesOf(root.incident_id);
  const joined = places.filter((place) => place.engineer_id !== null);
  const own = root.engineer_id === null ? 0 : root.crew;
  const there = joined.filter((place) => place.on_site_at !== null).length + (root.on_site_at === null ? 0 : own);
  const swarm = root.swarm;
  if (!swarm) return null;
  return (
    <li class="alert gathering" data-swarm={root.incident_id}>
      <Icon name="person" />
      <strong>{words.swarm(root.incident_id)}</strong>
      <span>{words.joined(joined.length + own, there, swarm.crew)}</span>
      <span class="alert-when">{swarm.lead_id ? words.leads(swarm.lead_id) : words.nobodyLeads}</span>
      <span class="alert-headline">{[swarm.reason, t().stream.by(swarm.by)].filter(Boolean).join(" · ")}</span>
      <button type="button" onClick={() => (selectedIncident.value = root.incident_id)}>{words.open}</button>
    </li>
  );
}

export function GatheringBar() {
  const [causes, swarms] = [tied.value, swarmed.value];
  if (causes.length === 0 && swarms.length === 0) return null;
  return (
    <section class="alerts gatherings" aria-label={t().gathering.title}>
      <ul>
        {causes.map((root) => <CauseLine key={`cause ${root.incident_id}`} root={root} />)}
        {swarms.map((root) => <SwarmLine key={`swarm ${root.incident_id}`} root={root} />)}
      </ul>
    </section>
  );
}
