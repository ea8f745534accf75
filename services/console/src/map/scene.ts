// What a map shows, in the words of the field; the board and the job page each make their own.
import type { EngineerState, Place, Polygon, Tier } from "../wire";

export type SiteStatus = "waiting" | "broken" | "underWay" | "onSite";

export interface Site {
  id: string;
  place: Place;
  tier: Tier;
  status: SiteStatus;
}

export interface Walker {
  id: string;
  place: Place;
  state: EngineerState;
  /** Where they are heading, while under way. */
  to: Place | null;
}

/** How a region stands, as a plate over it. */
export interface RegionLoadSign {
  id: string;
  place: Place;
  tone: "calm" | "strained" | "overloaded" | "unknown";
  title: string;
  lines: string[];
  chosen: boolean;
  exercise: boolean;
}

/** Help from one region to another: planned (dashed) or on its way. */
export interface Flow {
  from: Place;
  to: Place;
  count: number;
  planned: boolean;
}

export interface Scene {
  regions: { id: string; polygon: Polygon | null }[];
  sites: Site[];
  walkers: Walker[];
  /** Areas of warnings that stand. */
  areas?: { polygon: Polygon; begun: boolean }[];
  /** Where regions are shown with their load: it stands in place of their names. */
  loads?: RegionLoadSign[];
  flows?: Flow[];
  selectedSite: string | null;
  selectedWalker: string | null;
}

/** All places of a scene, for showing everything. */
export function* placesOf(scene: Scene): Generator<Place> {
  for (const { polygon } of scene.regions)
    for (const [lon, lat] of polygon?.coordinates[0] ?? []) yield { lat, lon };
  for (const { place } of scene.loads ?? []) yield place;
  for (const site of scene.sites) yield site.place;
  for (const walker of scene.walkers) yield walker.place;
}
