// Web Mercator without tiles: degrees to the unit square, and a camera over it; pure.
import type { Place } from "../wire";

const EARTH_CIRCUMFERENCE_M = 40_075_016.686;
const MAX_LAT = 85.051;

/** The unit square's x grows east from 180° W, y grows south. */
export const unitX = (lon: number): number => (lon + 180) / 360;
export function unitY(lat: number): number {
  const sin = Math.sin((Math.max(-MAX_LAT, Math.min(MAX_LAT, lat)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
}
export const lonOf = (x: number): number => x * 360 - 180;
export const latOf = (y: number): number => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;

/** What is looked at: the centre in the unit square and pixels per unit. */
export interface Camera {
  x: number;
  y: number;
  scale: number;
  width: number;
  height: number;
}

export const MIN_SCALE = 300;
export const MAX_SCALE = 40_000_000;
export const clampScale = (scale: number): number => Math.max(MIN_SCALE, Math.min(MAX_SCALE, scale));

export const screenX = (camera: Camera, lon: number): number =>
  (unitX(lon) - camera.x) * camera.scale + camera.width / 2;
export const screenY = (camera: Camera, lat: number): number =>
  (unitY(lat) - camera.y) * camera.scale + camera.height / 2;

/** Zoom by a factor so that what is under (px, py) stays there. */
export function zoomAt(camera: Camera, factor: number, px: number, py: number): Camera {
  const scale = clampScale(camera.scale * factor);
  const dx = px - camera.width / 2;
  const dy = py - camera.height / 2;
  return {
    ...camera,
    scale,
    x: camera.x + dx / camera.scale - dx / scale,
    y: camera.y + dy / camera.scale - dy / scale,
  };
}

export const panBy = (camera: Camera, dx: number, dy: number): Camera => ({
  ...camera,
  x: camera.x - dx / camera.scale,
  y: camera.y - dy / camera.scale,
});

/** A camera that shows all places with a margin in pixels; null where there is none. */
export function fit(places: Iterable<Place>, width: number, height: number, margin: number): Camera | null {
  let [west, east, north, south] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { lat, lon } of places) {
    west = Math.min(west, unitX(lon));
    east = Math.max(east, unitX(lon));
    north = Math.min(north, unitY(lat));
    south = Math.max(south, unitY(lat));
  }
  if (west === Infinity) return null;
  const wide = Math.max(40, width - 2 * margin) / Math.max(east - west, 1e-9);
  const high = Math.max(40, height - 2 * margin) / Math.max(south - north, 1e-9);
  const scale = Math.min(clampScale(Math.min(wide, high)), 3_000_000);
  return { x: (west + east) / 2, y: (north + south) / 2, scale, width, height };
}

export const metresPerPixel = (camera: Camera): number =>
  (EARTH_CIRCUMFERENCE_M * Math.cos((latOf(camera.y) * Math.PI) / 180)) / camera.scale;

/** The largest round length (1, 2 or 5 times a power of ten metres) of at most so many pixels. */
export function scaleBar(camera: Camera, longest_px: number): { metres: number; px: number } {
  const perPixel = metresPerPixel(camera);
  const power = 10 ** Math.floor(Math.log10(perPixel * longest_px));
  const metres = ([5, 2, 1].find((step) => (step * power) / perPixel <= longest_px) ?? 1) * power;
  return { metres, px: metres / perPixel };
}

/** Degrees between graticule lines: a round step of about so many pixels. */
export function graticuleStep(camera: Camera, about_px: number): number {
  const degrees = (about_px / camera.scale) * 360;
  const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45];
  return steps.find((step) => step >= degrees) ?? 45;
}

/** Great-circle distance in metres (haversine, mean Earth radius). */
export function distanceM(a: Place, b: Place): number {
  const rad = Math.PI / 180;
  const h =
    Math.sin(((b.lat - a.lat) * rad) / 2) ** 2 +
    Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(((b.lon - a.lon) * rad) / 2) ** 2;
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
}
