// Draws a scene on a canvas: borders, graticule, scale bar, lines, sites and engineers, clusters where it is crowded.
import { cluster, type OnScreen } from "./clusters";
import { graticuleStep, latOf, lonOf, scaleBar, screenX, screenY, type Camera } from "./projection";
import { paintFlows, paintHatches, paintLoads } from "./loads";
import type { Scene, Site, Walker } from "./scene";
import { FONT, isSite, paintCluster, paintSite, paintWalker, type Colours, type Hit, type Pen } from "./signs";
import { tracePolygon } from "./trace";

export type { Colours, Hit };

const CELL_PX = 46;
const CROWD = 140;
const LEAST = 4;

/** Draw everything; returns what can be clicked. */
export function paint(pen: Pen, camera: Camera, scene: Scene, colours: Colours): Hit[] {
  const hits: Hit[] = [];
  pen.fillStyle = colours.ground;
  pen.fillRect(0, 0, camera.width, camera.height);
  pen.font = FONT;
  paintRegions(pen, camera, scene, colours);
  if (scene.loads) paintHatches(pen, camera, scene, colours);
  paintAreas(pen, camera, scene, colours);
  paintGraticule(pen, camera, colours);
  paintLines(pen, camera, scene, colours);
  paintFlows(pen, camera, scene.flows ?? [], colours);
  const sites = visible(scene.sites, camera);
  const walkers = visible(scene.walkers, camera);
  const loose = [
    ...sites.filter(({ item }) => item.id !== scene.selectedSite),
    ...walkers.filter(({ item }) => item.id !== scene.selectedWalker),
  ];
  const { singles, clusters } = cluster<Site | Walker>(loose, CELL_PX, loose.length > CROWD ? LEAST : Infinity);
  for (const { x, y, item } of singles) {
    if (isSite(item)) paintSite(pen, x, y, item, colours, hits);
    else paintWalker(pen, x, y, item, camera, colours, hits);
  }
  for (const group of clusters) paintCluster(pen, group, colours, hits);
  paintSelected(pen, camera, scene, sites, walkers, colours, hits);
  if (scene.loads) paintLoads(pen, camera, scene.loads, colours, hits);
  else paintRegionNames(pen, camera, scene, colours);
  paintScaleBar(pen, camera, colours);
  return hits;
}


function visible<T extends Site | Walker>(items: T[], camera: Camera): OnScreen<T>[] {
  const points: OnScreen<T>[] = [];
  for (const item of items) {
    const x = screenX(camera, item.place.lon);
    const y = screenY(camera, item.place.lat);
    if (x > -20 && y > -20 && x < camera.width + 20 && y < camera.height + 20) points.push({ x, y, item });
  }
  return points;
}

function paintRegions(pen: Pen, camera: Camera, scene: Scene, colours: Colours): void {
  for (const { polygon } of scene.regions) {
    if (!polygon) continue;
    tracePolygon(pen, camera, polygon.coordinates);
    pen.fillStyle = colours.land;
    pen.fill("evenodd");
    pen.strokeStyle = colours.border;
    pen.lineWidth = 1.25;
    pen.stroke();
  }
}

/** Warned areas: tinted where the warning has begun, outlined in dashes where it is to come. */
function paintAreas(pen: Pen, camera: Camera, scene: Scene, colours: Colours): void {
  for (const { polygon, begun } of scene.areas ?? []) {
    tracePolygon(pen, camera, polygon.coordinates);
    if (begun) {
      pen.globalAlpha = 0.16;
      pen.fillStyle = colours.warn;
      pen.fill("evenodd");
      pen.globalAlpha = 1;
    }
    pen.strokeStyle = colours.warn;
    pen.lineWidth = 2;
    pen.setLineDash(begun ? [] : [8, 5]);
    pen.stroke();
    pen.setLineDash([]);
  }
}

function paintRegionNames(pen: Pen, camera: Camera, scene: Scene, colours: Colours): void {
  pen.textAlign = "center";
  pen.font = "600 12px system-ui, sans-serif";
  for (const { id, polygon } of scene.regions) {
    const ring = polygon?.coordinates[0];
    if (!ring) continue;
    const xs = ring.map(([lon]) => screenX(camera, lon));
    const top = Math.min(...ring.map(([, lat]) => screenY(camera, lat)));
    const x = (Math.min(...xs) + Math.max(...xs)) / 2;
    if (x < 20 || x > camera.width - 20) continue;
    const y = Math.max(20, top - 6);
    pen.strokeStyle = colours.halo;
    pen.lineWidth = 3;
    pen.strokeText(id, x, y);
    pen.fillStyle = colours.text;
    pen.fillText(id, x, y);
  }
  pen.font = FONT;
}

