// The board's map: regions, open incidents, engineers on shift and who is travelling where.
import { drawingTime } from "../clock";
import { MapView, type MapHandle, type Picked } from "../map/MapView";
import type { Scene, Site, SiteStatus, Walker } from "../map/scene";
import { t } from "../texts";
import type { EngineerView, IncidentView, Place } from "../wire";
import { isOpen } from "./picture";
import { openIncidents, picture, regionFilter, regions, selectedIncident, shownEngineers, tierFilter } from "./store";
import { isBroken, isOnSite, isUnderWay } from "./urgency";

export let boardMap: MapHandle | null = null;

function statusOf(incident: IncidentView, now: number): SiteStatus {
  if (isOnSite(incident)) return "onSite";
  if (isBroken(incident, now)) return "broken";
  return isUnderWay(incident) ? "underWay" : "waiting";
}

/** Where an engineer is: on the line of their journey by the log's time, otherwise their last known place. */
function placeOf(engineer: EngineerView, now: number): Place | null {
  const journey = picture.journeys.get(engineer.engineer_id);
  if (!journey) return engineer.place;
  const span = Math.max(1, journey.arrivesMs - journey.departsMs);
  const share = Math.max(0, Math.min(1, (now - journey.departsMs) / span));
  return {
    lat: journey.from.lat + (journey.to.lat - journey.from.lat) * share,
    lon: journey.from.lon + (journey.to.lon - journey.from.lon) * share,
  };
}

function boardScene(): Scene {
  const now = drawingTime() ?? Date.now();
  const region = regionFilter.peek();
  const tier = tierFilter.peek();
  const sites: Site[] = [];
  const walkers: Walker[] = [];
  for (const incident of picture.incidents.values()) {
    if (!isOpen(incident) || (region !== null && incident.region !== region)) continue;
    if (tier !== null && incident.tier !== tier) continue;
    sites.push({ id: incident.incident_id, place: incident.place, tier: incident.tier, status: statusOf(incident, now) });
  }
  for (const engineer of picture.engineers.values()) {
    if (engineer.state === "off_shift" || (region !== null && engineer.region !== region)) continue;
    const place = placeOf(engineer, now);
    if (!place) continue;
    const to = picture.journeys.get(engineer.engineer_id)?.to ?? null;
    walkers.push({ id: engineer.engineer_id, place, to, state: to && engineer.state === "available" ? "en_route" : engineer.state });
  }
  // broken promises are drawn last, on top of what is calm
  sites.sort((a, b) => Number(a.status === "broken") - Number(b.status === "broken"));
  const selectedSite = selectedIncident.peek();
  return {
    regions: [...picture.regions.values()]
      .filter((view) => region === null || view.region === region)
      .map((view) => ({ id: view.region, polygon: view.polygon })),
    sites,
    walkers,
    areas: [...picture.regions.values()]
      .filter((view) => region === null || view.region === region)
      .flatMap((view) => view.alerts)
      .flatMap((alert) => alert.areas.map((polygon) => ({ polygon, begun: Date.parse(alert.onset) <= now }))),
    selectedSite,
    selectedWalker: picture.incidents.get(selectedSite ?? "")?.engineer_id ?? null,
  };
}

function Legend() {
  const words = t().map;
  const entries: [string, string][] = [
    ["broken", words.broken], ["waiting", words.waiting], ["under-way", words.underWay], ["on-site", words.onSite],
    ["walker-free", words.engineerFree], ["walker-moving", words.engineerMoving], ["walker-on-site", words.engineerOnSite],
  ];
  return (
    <details class="map-legend">
      <summary>{words.legend}</summary>
      <ul>
        {entries.map(([kind, name]) => (
          <li key={kind}>
            <LegendSign kind={kind} />
            {name}
          </li>
        ))}
        <li>
          <LegendSign kind="warned" />
          {words.warned}
        </li>
        <li>
          <LegendSign kind="platinum" />{t().tiers.platinum} <LegendSign kind="gold" />{t().tiers.gold} <LegendSign kind="silver" />{t().tiers.silver}
        </li>
      </ul>
    </details>
  );
}

function LegendSign({ kind }: { kind: string }) {
  const shapes: Record<string, string> = {
    "walker-free": "M4 4h8v8H4z",
    "walker-moving": "M14 8 3 13l2.500-5L3 3z",
    "walker-on-site": "M4 4h8v8H4z",
    warned: "M2 3h12v10H2z",
    platinum: "M8 2l6 6-6 6-6-6z",
    silver: "M8 2.500 14 13H2z",
  };
  return (
    <svg class={`legend-sign sign-${kind}`} width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <path d={shapes[kind] ?? "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3Z"} />
      {kind === "broken" && <path class="mark" d="M8 5v3.500M8 10.500v.6" />}
      {kind === "under-way" && <path class="dot" d="M7 7h2v2H7z" />}
      {kind === "on-site" && <path class="tick" d="M5.500 8.200 7.300 10l3.200-3.800" />}
    </svg>
  );
}

export function BoardMap() {
  const pick = (kind: Picked, id: string): void => {
    const incident = kind === "site" ? id : (picture.engineers.get(id)?.incident_id ?? null);
    if (incident) selectedIncident.value = incident;
  };
  const shown = regions.value.map((region) => region.region).join();
  return (
    <section class="panel map-panel" aria-labelledby="map-title">
      <h2 id="map-title" class="visually-hidden">{t().map.title}</h2>
      <MapView
        scene={boardScene}
        label={t().map.label(openIncidents.value.length, shownEngineers.value.length)}
        fitKey={`${regionFilter.value ?? "all"}:${shown}`}
        onPick={pick}
        onReady={(handle) => (boardMap = handle)}
      />
      <Legend />
    </section>
  );
}
