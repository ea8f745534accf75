// The signs on the map: the tier is the shape, the state is what is inside it; engineers have shapes of their own.
import type { Tier } from "../wire";
import type { Cluster } from "./clusters";
import { screenX, screenY, type Camera } from "./projection";
import type { Site, SiteStatus, Walker } from "./scene";

export interface Colours {
  ground: string;
  land: string;
  border: string;
  grid: string;
  label: string;
  text: string;
  accent: string;
  good: string;
  warn: string;
  bad: string;
  halo: string;
}

/** What a click may hit, in the order of drawing. */
export type Hit =
  | { kind: "site"; id: string; x: number; y: number }
  | { kind: "walker"; id: string; x: number; y: number }
  | { kind: "region"; id: string; x: number; y: number; reachX_px: number; reachY_px: number }
  | { kind: "cluster"; x: number; y: number };

export type Pen = CanvasRenderingContext2D;

export const FONT = "11px system-ui, sans-serif";

export const isSite = (item: Site | Walker): item is Site => "tier" in item;

const COLOUR_OF: Record<SiteStatus, keyof Colours> = { waiting: "warn", broken: "bad", underWay: "accent", onSite: "good" };

/** Trace the tier's shape: diamond, disc, triangle. */
function traceTier(pen: Pen, x: number, y: number, tier: Tier, r: number): void {
  pen.beginPath();
  if (tier === "gold") {
    pen.arc(x, y, r, 0, 2 * Math.PI);
    return;
  }
  pen.moveTo(x, y - r * 1.25);
  if (tier === "silver") {
    pen.lineTo(x + r * 1.2, y + r * 0.9);
    pen.lineTo(x - r * 1.2, y + r * 0.9);
    pen.closePath();
    return;
  }
  pen.lineTo(x + r * 1.25, y);
  pen.lineTo(x, y + r * 1.25);
  pen.lineTo(x - r * 1.25, y);
  pen.closePath();
}

export function paintSite(pen: Pen, x: number, y: number, site: Site, colours: Colours, hits: Hit[]): void {
  const colour = colours[COLOUR_OF[site.status]];
  const r = site.status === "broken" ? 6 : 5;
  traceTier(pen, x, y, site.tier, r);
  pen.lineWidth = 3.5;
  pen.strokeStyle = colours.halo;
  pen.stroke();
  const filled = site.status === "waiting" || site.status === "broken";
  pen.fillStyle = filled ? colour : colours.halo;
  pen.fill();
  pen.lineWidth = 1.8;
  pen.strokeStyle = colour;
  pen.stroke();
  if (site.status === "broken") paintBang(pen, x, y, colours.halo);
  else if (site.status === "onSite") paintTick(pen, x, y, colour);
  else if (site.status === "underWay") {
    pen.fillStyle = colour;
    pen.fillRect(x - 1.2, y - 1.2, 2.4, 2.4);
  }
  hits.push({ kind: "site", id: site.id, x, y });
}

function paintBang(pen: Pen, x: number, y: number, colour: string): void {
  pen.fillStyle = colour;
  pen.fillRect(x - 0.9, y - 3.4, 1.8, 4.2);
  pen.fillRect(x - 0.9, y + 1.8, 1.8, 1.8);
}

function paintTick(pen: Pen, x: number, y: number, colour: string): void {
  pen.strokeStyle = colour;
  pen.lineWidth = 1.4;
  pen.beginPath();
  pen.moveTo(x - 2, y);
  pen.lineTo(x - 0.5, y + 1.7);
  pen.lineTo(x + 2.2, y - 1.8);
  pen.stroke();
}

