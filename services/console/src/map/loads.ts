// Regions with their load on the map: a hatch over the land, a plate with shape, word and figures, arrows of help.
import type { Place } from "../wire";
import { screenX, screenY, type Camera } from "./projection";
import type { Flow, RegionLoadSign, Scene } from "./scene";
import { FONT, type Colours, type Hit, type Pen } from "./signs";
import { tracePolygon } from "./trace";

const COLOUR_OF: Record<RegionLoadSign["tone"], keyof Colours> = {
  calm: "good", strained: "warn", overloaded: "bad", unknown: "label",
};
const HATCH_PX: Partial<Record<RegionLoadSign["tone"], number>> = { strained: 14, overloaded: 7 };
const TITLE_FONT = "600 12px system-ui, sans-serif";
const LINE_PX = 14;
const PAD_PX = 7;
const MARK_PX = 15;

/** The more strained, the denser the lines over the region's land: seen without colours too. */
export function paintHatches(pen: Pen, camera: Camera, scene: Scene, colours: Colours): void {
  for (const { id, polygon } of scene.regions) {
    const sign = scene.loads?.find((load) => load.id === id);
    const gap = sign && HATCH_PX[sign.tone];
    if (!polygon || !sign || !gap) continue;
    pen.save();
    tracePolygon(pen, camera, polygon.coordinates);
    pen.clip("evenodd");
    pen.strokeStyle = colours[COLOUR_OF[sign.tone]];
    pen.globalAlpha = 0.4;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let x = -camera.height; x < camera.width; x += gap) {
      pen.moveTo(x, camera.height);
      pen.lineTo(x + camera.height, 0);
    }
    pen.stroke();
    pen.restore();
  }
}

/** Arrows from who helps to who is helped, with how many. */
export function paintFlows(pen: Pen, camera: Camera, flows: readonly Flow[], colours: Colours): void {
  for (const { from, to, count, planned } of flows) {
    const [x0, y0] = [screenX(camera, from.lon), screenY(camera, from.lat)];
    const [x1, y1] = [screenX(camera, to.lon), screenY(camera, to.lat)];
    const angle = Math.atan2(y1 - y0, x1 - x0);
    const [mx, my] = [x0 + (x1 - x0) * 0.58, y0 + (y1 - y0) * 0.58];
    pen.strokeStyle = pen.fillStyle = colours.accent;
    pen.lineWidth = 2.5;
    pen.setLineDash(planned ? [7, 5] : []);
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
    pen.setLineDash([]);
    pen.beginPath();
    for (const [turn, r] of [[0, 11], [2.5, 10], [-2.5, 10]] as const) pen.lineTo(mx + r * Math.cos(angle + turn), my + r * Math.sin(angle + turn));
    pen.closePath();
    pen.fill();
    paintText(pen, `${count}`, mx + 14 * Math.sin(angle), my - 14 * Math.cos(angle) + 4, colours, "center");
  }
}

function paintText(pen: Pen, text: string, x: number, y: number, colours: Colours, align: CanvasTextAlign): void {
  pen.textAlign = align;
  pen.font = TITLE_FONT;
  pen.lineWidth = 3;
  pen.strokeStyle = colours.halo;
  pen.strokeText(text, x, y);
  pen.fillStyle = colours.text;
  pen.fillText(text, x, y);
  pen.font = FONT;
}

/** A ring, a half disc, a diamond with a bang, or a ring with a bar where nothing is known. */
function paintMark(pen: Pen, x: number, y: number, tone: RegionLoadSign["tone"], colours: Colours): void {
  pen.strokeStyle = pen.fillStyle = colours[COLOUR_OF[tone]];
  pen.lineWidth = 1.6;
  pen.beginPath();
  if (tone === "overloaded") {
    for (const [dx, dy] of [[0, -6.500], [6.500, 0], [0, 6.500], [-6.500, 0]] as const) pen.lineTo(x + dx, y + dy);
    pen.closePath();
    pen.fill();
    pen.fillStyle = colours.halo;
    pen.fillRect(x - 0.9, y - 3.4, 1.8, 4.2);
    pen.fillRect(x - 0.9, y + 1.8, 1.8, 1.8);
    return;
  }
  pen.arc(x, y, 4.6, 0, 2 * Math.PI);
  pen.stroke();
  pen.beginPath();
  if (tone === "strained") {
    pen.arc(x, y, 4.6, Math.PI / 2, (3 * Math.PI) / 2);
    pen.fill();
  } else if (tone === "unknown") {
    pen.moveTo(x - 2, y);
    pen.lineTo(x + 2, y);
    pen.stroke();
  }
}

interface Plate {
  sign: RegionLoadSign;
  x: number;
  y: number;
  width: number;
  height: number;
}

function plateOf(pen: Pen, camera: Camera, sign: RegionLoadSign): Plate {
  pen.font = TITLE_FONT;
  const title = pen.measureText(sign.title).width + MARK_PX;
  pen.font = FONT;
  const width = Math.max(title, ...sign.lines.map((line) => pen.measureText(line).width)) + 2 * PAD_PX;
  const height = (sign.lines.length + 1) * LINE_PX + 2 * PAD_PX - 3;
  return { sign, x: screenX(camera, sign.place.lon) - width / 2, y: screenY(camera, sign.place.lat) - height / 2, width, height };
}

/** Plates that would cover each other are moved down until they do not. */
function apart(plates: Plate[]): Plate[] {
  const placed: Plate[] = [];
  for (const plate of [...plates].sort((a, b) => a.y - b.y)) {
    const covers = (other: Plate): boolean =>
      plate.x < other.x + other.width && other.x < plate.x + plate.width && plate.y < other.y + other.height && other.y < plate.y + plate.height;
    for (let other = placed.find(covers); other; other = placed.find(covers)) plate.y = other.y + other.height + 3;
    placed.push(plate);
  }
  return placed;
}

export function paintLoads(pen: Pen, camera: Camera, signs: readonly RegionLoadSign[], colours: Colours, hits: Hit[]): void {
  for (const { sign, x, y, width, height } of apart(signs.map((sign) => plateOf(pen, camera, sign)))) {
    pen.fillStyle = colours.halo;
    pen.globalAlpha = 0.9;
    pen.fillRect(x, y, width, height);
    pen.globalAlpha = 1;
    pen.strokeStyle = colours[COLOUR_OF[sign.tone]];
    pen.lineWidth = sign.chosen ? 3 : 1.5;
    pen.setLineDash(sign.exercise ? [5, 3] : []);
    pen.strokeRect(x, y, width, height);
    pen.setLineDash([]);
    paintMark(pen, x + PAD_PX + 5, y + PAD_PX + 5, sign.tone, colours);
    pen.textAlign = "left";
    pen.fillStyle = colours.text;
    pen.font = TITLE_FONT;
    pen.fillText(sign.title, x + PAD_PX + MARK_PX, y + PAD_PX + 9);
    pen.font = FONT;
    sign.lines.forEach((line, n) => pen.fillText(line, x + PAD_PX, y + PAD_PX + 9 + (n + 1) * LINE_PX));
    hits.push({ kind: "region", id: sign.id, x: x + width / 2, y: y + height / 2, reachX_px: width / 2, reachY_px: height / 2 });
  }
}

/** The middle of a polygon's bounding box. */
export function middleOf(ring: readonly [number, number][]): Place {
  const [lons, lats] = [ring.map(([lon]) => lon), ring.map(([, lat]) => lat)];
  return { lat: (Math.min(...lats) + Math.max(...lats)) / 2, lon: (Math.min(...lons) + Math.max(...lons)) / 2 };
}
