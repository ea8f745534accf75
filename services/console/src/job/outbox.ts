// The phone's own numbered log: what the technician did, kept on the device until dispatch has answered; pure but for its store.
import type { Moment, PhoneStatus, Place, ShiftChange } from "../wire";

/** One thing done on the phone; `device_seq` counts up by one per device. */
export interface Action {
  key: string;
  device_id: string;
  device_seq: number;
  occurred_at: Moment;
  deed: Deed;
}

export type Deed =
  | { type: "status"; incident_id: string; epoch: number; status: PhoneStatus; reason: string | null; place: Place | null }
  | { type: "work-estimate"; incident_id: string; epoch: number; minutes_left: number }
  | { type: "shift"; change: ShiftChange; place: Place | null };

/** An answer that contradicts what was done: kept until it has been seen. */
export interface Conflict {
  id: string;
  action: Action | null;
  incident_id: string | null;
  reason: string;
  detail: string;
}

interface Kept {
  device_id: string;
  next_seq: number;
  waiting: Action[];
  conflicts: Conflict[];
}

export type Store = Pick<Storage, "getItem" | "setItem">;

const CONFLICTS_KEPT = 100;

/** The queue of one engineer on one device. Every change is read, made and written at once, so tabs do not undo each other. */
export class Outbox {
  /** False where the device refuses to store: then the queue lives only as long as the page. */
  stored = true;
  private memory: Kept;

  constructor(
    private readonly store: Store,
    private readonly engineer_id: string,
    private readonly newId: () => string,
  ) {
    this.memory = this.read() ?? { device_id: `page-${newId()}`, next_seq: 1, waiting: [], conflicts: [] };
    this.write();
  }

  get waiting(): readonly Action[] {
    return this.memory.waiting;
  }

  get conflicts(): readonly Conflict[] {
    return this.memory.conflicts;
  }

  /** Take in what another tab has written. */
  refresh(): void {
    this.memory = this.read() ?? this.memory;
  }

  add(deed: Deed, occurredAtMs: number): Action {
    const made = this.change((kept) => {
      const action: Action = {
        key: this.newId(),
        device_id: kept.device_id,
        device_seq: kept.next_seq,
        occurred_at: new Date(occurredAtMs).toISOString(),
        deed,
      };
      kept.next_seq += 1;
      kept.waiting.push(action);
      return action;
    });
    return made;
  }

  /** Dispatch has it. */
  settle(key: string): void {
    this.change((kept) => {
      kept.waiting = kept.waiting.filter((action) => action.key !== key);
    });
  }

  /** Dispatch answered against it: it leaves the queue and stays to be seen. */
  refuse(action: Action, reason: string, detail: string): void {
    const incident_id = action.deed.type === "shift" ? null : action.deed.incident_id;
    this.change((kept) => {
      kept.waiting = kept.waiting.filter((other) => other.key !== action.key);
      // the stream may have told it before the answer came: the answer knows which action it was
      kept.conflicts = kept.conflicts.filter(
        (other) => other.action !== null || other.incident_id !== incident_id || other.reason !== reason,
      );
      kept.conflicts.push({ id: action.key, action, incident_id, reason, detail });
      kept.conflicts = kept.conflicts.slice(-CONFLICTS_KEPT);
    });
  }

  /** A contradiction heard on the stream; one that an answer already told is not told twice. */
  heard(id: string, incident_id: string | null, reason: string, detail: string): void {
    this.change((kept) => {
      const told = kept.conflicts.some(
        (conflict) => conflict.id === id || (conflict.incident_id === incident_id && conflict.reason === reason),
      );
      if (!told) kept.conflicts.push({ id, action: null, incident_id, reason, detail });
    });
  }

  seen(id: string): void {
    this.change((kept) => {
      kept.conflicts = kept.conflicts.filter((conflict) => conflict.id !== id);
    });
  }

  private change<T>(work: (kept: Kept) => T): T {
    this.refresh();
    const kept = structuredClone(this.memory);
    const result = work(kept);
    this.memory = kept;
    this.write();
    return result;
  }

  private get name(): string {
    return `muster.outbox.${this.engineer_id}`;
  }

  private read(): Kept | null {
    if (!this.stored) return null;
    try {
      return JSON.parse(this.store.getItem(this.name) ?? "null") as Kept | null;
    } catch {
      return null; // unreadable: the device starts again under a new id, as after losing its storage
    }
  }

  private write(): void {
    try {
      this.store.setItem(this.name, JSON.stringify(this.memory));
    } catch {
      this.stored = false;
    }
  }
}
