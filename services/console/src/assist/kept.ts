// What this tab remembers of a session: how it came in, and the code that was given. A ticket is kept for guests alone.
import { signal } from "@preact/signals";
import type { Joined, PartyRole, SessionOpened } from "./wire";

export interface Kept {
  as?: PartyRole;
  code?: string;
  code_until?: string;
  /** Of a guest: what lets them back in after a reload. It opens this one session. */
  ticket?: string;
}

const keyOf = (session_id: string): string => `muster.assist/${session_id}`;

export function keptOf(session_id: string): Kept {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(session_id)) ?? "{}") as Kept;
  } catch {
    return {};
  }
}

export function keep(session_id: string, more: Kept): void {
  try {
    sessionStorage.setItem(keyOf(session_id), JSON.stringify({ ...keptOf(session_id), ...more }));
  } catch {
    // no storage: a reload asks anew
  }
}

export const keepOpened = ({ session_id, code, expires_at }: SessionOpened): void =>
  keep(session_id, { code, code_until: expires_at });

/** Who came in by a code, and has not yet used the token. */
export const arrived = signal<Joined | null>(null);
