// Being let into a session: by one's own right, a code, or the ticket of an earlier visit; from the gateway or a node.
import { newKey, Refused, request, Unreachable } from "../api";
import type { Joined, PartyRole } from "./wire";

const WITHIN_MS = 4000;
const WAITS_MS = [250, 500, 1000] as const;

/** The wait before the n-th try again (from 0): a quarter and half a second, then each second. */
export const againAfterMs = (tries: number): number => WAITS_MS[Math.min(tries, WAITS_MS.length - 1)]!;

export interface Wish {
  /** Null where only a code is known. */
  session_id: string | null;
  code?: string;
  /** Where one may come as more than one thing. */
  role?: PartyRole;
  /** Already let in, and not yet there. */
  arrived?: Joined;
  /** Of an earlier visit. */
  ticket?: string;
}

/** One client's way in. The session is known once it was let in; the ticket once it was greeted. */
export class Door {
  session_id: string | null;
  ticket: string | null;
  private arrived: Joined | null;
  private code: string | null;
  private readonly role: PartyRole | undefined;
  /** One key for a code until it is answered: the same guest is meant, and the code is used once. */
  private readonly codeKey = newKey();
  private readonly nodes = new Set<string>();

  constructor(wish: Wish) {
    this.session_id = wish.session_id;
    this.code = wish.code ?? null;
    this.role = wish.role;
    this.ticket = wish.ticket ?? null;
    this.arrived = wish.arrived ?? null;
  }

  /** Where to go. Throws Refused where one is not let in, Unreachable where trying again is worth it. */
  async knock(lost_node: string | null): Promise<Joined> {
    const joined = this.arrived ?? (await this.ask(lost_node));
    this.arrived = null;
    this.session_id = joined.session_id;
    this.code = null;
    this.nodes.add(joined.node_url);
    return joined;
  }

  private async ask(lost_node: string | null): Promise<Joined> {
    const lost = lost_node === null ? {} : { lost_node };
    if (this.code !== null) {
      const path = this.session_id === null ? "/v1/sessions/join" : joinPath(this.session_id);
      return join(path, { code: this.code }, this.codeKey);
    }
    const path = joinPath(this.session_id ?? "");
    if (this.ticket === null) return join(path, { ...(this.role && { role: this.role }), ...lost });
    try {
      return await join(path, { ticket: this.ticket, ...lost });
    } catch (error) {
      if (error instanceof Unreachable) return this.askNodes(path, { ticket: this.ticket, ...lost }, error);
      if (!(error instanceof Refused && error.problem.reason === "bad_ticket")) throw error;
      this.ticket = null; // it has expired: one's own right may still open
      return this.ask(lost_node);
    }
  }

  /** The gateway is away: every node that was met answers a ticket too. */
  private async askNodes(path: string, body: object, away: Unreachable): Promise<Joined> {
    for (const node of this.nodes) {
      try {
        return await join(`${node}${path}`, body);
      } catch (error) {
        if (error instanceof Refused) throw error;
      }
    }
    throw away;
  }
}

const joinPath = (session_id: string): string => `/v1/sessions/${encodeURIComponent(session_id)}/join`;

const join = (path: string, body: object, key = newKey()): Promise<Joined> =>
  request<Joined>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(WITHIN_MS),
  });
