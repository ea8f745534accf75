// Remote assist on the wire (docs/assist-protocol.md). tests/e2e/test_console_sources.py compares these names with the models.
import type { Moment } from "../wire";

export type PartyRole = "technician" | "expert" | "observer";
export type Outcome =
  | "resolved" | "escalated" | "part_needed" | "visit_needed" | "cancelled" | "abandoned" | "failed";
/** The ladder's rungs, best first. */
export type Level = "video" | "one_fps" | "stills" | "audio" | "text";
export type Tool = "arrow" | "circle" | "rectangle" | "freehand" | "text" | "step";
export type Color = "red" | "orange" | "yellow" | "green" | "blue" | "white" | "black";
export type SessionKind =
  | "opened" | "joined" | "left" | "baton_passed" | "consent_asked" | "consent_given" | "consent_withdrawn"
  | "recording_started" | "recording_stopped" | "segment_recorded" | "freeze_asked" | "frozen" | "unfrozen"
  | "guide_started" | "step_ticked" | "step_unticked" | "guide_ended" | "help_asked" | "help_answered" | "level_changed" | "placed" | "ended";
export type AnnotationKind = "drawn" | "erased" | "cleared" | "said";
export type Consent = "none" | "asked" | "given" | "withdrawn";
/** [x, y] in whole numbers of 0 to 65535 over the upright picture. */
export type Point = [number, number];

export interface Mark {
  tool: Tool;
  points: Point[];
  color: Color;
  width: number;
  text?: string;
  number?: number;
}

/** The frame that a mark was drawn on: a still, or the RTP timestamp of a live one. */
export interface Anchor {
  rtp?: number;
  still_id?: string;
}

export interface LogEntry {
  session_id: string;
  incident_id: string;
  region: string;
  seq: number;
  at: Moment;
  author: string;
  author_role: PartyRole | "dispatcher" | "system";
  op_id?: string;
  prev: string;
  hash: string;
  jws: string;
}

export interface SessionChanged extends LogEntry {
  kind: SessionKind;
  party?: string;
  party_role?: PartyRole;
  reason?: string;
  node?: string;
  epoch?: number;
  outcome?: Outcome;
  note?: string;
  level?: Level;
  still_id?: string;
  sha256?: string;
  octets?: number;
  media_type?: string;
  width?: number;
  height?: number;
  rtp?: number;
  title?: string;
  steps?: string[];
  step?: number;
  segment?: string;
  began_at?: string;
  duration_ms?: number;
}

export interface AnnotationMade extends LogEntry {
  kind: AnnotationKind;
  mark?: Mark;
  anchor?: Anchor;
  fades_after_ms?: number;
  mark_seq?: number;
  still_id?: string;
  text?: string;
}

export type Entry = SessionChanged | AnnotationMade;

export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

export interface PartyView {
  party: string;
  role: PartyRole;
  present: boolean;
  level: Level;
}

export interface GuideView {
  title: string;
  steps: string[];
  done: boolean[];
}

export interface SessionView {
  session_id: string;
  incident_id: string;
  region: string;
  state: "open" | "ended";
  seq: number;
  opened_at: Moment;
  technician?: string;
  parties: PartyView[];
  baton?: string;
  frozen?: string;
  freeze_asked?: string;
  consent: Consent;
  recording: boolean;
  guide?: GuideView;
  /** Since when the technician waits for somebody to come. */
  help_asked_at?: Moment;
  outcome?: Outcome;
}

/** `POST /v1/sessions`. */
export interface SessionOpened {
  session_id: string;
  incident_id: string;
  code: string;
  code_admits: PartyRole;
  expires_at: Moment;
}

/** `POST /v1/sessions/{id}/join`: the token opens one connection to the node. */
export interface Joined {
  session_id: string;
  party: string;
  role: PartyRole;
  token: string;
  expires_at: Moment;
  node: string;
  node_url: string;
  signal_url: string;
  whip_url: string;
  whep_url: string;
  ice_servers: IceServer[];
}

/** What a client asks for; `op_id` is put on when it is sent. */
export type Operation =
  | { type: "draw"; mark: Mark; anchor: Anchor }
  | { type: "erase"; mark_seq: number }
  | { type: "clear"; still_id?: string }
  | { type: "say"; text: string }
  | { type: "freeze" }
  | { type: "unfreeze" }
  | { type: "start_guide"; title: string; steps: string[] }
  | { type: "tick"; step: number; done: boolean }
  | { type: "end_guide" }
  | { type: "ask_help" }
  | { type: "answer_help" }
  | { type: "pass_baton"; to: string }
  | { type: "ask_consent" }
  | { type: "give_consent" }
  | { type: "withdraw_consent" }
  | { type: "end"; outcome: Outcome; note: string };

export interface PointAt {
  type: "point";
  x: number;
  y: number;
  rtp?: number;
}

export interface Welcome {
  type: "welcome";
  you: PartyView;
  session: SessionView;
  node: string;
  ticket: string;
  ice_servers: IceServer[];
  limits: { op_bytes: number; ops_per_s: number; points_per_s: number; still_bytes: number };
}

export interface Refusal {
  type: "refused";
  reason: string;
  detail: string;
  op_id?: string;
}

export interface Pointed {
  type: "pointed";
  party: string;
  x: number;
  y: number;
  rtp?: number;
}

export type NodeMessage =
  | Welcome
  | { type: "answer"; sdp: string }
  | { type: "log"; entry: Entry }
  | { type: "caught_up"; seq: number }
  | { type: "done"; op_id: string; seq?: number }
  | Refusal
  | { type: "presence"; parties: PartyView[] }
  | Pointed
  | { type: "still"; path: string; at: Moment }
  | { type: "glanced"; on: boolean }
  | { type: "moved"; url?: string }
  | { type: "media_lost"; reason: string; party?: string }
  | { type: "pong"; t: number };
