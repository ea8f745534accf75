// The lead's map: every region with its load, the help that is proposed and the people who are on their way.
import { MapView, type MapHandle, type Picked } from "../map/MapView";
import { middleOf } from "../map/loads";
import type { Flow, RegionLoadSign, Scene, Walker } from "../map/scene";
import { t } from "../texts";
import type { Place } from "../wire";
import { strainOf, waitingOf } from "./load";
import { byDonor } from "./plan";
import { chosenRegion, lending, regions } from "./store";
import type { LoanView, RegionAtDesk } from "./wire";

/** Loads change by the minute: nothing here moves between two reads. */
const DRAW_EVERY_MS = 1000;

let map: MapHandle | null = null;

export const showPlaces = (places: Place[]): void => map?.showPlaces(places);

const placeOf = ({ polygon, load }: RegionAtDesk): Place | null =>
  polygon?.coordinates[0] ? middleOf(polygon.coordinates[0]) : (load?.centre ?? null);

function signOf(region: RegionAtDesk): RegionLoadSign | null {
  const place = placeOf(region);
  if (place === null) return null;
  const words = t().lead.map;
  const { load, disaster, alerts, exercise } = region;
  const marks = [
    disaster && words.disaster,
    alerts.length > 0 && words.warnings(alerts.length),
    region.mode === "automatic" && words.automatic,
  ].filter((mark) => typeof mark === "string");
  const figures = load ? [words.waitFor(waitingOf(load), load.on_duty), words.breaking(load.breaking)] : [t().lead.load.none];
  return {
    id: region.region, place, tone: strainOf(load),
    title: exercise ? `${region.region} · ${t().alerts.exercise}` : region.region,
    lines: [...figures, ...marks], chosen: chosenRegion.peek() === region.region, exercise,
  };
}

function flowsOf(places: ReadonlyMap<string, Place>): Flow[] {
  const standing = (lending.peek()?.proposals ?? []).filter(({ state }) => state === "standing");
  return standing.flatMap((proposal) => byDonor(proposal.plan).flatMap(([home, moves]) => {
    const [from, to] = [places.get(home), places.get(proposal.to_region)];
    return from && to ? [{ from, to, count: moves.length, planned: true }] : [];
  }));
}

/** Who is lent and where; on the way they point where they go. */
function walkerOf(loan: LoanView, places: ReadonlyMap<string, Place>): Walker[] {
  if (!loan.place || loan.stage === "returned") return [];
  const towards = loan.stage === "released" ? loan.home_region : loan.stage === "working" ? null : loan.to_region;
  const to = towards === null ? null : (places.get(towards) ?? null);
  return [{ id: loan.engineer_id, place: loan.place, state: to ? "en_route" : "available", to }];
}

function sceneNow(): Scene {
  const views = regions.peek();
  const places = new Map(views.flatMap((view) => {
    const place = placeOf(view);
    return place ? [[view.region, place] as const] : [];
  }));
  const now = Date.parse(lending.peek()?.at ?? "") || Date.now();
  return {
    regions: views.map(({ region, polygon }) => ({ id: region, polygon })),
    sites: [],
    walkers: (lending.peek()?.loans ?? []).flatMap((loan) => walkerOf(loan, places)),
    areas: views.flatMap(({ alerts }) => alerts)
      .flatMap((alert) => alert.areas.map((polygon) => ({ polygon, begun: Date.parse(alert.onset) <= now }))),
    loads: views.flatMap((view) => signOf(view) ?? []),
    flows: flowsOf(places),
    selectedSite: null,
    selectedWalker: null,
  };
}

export function LoadMap() {
  const pick = (kind: Picked, id: string): void => {
    if (kind === "region") chosenRegion.value = chosenRegion.peek() === id ? null : id;
  };
  const names = regions.value.map(({ region }) => region).join();
  return (
    <section class="panel map-panel lead-map" aria-labelledby="lead-map-title">
      <h2 id="lead-map-title" class="visually-hidden">{t().map.title}</h2>
      <MapView
        scene={sceneNow} label={t().lead.map.label(regions.value.length)} fitKey={names} drawEveryMs={DRAW_EVERY_MS}
        onPick={pick} onReady={(handle) => (map = handle)}
      />
      {regions.value.every((region) => placeOf(region) === null) && <p class="empty over">{t().lead.map.nowhere}</p>}
    </section>
  );
}
