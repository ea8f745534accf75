// The tool in hand: what a gesture over the picture becomes.
import { signal } from "@preact/signals";
import { simplified } from "./geometry";
import type { Color, Mark, Point, Tool } from "./wire";

export type PenTool = Tool | "laser" | "eraser";
export const PEN_TOOLS: readonly PenTool[] = ["laser", "arrow", "circle", "rectangle", "freehand", "text", "step", "eraser"];
export const PEN_COLORS: readonly Color[] = ["red", "orange", "yellow", "green", "blue", "white", "black"];
/** The keys that choose a tool. */
export const TOOL_KEYS: Record<PenTool, string> = {
  laser: "l", arrow: "a", circle: "c", rectangle: "r", freehand: "p", text: "t", step: "n", eraser: "e",
};
/** A shorter drag is a tap, in points of the grid. */
const TAP = 500;
const WIDTH = 3;

const far = ([ax, ay]: Point, [bx, by]: Point): number => Math.hypot(ax - bx, ay - by);

export class Pen {
  readonly tool = signal<PenTool>("arrow");
  readonly color = signal<Color>("red");
  /** What is being drawn now, to be shown at once. */
  draft: Mark | null = null;

  constructor(tool: PenTool) {
    this.tool.value = tool;
  }

  begin(point: Point): void {
    const tool = this.tool.peek();
    if (tool === "laser" || tool === "eraser" || tool === "text" || tool === "step") return;
    this.draft = { tool, points: [point, point], color: this.color.peek(), width: WIDTH };
  }

  extend(point: Point): void {
    if (!this.draft) return;
    if (this.draft.tool === "freehand") this.draft.points.push(point);
    else this.draft.points[1] = point;
  }

  /** The finished mark; null where it was only a tap. */
  finish(): Mark | null {
    const mark = this.draft;
    this.draft = null;
    if (!mark) return null;
    const points = mark.tool === "freehand" ? simplified(mark.points.slice(1)) : mark.points;
    const [first] = points;
    if (!first || points.length < 2 || points.every((point) => far(point, first) < TAP)) return null;
    return { ...mark, points };
  }

  cancel(): void {
    this.draft = null;
  }

  text(point: Point, text: string): Mark {
    return { tool: "text", points: [point], color: this.color.peek(), width: WIDTH, text };
  }

  /** The next number after those that stand on the picture. */
  step(point: Point, marks: readonly Mark[]): Mark {
    const number = Math.min(99, Math.max(0, ...marks.map((mark) => mark.number ?? 0)) + 1);
    return { tool: "step", points: [point], color: this.color.peek(), width: WIDTH, number };
  }
}
