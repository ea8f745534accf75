// A session about an incident: the open one where there is one, else a new one.
import { newKey, read, send } from "../api";
import { go } from "../router";
import { keep, keepOpened } from "./kept";
import type { Me, Moment } from "../wire";
import type { Joined, PartyRole, SessionOpened, SessionView } from "./wire";

/** Open sessions, newest first; their moments are of the same clock as `now`. */
export interface SessionList {
  items: SessionView[];
  now: Moment;
}

export const listSessions = (incident_id?: string): Promise<SessionList> =>
  read<SessionList>(`/v1/sessions${incident_id === undefined ? "" : `?incident_id=${encodeURIComponent(incident_id)}`}`);

/** The session of the incident; `key` names the wish, so that asking again opens no second one. */
export async function sessionOf(incident_id: string, key: string): Promise<string> {
  const [found] = (await listSessions(incident_id)).items;
  if (found) return found.session_id;
  const opened = await send<SessionOpened>("/v1/sessions", { incident_id }, key);
  keepOpened(opened);
  return opened.session_id;
}

/** As what a role may come, the usual first. */
export const waysOf = (role: Me["role"]): PartyRole[] =>
  role === "technician" ? ["technician"] : role === "expert" ? ["expert", "observer"] : ["observer", "expert"];

/** Go to the session's page as this. */
export function enterAs(session_id: string, as: PartyRole): void {
  keep(session_id, { as });
  go(`/assist/${encodeURIComponent(session_id)}`);
}

/** Come in by a code alone; the answer's token opens one connection within a minute. */
export const enterByCode = (code: string): Promise<Joined> => send<Joined>("/v1/sessions/join", { code }, newKey());
