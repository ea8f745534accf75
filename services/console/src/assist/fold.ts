// A session as the fold of its log: the same entries make the same picture on every screen.
import type { Anchor, AnnotationMade, Consent, Entry, GuideView, Level, Mark, Outcome, PartyRole, SessionChanged } from "./wire";

export const LINES_KEPT = 400;
const MARKS_KEPT = 4000;

export interface KeptMark {
  seq: number;
  author: string;
  mark: Mark;
  anchor: Anchor;
  /** When it is gone from a live picture, by this device's clock; null where it stays. */
  gone_at: number | null;
}

export interface Still {
  still_id: string;
  width: number;
  height: number;
}

/** What the session tells its people in words: who came, what was written, what was drawn. */
export interface Line {
  seq: number;
  at: number;
  author: string;
  entry: Entry;
}

export type Taken = "taken" | "known" | "gap";

/** The session at `seq`; `apply` takes the entries in order, each once. */
export class SessionFold {
  seq = 0;
  session_id = "";
  incident_id = "";
  region = "";
  opened_at: number | null = null;
  readonly parties = new Map<string, PartyRole>();
  readonly levels = new Map<string, Level>();
  /** The incident's engineer when the session was opened. */
  engineer: string | null = null;
  baton: string | null = null;
  freeze_asked: string | null = null;
  frozen: string | null = null;
  readonly stills = new Map<string, Still>();
  consent: Consent = "none";
  recording = false;
  guide: GuideView | null = null;
  /** Since when the technician waits for somebody to come. */
  help_asked_at: number | null = null;
  readonly marks = new Map<number, KeptMark>();
  readonly lines: Line[] = [];
  ended = false;
  outcome: Outcome | null = null;
  note = "";
  /** How far this device's clock is ahead of the log's, at least; null until something came live. */
  private ahead_ms: number | null = null;

  /** The technician who has joined. */
  get technician(): string | null {
    return this.withRole("technician")[0] ?? null;
  }

  withRole(role: PartyRole): string[] {
    return [...this.parties].filter(([, own]) => own === role).map(([party]) => party);
  }

  /**
   * Fold one entry in. `now_ms` is this device's clock; `replayed` says that it happened some time ago, so that a mark on
   * the live picture is only shown for what is left of its time.
   */
  apply(entry: Entry, now_ms: number, replayed = false): Taken {
    if (entry.seq <= this.seq) return "known";
    if (entry.seq !== this.seq + 1) return "gap";
    this.seq = entry.seq;
    const at = Date.parse(entry.at);
    if (!replayed) this.ahead_ms = Math.min(this.ahead_ms ?? Infinity, now_ms - at);
    if (isAnnotation(entry)) this.annotate(entry, now_ms, replayed);
    else this.change(entry);
    if (entry.kind !== "placed" && entry.kind !== "segment_recorded") {
      this.lines.push({ seq: entry.seq, at, author: entry.author, entry });
      if (this.lines.length > LINES_KEPT) this.lines.shift();
    }
    return "taken";
  }

  /** The marks to be shown on a still, or (null) on the live picture now. */
  shownMarks(still_id: string | null, now_ms: number): KeptMark[] {
    return [...this.marks.values()].filter(
      ({ anchor, gone_at }) => (anchor.still_id ?? null) === still_id && (gone_at === null || gone_at > now_ms),
    );
  }

  private annotate(entry: AnnotationMade, now_ms: number, replayed: boolean): void {
    if (entry.kind === "drawn" && entry.mark) {
      const { seq, author, mark, anchor = {} } = entry;
      this.marks.set(seq, { seq, author, mark, anchor, gone_at: this.goneAt(entry, now_ms, replayed) });
      if (this.marks.size > MARKS_KEPT) this.marks.delete(this.marks.keys().next().value!);
    } else if (entry.kind === "erased") {
      this.marks.delete(entry.mark_seq ?? 0);
    } else if (entry.kind === "cleared") {
      for (const [seq, { anchor }] of this.marks) if (anchor.still_id === entry.still_id) this.marks.delete(seq);
    }
  }

  private goneAt(entry: AnnotationMade, now_ms: number, replayed: boolean): number | null {
    if (entry.fades_after_ms === undefined) return null;
    if (!replayed) return now_ms + entry.fades_after_ms;
    return this.ahead_ms === null ? 0 : Date.parse(entry.at) + this.ahead_ms + entry.fades_after_ms;
  }

  private change(entry: SessionChanged): void {
    const { party = "", still_id = "" } = entry;
    switch (entry.kind) {
      case "opened":
        this.session_id = entry.session_id;
        this.incident_id = entry.incident_id;
        this.region = entry.region;
        this.opened_at = Date.parse(entry.at);
        this.engineer = entry.party ?? null;
        break;
      case "joined":
        this.parties.set(party, entry.party_role ?? "observer");
        break;
      case "left":
        this.parties.delete(party);
        this.levels.delete(party);
        break;
      case "baton_passed":
        this.baton = entry.party ?? null;
        break;
      case "consent_asked":
      case "consent_given":
      case "consent_withdrawn":
        this.consent = entry.kind.replace("consent_", "") as Consent;
        break;
      case "recording_started":
      case "recording_stopped":
        this.recording = entry.kind === "recording_started";
        break;
      case "freeze_asked":
        this.freeze_asked = still_id;
        break;
      case "frozen":
        this.frozen = still_id;
        this.freeze_asked = null;
        this.stills.set(still_id, { still_id, width: entry.width ?? 0, height: entry.height ?? 0 });
        break;
      case "unfrozen":
        this.frozen = this.freeze_asked = null;
        break;
      case "help_asked":
        this.help_asked_at = Date.parse(entry.at);
        break;
      case "help_answered":
        this.help_asked_at = null;
        break;
      case "guide_started":
        this.guide = { title: entry.title ?? "", steps: entry.steps ?? [], done: (entry.steps ?? []).map(() => false) };
        break;
      case "step_ticked":
      case "step_unticked":
        if (this.guide && entry.step !== undefined) this.guide.done[entry.step] = entry.kind === "step_ticked";
        break;
      case "guide_ended":
        this.guide = null;
        break;
      case "level_changed":
        if (this.parties.has(party) && entry.level) this.levels.set(party, entry.level);
        break;
      case "ended":
        this.ended = true;
        this.recording = false;
        this.outcome = entry.outcome ?? null;
        this.note = entry.note ?? "";
        break;
      case "placed":
      case "segment_recorded":
        break;
    }
  }
}

const ANNOTATIONS: readonly string[] = ["drawn", "erased", "cleared", "said"];
const isAnnotation = (entry: Entry): entry is AnnotationMade => ANNOTATIONS.includes(entry.kind);
