// What one has asked for and not yet heard about: sent again under the same name until it is done or refused.
import type { Operation, Refusal } from "./wire";

/** So many may be on their way at once: far below what a node takes from one client in a moment. */
export const IN_FLIGHT = 16;
export const MOST_WAITING = 200;
const AGAIN_AFTER_MS = 3000;
/** Refused for now, not for good. */
const FOR_NOW: readonly string[] = ["not_stored", "too_many", "moved", "busy"];

export type NamedOperation = Operation & { op_id: string };

interface Asked {
  op: NamedOperation;
  sent_at: number | null;
}

/** The operations of one client, in order. `send` answers whether there was a way to send it. */
export class Operations {
  private readonly asked = new Map<string, Asked>();

  constructor(
    private readonly send: (op: NamedOperation) => boolean,
    private readonly newKey: () => string,
  ) {}

  get waiting(): NamedOperation[] {
    return [...this.asked.values()].map(({ op }) => op);
  }

  /** Ask for something; returns its name, or null where too much waits already. */
  add(operation: Operation, now_ms: number): string | null {
    if (this.asked.size >= MOST_WAITING) return null;
    const op_id = this.newKey();
    this.asked.set(op_id, { op: { ...operation, op_id }, sent_at: null });
    this.pump(now_ms);
    return op_id;
  }

  done(op_id: string, now_ms: number): void {
    this.asked.delete(op_id);
    this.pump(now_ms);
  }

  /** Returns whether it is refused for good; otherwise it is sent again later. */
  refused({ op_id, reason }: Refusal, now_ms: number): boolean {
    const asked = this.asked.get(op_id ?? "");
    if (asked && FOR_NOW.includes(reason)) return false;
    this.asked.delete(op_id ?? "");
    this.pump(now_ms);
    return true;
  }

  /** The way has changed: what was on its way may be lost, and goes again. */
  startOver(now_ms: number): void {
    for (const asked of this.asked.values()) asked.sent_at = null;
    this.pump(now_ms);
  }

  /** Send what may go now; to be called now and then. */
  pump(now_ms: number): void {
    let room = IN_FLIGHT;
    for (const asked of this.asked.values()) {
      if (room-- <= 0) return;
      if (asked.sent_at !== null && now_ms - asked.sent_at < AGAIN_AFTER_MS) continue;
      if (!this.send(asked.op)) return;
      asked.sent_at = now_ms;
    }
  }
}
