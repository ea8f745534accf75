// Ending a session: how it ended is asked for, a note may be left.
import { useState } from "preact/hooks";
import { Sheet } from "../job/Sheet";
import { t } from "../texts";
import type { AssistClient } from "./client";
import type { Outcome } from "./wire";

/** What a person may say; the others are the system's words. */
const OUTCOMES: readonly Outcome[] = ["resolved", "escalated", "part_needed", "visit_needed", "failed", "cancelled"];

export function EndSheet({ client, onClose }: { client: AssistClient; onClose: () => void }) {
  const words = t().assist;
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [note, setNote] = useState("");
  return (
    <Sheet title={words.ending.title} onClose={onClose}>
      <div class="choices" role="radiogroup" aria-label={words.ending.title}>
        {OUTCOMES.map((name) => (
          <label key={name} class="choice">
            <input type="radio" name="outcome" value={name} checked={outcome === name} onChange={() => setOutcome(name)} />
            <span>{words.outcomes[name]}</span>
          </label>
        ))}
      </div>
      <textarea rows={2} maxLength={500} placeholder={words.ending.note} aria-label={words.ending.note} value={note}
        onInput={(event) => setNote(event.currentTarget.value)} />
      <div class="sheet-foot">
        <button type="button" class="big plain-button" onClick={onClose}>{words.act.back}</button>
        <button
          type="button" class="big danger" data-do="end_session" disabled={outcome === null}
          onClick={() => {
            if (outcome) client.ask({ type: "end", outcome, note: note.trim() });
            onClose();
          }}
        >
          {words.ending.end}
        </button>
      </div>
    </Sheet>
  );
}
