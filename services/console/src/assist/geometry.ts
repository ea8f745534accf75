// Where a mark stands: whole coordinates over the upright picture, and pixels of the element that shows it letterboxed.
import type { Mark, Point } from "./wire";

/** Coordinates run from 0 to this over the width and the height of the picture. */
export const GRID = 65_535;
export const MAX_POINTS = 512;
/** A mark's width counts 1/400 of the picture's width. */
const WIDTH_PARTS = 400;
const THINNEST_PX = 2;
/** In points of the grid: less than a pixel of a large screen. */
const UNSEEN = 30;
const MOST_LOOKED_AT = 2048;

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The part of an element that a picture fills when it is shown whole and centred (`object-fit: contain`). */
export function fitted(pictureWidth: number, pictureHeight: number, width: number, height: number): Box {
  if (!(pictureWidth > 0 && pictureHeight > 0)) return { left: 0, top: 0, width, height };
  const scale = Math.min(width / pictureWidth, height / pictureHeight);
  const [shownWidth, shownHeight] = [pictureWidth * scale, pictureHeight * scale];
  return { left: (width - shownWidth) / 2, top: (height - shownHeight) / 2, width: shownWidth, height: shownHeight };
}

const onGrid = (part: number): number => Math.max(0, Math.min(GRID, Math.round(part * GRID)));

/** A place in the element as a point of the picture; what lies beside the picture goes to its edge. */
export const toGrid = (x: number, y: number, box: Box): Point => [
  onGrid((x - box.left) / box.width),
  onGrid((y - box.top) / box.height),
];

/** A point of the picture as a place in the element. */
export const toElement = ([x, y]: Point, box: Box): [number, number] => [
  box.left + (x / GRID) * box.width,
  box.top + (y / GRID) * box.height,
];

export const isInside = (x: number, y: number, box: Box): boolean =>
  x >= box.left && y >= box.top && x <= box.left + box.width && y <= box.top + box.height;

/** How thick a mark's line is in pixels of the element. */
export const lineWidth = (mark: Pick<Mark, "width">, box: Box): number =>
  Math.max(THINNEST_PX, (mark.width / WIDTH_PARTS) * box.width);

function offLine([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = Math.hypot(dx, dy);
  if (length === 0) return Math.hypot(x - ax, y - ay);
  return Math.abs(dx * (y - ay) - dy * (x - ax)) / length;
}

/** Ramer, Douglas and Peucker: leave out the points that lie nearer than `tolerance` to the line without them. */
function thinned(points: readonly Point[], tolerance: number): Point[] {
  const kept = new Set([0, points.length - 1]);
  const spans: [number, number][] = [[0, points.length - 1]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [from, to] = span;
    let [worst, at] = [tolerance, -1];
    for (let i = from + 1; i < to; i++) {
      const off = offLine(points[i]!, points[from]!, points[to]!);
      if (off > worst) [worst, at] = [off, i];
    }
    if (at < 0) continue;
    kept.add(at);
    spans.push([from, at], [at, to]);
  }
  return points.filter((_, i) => kept.has(i));
}

/** At most `most` of the points, evenly, both ends among them. */
const evenly = (points: readonly Point[], most: number): Point[] =>
  points.length <= most
    ? [...points]
    : Array.from({ length: most }, (_, i) => points[Math.round((i * (points.length - 1)) / (most - 1))]!);

/** A freehand path with as few points as look the same, and never more than a mark may have. */
export const simplified = (points: readonly Point[]): Point[] =>
  evenly(thinned(evenly(points, MOST_LOOKED_AT), UNSEEN), MAX_POINTS);

/** Whether a tap hits a mark: within reach of one of its lines or of its middle, in pixels of the element. */
export function hits(mark: Mark, x: number, y: number, box: Box, reach = 14): boolean {
  const at: Point = [x, y];
  const places = mark.points.map((point) => toElement(point, box) as Point);
  const [first, second] = [places[0]!, places[1]];
  const far = (from: Point, to: Point): number => Math.hypot(from[0] - to[0], from[1] - to[1]);
  switch (mark.tool) {
    case "circle":
      return Math.abs(far(at, first) - far(second!, first)) <= reach;
    case "rectangle":
      return outline(first, second!).some(([from, to]) => toSegment(at, from, to) <= reach);
    case "text":
      return x >= first[0] - reach && y >= first[1] - reach && far(at, first) <= reach + 160;
    case "step":
      return far(at, first) <= reach + lineWidth(mark, box) * 4;
    default:
      return places.slice(1).some((to, i) => toSegment(at, places[i]!, to) <= reach);
  }
}

function outline([ax, ay]: Point, [bx, by]: Point): [Point, Point][] {
  const corners: Point[] = [[ax, ay], [bx, ay], [bx, by], [ax, by]];
  return corners.map((corner, i) => [corner, corners[(i + 1) % 4]!]);
}

function toSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}
