// Sends the phone's queue in order, one at a time, as long as it takes; answers that contradict are kept to be seen.
import { Refused, request, Unreachable } from "../api";
import { backoffMs } from "../live";
import type { Decision, EngineerView, IncidentView } from "../wire";
import type { Action, Outbox } from "./outbox";

export type Answer = (IncidentView | EngineerView) & { decision?: Decision };

export interface SenderOptions {
  outbox: Outbox;
  engineer_id: string;
  /** An action has left the queue: `answer` is the new state, or null where dispatch has only taken it in. */
  onSettled: (action: Action, answer: Answer | null) => void;
  onChanged: () => void;
  onSessionOver: () => void;
}

/** One sending loop a page; with several tabs open only one of them sends. */
export class Sender {
  private busy = false;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly options: SenderOptions) {
    addEventListener("online", this.wake);
    addEventListener("storage", this.taken);
    this.wake();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    removeEventListener("online", this.wake);
    removeEventListener("storage", this.taken);
  }

  /** Try now: something was added, or the connection is back. */
  readonly wake = (): void => {
    this.attempt = 0;
    void this.run();
  };

  private readonly taken = (): void => {
    this.options.outbox.refresh();
    this.options.onChanged();
  };

  private async run(): Promise<void> {
    if (this.busy || this.closed) return;
    this.busy = true;
    clearTimeout(this.timer);
    try {
      await withLock(`muster.send.${this.options.engineer_id}`, () => this.sendAll());
    } finally {
      this.busy = false;
    }
  }

  private async sendAll(): Promise<void> {
    for (;;) {
      this.options.outbox.refresh();
      const action = this.options.outbox.waiting[0];
      if (!action || this.closed) return;
      try {
        await this.sendOne(action);
        this.attempt = 0;
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        this.timer = setTimeout(() => void this.run(), backoffMs(this.attempt++, Math.random()));
        return;
      } finally {
        this.options.onChanged();
      }
    }
  }

  private async sendOne(action: Action): Promise<void> {
    const { outbox, onSettled, onSessionOver } = this.options;
    try {
      const answer = await post(action, this.options.engineer_id);
      const told = answer?.decision;
      if (told && (told.kind === "refused" || told.kind === "conflicted"))
        turnDown(outbox, action, told.reason ?? told.kind, told.detail ?? "");
      else outbox.settle(action.key);
      onSettled(action, answer);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.problem.status === 401) {
        onSessionOver();
        throw new Unreachable("signed out");
      }
      const { reason, title, detail } = error.problem;
      turnDown(outbox, action, reason ?? "refused", detail ?? title ?? "");
      onSettled(action, null);
    }
  }
}

/** That an acknowledgement came too late is nothing to look at: the page reads what is true now and shows that. */
function turnDown(outbox: Outbox, action: Action, reason: string, detail: string): void {
  if (action.deed.type === "status" && action.deed.status === "acknowledged") outbox.settle(action.key);
  else outbox.refuse(action, reason, detail);
}

async function post(action: Action, engineer_id: string): Promise<Answer | null> {
  const { device_id, device_seq, occurred_at, deed } = action;
  const { type, ...rest } = deed;
  const body = { ...rest, device_id, device_seq, occurred_at } as Record<string, unknown>;
  delete body["incident_id"];
  const path =
    deed.type === "shift"
      ? `/v1/engineers/${encodeURIComponent(engineer_id)}/shift`
      : `/v1/assignments/${encodeURIComponent(deed.incident_id)}/${deed.type}`;
  const headers = { "Content-Type": "application/json", "Idempotency-Key": action.key };
  const answer = await request<Answer & { accepted?: boolean }>(path, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  return answer?.accepted === true ? null : answer;
}

async function withLock(name: string, work: () => Promise<void>): Promise<void> {
  if (!("locks" in navigator)) return work(); // not a secure context: one tab is assumed
  await navigator.locks.request(name, work);
}
