// Paints what lies over the picture, as long as something of it moves or fades.
import { signal } from "@preact/signals";
import type { AssistClient } from "./client";
import { cleared, paintMark, paintPointer } from "./draw";
import { fitted, type Box } from "./geometry";
import type { Pen } from "./pen";
import type { Mark, Point } from "./wire";

const FADES_AFTER_MS = 5000;
const POINTER_FOR_MS = 1500;

export interface Shown {
  width: number;
  height: number;
  /** The still that is shown; null: the live picture. */
  still_id: string | null;
}

export class Painter {
  /** The numbers of the marks on the screen. */
  readonly marks = signal<readonly number[]>([]);
  /** Where the keyboard's cross is; null while it is not used. */
  cross: Point | null = null;
  box: Box = { left: 0, top: 0, width: 1, height: 1 };
  private asked: number | null = null;

  constructor(
    private readonly client: AssistClient,
    private readonly canvas: HTMLCanvasElement,
    private readonly pen: Pen | null,
    private readonly shown: () => Shown,
  ) {}

  readonly request = (): void => {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      if (this.paint()) this.request();
    });
  };

  stop(): void {
    if (this.asked !== null) cancelAnimationFrame(this.asked);
  }

  /** Paint once; whether something will look different in a moment. */
  private paint(): boolean {
    const surface = cleared(this.canvas);
    if (!surface) return false;
    const { context } = surface;
    const { width, height, still_id } = this.shown();
    this.box = fitted(width, height, surface.width, surface.height);
    const now = Date.now();
    const kept = this.client.fold.shownMarks(still_id, now);
    for (const { mark, gone_at } of kept)
      paintMark(context, mark, this.box, gone_at === null ? null : (gone_at - now) / FADES_AFTER_MS);
    for (const mark of this.unsent(still_id)) paintMark(context, mark, this.box);
    if (this.pen?.draft) paintMark(context, this.pen.draft, this.box);
    this.tell(kept.map(({ seq }) => seq));
    const pointing = this.paintPointers(context, now);
    if (this.cross) paintPointer(context, this.cross, this.box, "", 1);
    return pointing || kept.some(({ gone_at }) => gone_at !== null);
  }

  private unsent(still_id: string | null): Mark[] {
    const waiting = this.client.operations.waiting;
    return waiting.flatMap((op) => (op.type === "draw" && (op.anchor.still_id ?? null) === still_id ? [op.mark] : []));
  }

  private paintPointers(context: CanvasRenderingContext2D, now: number): boolean {
    let pointing = false;
    for (const [party, { point, at }] of this.client.pointers) {
      const left = 1 - (now - at) / POINTER_FOR_MS;
      if (left <= 0) this.client.pointers.delete(party);
      else paintPointer(context, point, this.box, party, Math.min(1, left * 2));
      pointing ||= left > 0;
    }
    return pointing;
  }

  private tell(seqs: number[]): void {
    if (seqs.join() !== this.marks.peek().join()) this.marks.value = seqs;
  }
}
