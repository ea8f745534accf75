// Marks on a canvas: each with a dark rim, so that it is seen on any picture; a fading one carries a clock that runs out.
import { lineWidth, toElement, type Box } from "./geometry";
import type { Color, Mark, Point } from "./wire";

export const COLORS: Record<Color, string> = {
  red: "#ff4d4d", orange: "#ff9a2e", yellow: "#ffe14d", green: "#4ddc7a", blue: "#5ab0ff", white: "#ffffff", black: "#111111",
};
const RIM_PX = 3;
/** In its last moments a mark grows faint as well. */
const FAINT_FROM = 0.35;
const TAU = Math.PI * 2;

type Place = [number, number];

const rimOf = (color: Color): string => (color === "black" ? "rgb(255 255 255 / 0.85)" : "rgb(0 0 0 / 0.7)");

/** Draw one mark; `left` is what remains of its time (1 to 0), null where it stays. */
export function paintMark(context: CanvasRenderingContext2D, mark: Mark, box: Box, left: number | null = null): void {
  const places = mark.points.map((point) => toElement(point, box));
  const first = places[0];
  if (!first) return;
  context.save();
  context.globalAlpha = left === null ? 1 : Math.min(1, 0.2 + (left / FAINT_FROM) * 0.8);
  context.lineJoin = context.lineCap = "round";
  const thick = lineWidth(mark, box);
  if (mark.tool === "text") paintText(context, mark, first, thick);
  else if (mark.tool === "step") paintStep(context, mark, first, thick);
  else strokeTwice(context, mark.color, thick, () => trace(context, mark.tool, places, thick));
  if (left !== null) paintClock(context, first, left, COLORS[mark.color]);
  context.restore();
}

/** The rim first, the colour over it. */
function strokeTwice(context: CanvasRenderingContext2D, color: Color, thick: number, path: () => void): void {
  context.beginPath();
  path();
  context.strokeStyle = rimOf(color);
  context.lineWidth = thick + RIM_PX;
  context.stroke();
  context.strokeStyle = COLORS[color];
  context.lineWidth = thick;
  context.stroke();
}

function trace(context: CanvasRenderingContext2D, tool: Mark["tool"], places: Place[], thick: number): void {
  const [[ax, ay], second] = [places[0]!, places[1]];
  if (!second) return;
  const [bx, by] = second;
  if (tool === "circle") context.arc(ax, ay, Math.hypot(bx - ax, by - ay), 0, TAU);
  else if (tool === "rectangle") context.rect(Math.min(ax, bx), Math.min(ay, by), Math.abs(bx - ax), Math.abs(by - ay));
  else {
    context.moveTo(ax, ay);
    for (const [x, y] of places.slice(1)) context.lineTo(x, y);
    if (tool === "arrow") traceHead(context, [ax, ay], second, thick);
  }
}

function traceHead(context: CanvasRenderingContext2D, [ax, ay]: Place, [bx, by]: Place, thick: number): void {
  const along = Math.atan2(by - ay, bx - ax);
  const size = Math.min(10 + thick * 3, Math.max(8, Math.hypot(bx - ax, by - ay) * 0.6));
  for (const side of [-0.5, 0.5]) {
    context.moveTo(bx - size * Math.cos(along + side), by - size * Math.sin(along + side));
    context.lineTo(bx, by);
  }
}

function write(context: CanvasRenderingContext2D, text: string, color: Color, size: number, [x, y]: Place): void {
  context.font = `650 ${size}px system-ui, sans-serif`;
  context.lineWidth = RIM_PX + 1;
  context.strokeStyle = rimOf(color);
  context.strokeText(text, x, y);
  context.fillStyle = COLORS[color];
  context.fillText(text, x, y);
}

function paintText(context: CanvasRenderingContext2D, mark: Mark, [x, y]: Place, thick: number): void {
  const size = 12 + thick * 2;
  context.textBaseline = "top";
  for (const [i, line] of (mark.text ?? "").split("\n").entries()) write(context, line, mark.color, size, [x, y + i * size * 1.25]);
}

function paintStep(context: CanvasRenderingContext2D, mark: Mark, [x, y]: Place, thick: number): void {
  const radius = 10 + thick * 1.5;
  context.beginPath();
  context.arc(x, y, radius, 0, TAU);
  context.fillStyle = COLORS[mark.color];
  context.fill();
  context.strokeStyle = rimOf(mark.color);
  context.lineWidth = 2;
  context.stroke();
  context.font = `700 ${radius * 1.15}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = mark.color === "black" || mark.color === "blue" ? "#ffffff" : "#111111";
  context.fillText(String(mark.number ?? ""), x, y + 1);
  context.textAlign = "left";
  if (mark.text) write(context, mark.text, mark.color, radius * 1.1, [x + radius + 6, y + 1]);
}

function paintClock(context: CanvasRenderingContext2D, [x, y]: Place, left: number, color: string): void {
  const [cx, cy, radius] = [x, y - 18, 7];
  context.globalAlpha = 1;
  context.beginPath();
  context.arc(cx, cy, radius + 2, 0, TAU);
  context.fillStyle = "rgb(0 0 0 / 0.7)";
  context.fill();
  context.beginPath();
  context.moveTo(cx, cy);
  context.arc(cx, cy, radius, -TAU / 4, -TAU / 4 + TAU * Math.max(0, Math.min(1, left)));
  context.closePath();
  context.fillStyle = color;
  context.fill();
}

/** Somebody's laser pointer: a glowing dot with the name beside it. */
export function paintPointer(context: CanvasRenderingContext2D, point: Point, box: Box, name: string, left: number): void {
  const [x, y] = toElement(point, box);
  context.save();
  context.globalAlpha = Math.max(0, Math.min(1, left));
  for (const [radius, fill] of [[14, "rgb(255 60 60 / 0.25)"], [8, "rgb(255 60 60 / 0.6)"], [4, "#fff"]] as const) {
    context.beginPath();
    context.arc(x, y, radius, 0, TAU);
    context.fillStyle = fill;
    context.fill();
  }
  if (name) {
    context.textBaseline = "middle";
    write(context, name, "white", 13, [x + 18, y]);
  }
  context.restore();
}

/** Make the canvas as large as its element on this screen and clear it; null where it has no size. */
export function cleared(canvas: HTMLCanvasElement): { context: CanvasRenderingContext2D; width: number; height: number } | null {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext("2d");
  if (!context || width === 0 || height === 0) return null;
  const scale = globalThis.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
