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

export interface Scene {
  regions: { id: string; polygon: Polygon | null }[];
  sites: Site[];
  walkers: Walker[];
  /** Areas of warnings that stand. */
  areas?: { polygon: Polygon; begun: boolean }[];
  selectedSite: string | null;
  selectedWalker: string | null;
}

/** All places of a scene, for showing everything. */
export function* placesOf(scene: Scene): Generator<Place> {
  for (const { polygon } of scene.regions)
    for (const [lon, lat] of polygon?.coordinates[0] ?? []) yield { lat, lon };
  for (const site of scene.sites) yield site.place;
  for (const walker of scene.walkers) yield walker.place;
}