/** Engineers: a ring when free, an arrowhead when moving, a square on site, two bars on a break. */
export function paintWalker(pen: Pen, x: number, y: number, walker: Walker, camera: Camera, colours: Colours, hits: Hit[]): void {
  hits.push({ kind: "walker", id: walker.id, x, y });
  const outline = (trace: () => void, fill: string, stroke: string): void => {
    pen.beginPath();
    trace();
    pen.lineWidth = 3.5;
    pen.strokeStyle = colours.halo;
    pen.stroke();
    pen.fillStyle = fill;
    pen.fill();
    pen.lineWidth = 1.6;
    pen.strokeStyle = stroke;
    pen.stroke();
  };
  if (walker.state === "en_route") {
    const angle = walker.to
      ? Math.atan2(screenY(camera, walker.to.lat) - y, screenX(camera, walker.to.lon) - x)
      : -Math.PI / 2;
    const corner = (turn: number, r: number): [number, number] => [x + r * Math.cos(angle + turn), y + r * Math.sin(angle + turn)];
    outline(() => {
      pen.moveTo(...corner(0, 7.5));
      pen.lineTo(...corner(2.5, 6.5));
      pen.lineTo(...corner(Math.PI, 2.5));
      pen.lineTo(...corner(-2.5, 6.5));
      pen.closePath();
    }, colours.accent, colours.accent);
  } else if (walker.state === "on_site") outline(() => pen.rect(x - 3.8, y - 3.8, 7.6, 7.6), colours.good, colours.good);
  else if (walker.state === "on_break") {
    outline(() => {
      pen.rect(x - 4, y - 4, 2.6, 8);
      pen.rect(x + 1.4, y - 4, 2.6, 8);
    }, colours.label, colours.label);
  } else outline(() => pen.rect(x - 3.6, y - 3.6, 7.2, 7.2), colours.halo, colours.text);
}

/** A ring with the sites' count, its parts by status; a square at its foot with the engineers' count. */
export function paintCluster(pen: Pen, group: Cluster<Site | Walker>, colours: Colours, hits: Hit[]): void {
  const { x, y, items } = group;
  const sites = items.filter(isSite);
  const engineers = items.length - sites.length;
  hits.push({ kind: "cluster", x, y });
  if (sites.length > 0) paintRing(pen, x, y, sites, colours);
  if (engineers > 0) paintBadge(pen, x, sites.length > 0 ? y + ringRadius(sites.length) + 3 : y, engineers, colours);
}

const ringRadius = (count: number): number => 10 + Math.min(9, Math.log2(count) * 1.5);

function paintRing(pen: Pen, x: number, y: number, sites: Site[], colours: Colours): void {
  const r = ringRadius(sites.length);
  pen.beginPath();
  pen.arc(x, y, r + 2, 0, 2 * Math.PI);
  pen.fillStyle = colours.halo;
  pen.fill();
  pen.lineWidth = 3.5;
  let from = -Math.PI / 2;
  for (const status of ["broken", "waiting", "underWay", "onSite"] as const) {
    const share = sites.filter((site) => site.status === status).length / sites.length;
    if (share === 0) continue;
    pen.beginPath();
    pen.arc(x, y, r - 1, from, from + share * 2 * Math.PI);
    pen.strokeStyle = colours[COLOUR_OF[status]];
    pen.stroke();
    from += share * 2 * Math.PI;
  }
  paintCount(pen, x, y, sites.length, colours);
}

function paintBadge(pen: Pen, x: number, y: number, count: number, colours: Colours): void {
  const half = count > 99 ? 14 : count > 9 ? 11 : 8;
  pen.beginPath();
  pen.rect(x - half, y - 7, 2 * half, 14);
  pen.fillStyle = colours.text;
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = colours.halo;
  pen.stroke();
  pen.fillStyle = colours.halo;
  pen.textAlign = "center";
  pen.font = "600 10px system-ui, sans-serif";
  pen.fillText(String(count), x, y + 3.5);
  pen.font = FONT;
}

function paintCount(pen: Pen, x: number, y: number, count: number, colours: Colours): void {
  pen.fillStyle = colours.text;
  pen.textAlign = "center";
  pen.font = "600 11px system-ui, sans-serif";
  pen.fillText(String(count), x, y + 4);
  pen.font = FONT;
}

