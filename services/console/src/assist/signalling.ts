// The WebSocket to the session's node, kept up: joined again where it ends, on another node where that one is gone.
import { signal } from "@preact/signals";
import { Refused } from "../api";
import { againAfterMs, type Door } from "./join";
import type { Joined, NodeMessage } from "./wire";

const SUBPROTOCOL = "muster.assist.v1";
const OPEN_WITHIN_MS = 3000;
const PING_EVERY_MS = 1000;
const SILENCE_MS = 3500;
/** A connection that held so long was a good one: the next loss is tried again at once. */
const GOOD_AFTER_MS = 3000;

export type LinkStatus =
  | { status: "joining" | "live" }
  | { status: "lost"; since: number }
  /** It is over: ended or left, refused (why), or opened elsewhere by the same party. */
  | { status: "over"; why: "ended" | "replaced" | "refused"; detail: string };

export interface Heard {
  /** The highest number seen: what `hello` says. */
  after: () => number;
  onMessage: (message: NodeMessage) => void;
  onJoined: (joined: Joined) => void;
  onGone: () => void;
}

const CLOSED = { ended: 1000, notAllowed: 4403, unknown: 4404, replaced: 4409 } as const;
/** The node itself said so, hence it is there. */
const SAID_BY_NODE = 4000;

export class Signalling {
  readonly link = signal<LinkStatus>({ status: "joining" });
  private socket: WebSocket | null = null;
  private welcomed = false;
  private welcomedAt = 0;
  private closed = false;
  private refusal = "";
  private wake: (() => void) | null = null;

  constructor(
    private readonly door: Door,
    private readonly heard: Heard,
  ) {
    globalThis.addEventListener?.("online", this.retryNow);
    void this.run();
  }

  /** Send over the WebSocket; false where there is none that was welcomed. */
  send(message: object): boolean {
    if (!this.welcomed || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Leave for good. */
  close(): void {
    this.send({ type: "bye" });
    this.closed = true;
    globalThis.removeEventListener?.("online", this.retryNow);
    this.socket?.close(1000);
    this.retryNow();
  }

  /** Give this connection up and join again: something that should have been answered was not. */
  startOver(): void {
    this.socket?.close();
  }

  readonly retryNow = (): void => this.wake?.();

  private async run(): Promise<void> {
    let tries = 0;
    let lost: string | null = null;
    while (!this.closed) {
      const began = Date.now();
      try {
        const joined = await this.door.knock(lost);
        if (this.closed) return;
        this.heard.onJoined(joined);
        const code = await this.talk(joined);
        if (this.closed || this.isOver(code)) return;
        lost = code < SAID_BY_NODE ? joined.node : null;
      } catch (error) {
        if (error instanceof Refused) return this.refused(error);
      }
      this.lost();
      if (this.welcomedAt >= began && Date.now() - this.welcomedAt >= GOOD_AFTER_MS) tries = 0;
      else await this.pause(againAfterMs(tries++));
    }
  }

  private lost(): void {
    const before = this.link.peek();
    if (before.status !== "lost") this.link.value = { status: "lost", since: Date.now() };
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private refused(error: Refused): void {
    const ended = error.problem.reason === "not_open";
    this.link.value = { status: "over", why: ended ? "ended" : "refused", detail: error.message };
  }

  private isOver(code: number): boolean {
    const why =
      code === CLOSED.ended ? "ended"
      : code === CLOSED.replaced ? "replaced"
      : code === CLOSED.notAllowed || code === CLOSED.unknown ? "refused"
      : null;
    if (why !== null) this.link.value = { status: "over", why, detail: this.refusal };
    return why !== null;
  }

  /** One connection, until it ends; answers its close code. */
  private talk(joined: Joined): Promise<number> {
    return new Promise((resolve) => {
      const socket = new WebSocket(joined.signal_url, [SUBPROTOCOL]);
      this.socket = socket;
      this.welcomed = false;
      let heardAt = Date.now();
      let ended = false;
      const end = (code: number): void => {
        if (ended) return;
        ended = true;
        clearTimeout(opening);
        clearInterval(pinging);
        socket.close();
        const was = this.welcomed;
        this.welcomed = false;
        if (was) this.heard.onGone();
        resolve(code);
      };
      const opening = setTimeout(() => !this.welcomed && end(1006), OPEN_WITHIN_MS);
      const pinging = setInterval(() => {
        if (this.welcomed && Date.now() - heardAt > SILENCE_MS) end(1006);
        else this.send({ type: "ping", t: Date.now() });
      }, PING_EVERY_MS);
      socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token: joined.token, after: this.heard.after() }));
      socket.onclose = ({ code }) => end(code);
      socket.onmessage = ({ data }: MessageEvent<string>) => {
        heardAt = Date.now();
        if (!ended) this.take(JSON.parse(data) as NodeMessage);
      };
    });
  }

  private take(message: NodeMessage): void {
    if (message.type === "welcome") {
      this.welcomed = true;
      this.welcomedAt = Date.now();
      this.door.ticket = message.ticket;
      this.link.value = { status: "live" };
    } else if (message.type === "refused" && !this.welcomed) {
      this.refusal = message.detail;
    }
    this.heard.onMessage(message);
  }
}