const degrees = (value: number, positive: string, negative: string, step: number): string => {
  const digits = step >= 1 ? 0 : Math.min(3, Math.ceil(-Math.log10(step)));
  return `${Math.abs(value).toFixed(digits)}° ${value < 0 ? negative : positive}`;
};

function paintGraticule(pen: Pen, camera: Camera, colours: Colours): void {
  const step = graticuleStep(camera, 130);
  const west = lonOf(camera.x - camera.width / 2 / camera.scale);
  const east = lonOf(camera.x + camera.width / 2 / camera.scale);
  const north = latOf(camera.y - camera.height / 2 / camera.scale);
  const south = latOf(camera.y + camera.height / 2 / camera.scale);
  pen.strokeStyle = colours.grid;
  pen.fillStyle = colours.label;
  pen.lineWidth = 1;
  pen.textAlign = "left";
  pen.beginPath();
  for (let lon = Math.ceil(west / step) * step; lon <= east; lon += step) {
    const x = Math.round(screenX(camera, lon)) + 0.5;
    pen.moveTo(x, 0);
    pen.lineTo(x, camera.height);
    if (x > 40) pen.fillText(degrees(lon, "E", "W", step), x + 4, camera.height - 6);
  }
  for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) {
    const y = Math.round(screenY(camera, lat)) + 0.5;
    pen.moveTo(0, y);
    pen.lineTo(camera.width, y);
    if (y < camera.height - 30) pen.fillText(degrees(lat, "N", "S", step), 6, y - 4);
  }
  pen.stroke();
}

function paintLines(pen: Pen, camera: Camera, scene: Scene, colours: Colours): void {
  pen.strokeStyle = colours.accent;
  for (const walker of scene.walkers) {
    if (!walker.to) continue;
    const chosen = walker.id === scene.selectedWalker;
    pen.globalAlpha = chosen ? 1 : 0.45;
    pen.lineWidth = chosen ? 2.5 : 1.1;
    pen.setLineDash(chosen ? [] : [5, 3]);
    pen.beginPath();
    pen.moveTo(screenX(camera, walker.place.lon), screenY(camera, walker.place.lat));
    pen.lineTo(screenX(camera, walker.to.lon), screenY(camera, walker.to.lat));
    pen.stroke();
  }
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

function paintSelected(
  pen: Pen, camera: Camera, scene: Scene, sites: OnScreen<Site>[], walkers: OnScreen<Walker>[], colours: Colours, hits: Hit[],
): void {
  const ring = (x: number, y: number, name: string, away_px: number): void => {
    pen.beginPath();
    pen.arc(x, y, 13, 0, 2 * Math.PI);
    pen.lineWidth = 2;
    pen.strokeStyle = colours.text;
    pen.stroke();
    pen.textAlign = "center";
    pen.font = "600 11px system-ui, sans-serif";
    pen.lineWidth = 3.5;
    pen.strokeStyle = colours.halo;
    pen.strokeText(name, x, y + away_px);
    pen.fillStyle = colours.text;
    pen.fillText(name, x, y + away_px);
    pen.font = FONT;
  };
  for (const { x, y, item } of sites) {
    if (item.id !== scene.selectedSite) continue;
    paintSite(pen, x, y, item, colours, hits);
    ring(x, y, item.id, -18);
  }
  for (const { x, y, item } of walkers) {
    if (item.id !== scene.selectedWalker) continue;
    paintWalker(pen, x, y, item, camera, colours, hits);
    ring(x, y, item.id, 26); // below, for an engineer on site stands where the incident is
  }
}

function paintScaleBar(pen: Pen, camera: Camera, colours: Colours): void {
  const { metres, px } = scaleBar(camera, 120);
  const text = metres >= 1000 ? `${metres / 1000} km` : `${metres} m`;
  const x = camera.width - px - 14;
  const y = camera.height - 24;
  pen.strokeStyle = colours.text;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(x, y - 4);
  pen.lineTo(x, y);
  pen.lineTo(x + px, y);
  pen.lineTo(x + px, y - 4);
  pen.stroke();
  pen.fillStyle = colours.text;
  pen.textAlign = "center";
  pen.fillText(text, x + px / 2, y - 5);
}
