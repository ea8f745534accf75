// What the technician can do now: one large button within reach of the thumb, and the ways out beside it.
import { useState } from "preact/hooks";
import { Icon, type IconName } from "../icons";
import { t } from "../texts";
import { durationText } from "../time";
import type { EngineerView, IncidentView, PhoneStatus, ShiftChange } from "../wire";
import { nextStatus } from "./projection";
import { Sheet } from "./Sheet";
import { diversion, type JobPage } from "./store";

const ICONS: Partial<Record<PhoneStatus, IconName>> = {
  accepted: "accepted", en_route: "moving", on_site: "onSite", restored: "restored", resolved: "resolved",
};

function DeclineSheet({ onDecline, onClose }: { onDecline: (reason: string) => void; onClose: () => void }) {
  const words = t().job;
  const [reason, setReason] = useState("");
  const [other, setOther] = useState("");
  const chosen = reason === words.declineOther ? other.trim() : reason;
  return (
    <Sheet title={words.declineTitle} onClose={onClose}>
      <div class="choices" role="radiogroup" aria-label={words.declineTitle}>
        {[...words.declineReasons, words.declineOther].map((text) => (
          <label key={text} class="choice">
            <input type="radio" name="reason" checked={reason === text} onChange={() => setReason(text)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
      {reason === words.declineOther && (
        <textarea
          rows={2}
          maxLength={300}
          aria-label={words.declineOther}
          value={other}
          onInput={(event) => setOther(event.currentTarget.value)}
        />
      )}
      <div class="sheet-foot">
        <button type="button" class="big plain-button" onClick={onClose}>{words.back}</button>
        <button type="button" class="big danger" disabled={!chosen} onClick={() => onDecline(chosen)}>
          {words.declineSend}
        </button>
      </div>
    </Sheet>
  );
}

function DivertedSheet({ from, to, onAnswer }: { from: string; to: string; onAnswer: () => void }) {
  const words = t().job;
  return (
    <Sheet title={words.divertedTitle} onClose={null}>
      <p class="sheet-text"><Icon name="turned" size={22} /> {words.divertedText(from, to)}</p>
      <div class="sheet-foot">
        <button type="button" class="big go" onClick={onAnswer}>{words.divertedAnswer}</button>
      </div>
    </Sheet>
  );
}

const STILL_MIN = [10, 30, 60, 120];

/** On site: one tap says how much longer it will take. */
function StillNeeds({ page, incident }: { page: JobPage; incident: IncidentView }) {
  const words = t().job;
  return (
    <div class="still-needs" role="group" aria-label={words.stillNeeds}>
      <span>{words.stillNeeds} <span class="muted">{words.stillNeedsHint}</span></span>
      {STILL_MIN.map((minutes) => (
        <button type="button" key={minutes} class="quiet" data-left={minutes} onClick={() => page.estimate(incident, minutes)}>
          {durationText(minutes * 60_000)}
        </button>
      ))}
    </div>
  );
}

export function JobActions({ page, incident }: { page: JobPage; incident: IncidentView }) {
  const [declining, setDeclining] = useState(false);
  const next = nextStatus(incident.state);
  const turned = diversion.value;
  const mayDecline = incident.state === "assigned" || incident.state === "accepted" || incident.state === "en_route";
  const decline = (reason: string): void => {
    setDeclining(false);
    page.status(incident, "declined", reason);
  };
  return (
    <>
      {(incident.state === "on_site" || incident.state === "restored") && <StillNeeds page={page} incident={incident} />}
      <div class="actions">
        {mayDecline && (
          <button type="button" class="big plain-button" data-do="declined" onClick={() => setDeclining(true)}>
            {t().job.decline}
          </button>
        )}
        {next && (
          <button type="button" class="big go" data-do={next} onClick={() => page.status(incident, next)}>
            <Icon name={ICONS[next] ?? "accepted"} size={20} /> {t().phoneActions[next]}
          </button>
        )}
      </div>
      {declining && <DeclineSheet onDecline={decline} onClose={() => setDeclining(false)} />}
      {turned?.to === incident.incident_id && (
        <DivertedSheet {...turned} onAnswer={() => page.status(incident, "acknowledged")} />
      )}
    </>
  );
}

/** Start and end of shift and break, as they make sense now. */
export function ShiftActions({ page, engineer, hasJob }: { page: JobPage; engineer: EngineerView; hasJob: boolean }) {
  const [sure, setSure] = useState(false);
  const change = (what: ShiftChange): void => page.act({ type: "shift", change: what, place: null });
  const offered: ShiftChange[] =
    engineer.state === "off_shift" ? ["shift_started"]
    : engineer.state === "on_break" ? ["break_ended", "shift_ended"]
    : hasJob ? ["shift_ended"]
    : ["break_started", "shift_ended"];
  const primary = engineer.state === "off_shift" || engineer.state === "on_break" ? offered[0] : null;
  return (
    <>
      <div class={hasJob ? "shift-actions" : "actions"}>
        {[...offered].reverse().map((what) => (
          <button
            type="button"
            key={what}
            class={hasJob ? "quiet" : `big ${what === primary ? "go" : "plain-button"}`}
            data-do={what}
            onClick={() => (what === "shift_ended" ? setSure(true) : change(what))}
          >
            {t().shiftActions[what]}
          </button>
        ))}
      </div>
      {sure && (
        <Sheet title={t().job.endShiftSure} onClose={() => setSure(false)}>
          <div class="sheet-foot">
            <button type="button" class="big plain-button" onClick={() => setSure(false)}>{t().job.no}</button>
            <button
              type="button"
              class="big danger"
              data-do="shift_end_sure"
              onClick={() => {
                setSure(false);
                change("shift_ended");
              }}
            >
              {t().job.yes}
            </button>
          </div>
        </Sheet>
      )}
    </>
  );
}
