// Pointer and keyboard over the picture: both draw with the same pen.
import type { AssistClient } from "./client";
import type { FrameClock } from "./frames";
import { hits, isInside, toGrid, GRID } from "./geometry";
import type { Painter } from "./painter";
import type { Pen } from "./pen";
import type { Anchor, Mark, Point } from "./wire";

const CROSS_STEP = 0.015;
const CROSS_LEAP = 5;
const ARROWS: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export interface Ground {
  client: AssistClient;
  pen: Pen;
  painter: Painter;
  frames: () => FrameClock | null;
  still: () => string | null;
  /** Ask for the text that shall stand there. */
  onText: (point: Point, anchor: Anchor) => void;
}

export class Gestures {
  private drawing: number | null = null;
  private crossIsDown = false;

  constructor(private readonly ground: Ground) {}

  /** The frame under the pen. */
  get anchor(): Anchor {
    const still_id = this.ground.still();
    if (still_id !== null) return { still_id };
    const rtp = this.ground.frames()?.rtp;
    return rtp == null ? {} : { rtp };
  }

  draw(mark: Mark, anchor: Anchor = this.anchor): void {
    this.ground.client.ask({ type: "draw", mark, anchor });
    this.ground.painter.request();
  }

  readonly down = (event: PointerEvent): void => {
    const point = this.placeOf(event);
    if (event.button !== 0 || point === null) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.drawing = event.pointerId;
    this.ground.painter.cross = null;
    this.begin(point, event.offsetX, event.offsetY);
    event.preventDefault();
  };

  readonly move = (event: PointerEvent): void => {
    const { pen, client, painter } = this.ground;
    const isHover = event.pointerType === "mouse" && this.drawing === null;
    if (this.drawing !== event.pointerId && !isHover) return;
    if (pen.tool.peek() === "laser") {
      const point = this.placeOf(event);
      if (point) client.point(point, this.anchor.rtp ?? null);
    } else if (!isHover) {
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const one of moves.length > 0 ? moves : [event]) pen.extend(toGrid(one.offsetX, one.offsetY, painter.box));
      painter.request();
    }
  };

  readonly up = (event: PointerEvent): void => {
    if (this.drawing !== event.pointerId) return;
    this.drawing = null;
    this.finish();
  };

  readonly cancel = (): void => {
    this.drawing = null;
    this.crossIsDown = false;
    this.ground.pen.cancel();
    this.ground.painter.request();
  };

  /** Arrow keys move a cross, Enter sets where a mark begins and where it ends. Answers whether the key was meant. */
  key(event: KeyboardEvent): boolean {
    const { painter, pen, client } = this.ground;
    const step = ARROWS[event.key];
    if (step) {
      const by = CROSS_STEP * GRID * (event.shiftKey ? CROSS_LEAP : 1);
      const [x, y] = painter.cross ?? [GRID / 2, GRID / 2];
      const to = (from: number, way: number): number => Math.round(Math.max(0, Math.min(GRID, from + way * by)));
      painter.cross = [to(x, step[0]), to(y, step[1])];
      if (pen.tool.peek() === "laser") client.point(painter.cross, this.anchor.rtp ?? null);
      else pen.extend(painter.cross);
    } else if (event.key === "Enter" && painter.cross) {
      if (this.crossIsDown) this.finish();
      else this.begin(painter.cross, ...this.pixelOf(painter.cross));
      this.crossIsDown = pen.draft !== null;
    } else {
      return false;
    }
    painter.request();
    return true;
  }

  private pixelOf([x, y]: Point): [number, number] {
    const { box } = this.ground.painter;
    return [box.left + (x / GRID) * box.width, box.top + (y / GRID) * box.height];
  }

  private placeOf({ offsetX, offsetY }: PointerEvent): Point | null {
    const { box } = this.ground.painter;
    return isInside(offsetX, offsetY, box) ? toGrid(offsetX, offsetY, box) : null;
  }

  private begin(point: Point, x: number, y: number): void {
    const { client, pen, painter, still, onText } = this.ground;
    const shown = client.fold.shownMarks(still(), Date.now());
    switch (pen.tool.peek()) {
      case "laser":
        return client.point(point, this.anchor.rtp ?? null);
      case "text":
        return onText(point, this.anchor);
      case "step":
        return this.draw(pen.step(point, shown.map(({ mark }) => mark)));
      case "eraser": {
        const hit = shown.findLast(({ mark, author }) => this.mayErase(author) && hits(mark, x, y, painter.box));
        if (hit) client.ask({ type: "erase", mark_seq: hit.seq });
        return;
      }
      default:
        pen.begin(point);
        painter.request();
    }
  }

  private mayErase(author: string): boolean {
    const { client } = this.ground;
    return client.isLeading || author === client.me.peek()?.party;
  }

  private finish(): void {
    const mark = this.ground.pen.finish();
    if (mark) this.draw(mark);
    this.ground.painter.request();
  }
}

/** Take back one's newest mark on what is shown; answers whether there was one. */
export function undo(client: AssistClient, still_id: string | null): boolean {
  const own = client.fold.shownMarks(still_id, Date.now()).filter(({ author }) => author === client.me.peek()?.party);
  const last = own.at(-1);
  if (last) client.ask({ type: "erase", mark_seq: last.seq });
  return last !== undefined;
}
