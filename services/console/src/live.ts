// The live stream: read with fetch so that a new connection can say which event it saw last.
import { signal } from "@preact/signals";
import { EventStreamParser, type StreamEvent } from "./sse";

export interface LinkState {
  status: "connecting" | "live" | "lost" | "ended";
  /** Wall time since when the connection is lost. */
  lostSince: number | null;
}

export interface StreamOptions {
  url: string;
  /** Read the whole state; returns the stream position it is good for, or null where none is known. */
  resync: () => Promise<string | null>;
  onEvents: (events: StreamEvent[]) => void;
  onEnded: () => void;
}

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5_000;
/** The gateway sends something at least this often; a longer silence is a dead connection. */
const SILENCE_MS = 30_000;

/** The wait before the n-th try: doubling up to a limit, with a spread so that pages do not come back all at once. */
export function backoffMs(attempt: number, spread: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10)) * (0.7 + 0.6 * spread);
}

/** One stream kept open until closed: resumes after the last event, reads everything again where that can not be. */
export class LiveStream {
  readonly link = signal<LinkState>({ status: "connecting", lostSince: null });
  private abort = new AbortController();
  private closed = false;
  private lastId: string | null = null;
  private attempt = 0;
  private forgotten = false;
  private wake: (() => void) | null = null;

  constructor(private readonly options: StreamOptions) {
    globalThis.addEventListener?.("online", this.retryNow);
    globalThis.addEventListener?.("offline", this.cut);
    void this.run();
  }

  close(): void {
    this.closed = true;
    globalThis.removeEventListener?.("online", this.retryNow);
    globalThis.removeEventListener?.("offline", this.cut);
    this.abort.abort();
    this.retryNow();
  }

  readonly retryNow = (): void => {
    this.attempt = 0;
    this.wake?.();
  };

  /** Forget the position and read the whole state again. */
  startOver(): void {
    this.lastId = null;
    this.forgotten = true;
    this.abort.abort();
    this.retryNow();
  }

  private readonly cut = (): void => this.abort.abort();

  private async run(): Promise<void> {
    while (!this.closed) {
      try {
        this.forgotten = false;
        if (this.lastId === null) this.lastId = await this.options.resync();
        await this.listen();
      } catch (error) {
        if (isSessionOver(error)) return this.end();
      }
      if (this.closed) return;
      if (this.forgotten) continue;
      this.link.value = { status: "lost", lostSince: this.link.peek().lostSince ?? Date.now() };
      await this.pause();
    }
  }

  private end(): void {
    this.link.value = { status: "ended", lostSince: null };
    this.options.onEnded();
  }

  private async listen(): Promise<void> {
    this.abort = new AbortController();
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (this.lastId) headers["Last-Event-ID"] = this.lastId;
    const watch = new Silence(() => this.abort.abort());
    try {
      const response = await fetch(this.options.url, {
        headers,
        credentials: "same-origin",
        cache: "no-store",
        signal: this.abort.signal,
      });
      if (!response.ok || !response.body) {
        // a position the gateway no longer knows is a gap: read everything again
        if ([400, 409, 410, 412, 416, 422].includes(response.status)) this.lastId = null;
        throw Object.assign(new Error("stream"), { status: response.status });
      }
      await this.readAll(response.body, watch);
    } finally {
      watch.stop();
    }
  }

  private async readAll(body: ReadableStream<Uint8Array>, watch: Silence): Promise<void> {
    const parser = new EventStreamParser(this.lastId ?? "");
    const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
    this.attempt = 0;
    this.link.value = { status: "live", lostSince: null };
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.closed) return;
      watch.heard();
      const events = parser.push(value);
      if (parser.lastId) this.lastId = parser.lastId;
      if (events.length > 0) this.options.onEvents(events);
    }
  }

  private pause(): Promise<void> {
    const wait = backoffMs(this.attempt++, Math.random());
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const isSessionOver = (error: unknown): boolean => {
  const status =
    (error as { status?: number }).status ?? (error as { problem?: { status?: number } }).problem?.status;
  return status === 401;
};

/** Calls back when nothing was heard for too long. */
class Silence {
  private timer: ReturnType<typeof setTimeout>;
  constructor(private readonly onSilence: () => void) {
    this.timer = setTimeout(onSilence, SILENCE_MS);
  }
  heard(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onSilence, SILENCE_MS);
  }
  stop(): void {
    clearTimeout(this.timer);
  }
}
