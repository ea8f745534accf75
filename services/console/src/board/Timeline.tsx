// An incident's story in the log's order; a line that was a choice opens its receipt.
import { useState } from "preact/hooks";
import { Icon, type IconName } from "../icons";
import { reasonText, t } from "../texts";
import { clockSecondsText, toMs } from "../time";
import type { TimelineEntry } from "../wire";
import { ReceiptView } from "./Receipt";
import type { Shelf } from "./receipts";
import { selectedDecision } from "./store";

const ICONS: Record<string, IconName> = {
  queued: "waiting", assigned: "sent", withdrawn: "back", acknowledged: "heard", accepted: "accepted", en_route: "moving",
  on_site: "onSite", restored: "restored", resolved: "resolved", cancelled: "cancelled", promise_broken: "broken",
  refused: "refused", conflicted: "conflict",
};

function Told({ entry }: { entry: TimelineEntry }) {
  return (
    <>
      <b>{t().timeline[entry.kind] ?? reasonText(entry.kind)}</b>
      {entry.engineer_id && ` · ${entry.engineer_id}`}
      {entry.reason && <span class="line-reason">{reasonText(entry.reason)}</span>}
    </>
  );
}

export function Timeline({ entries, zone, shelf }: { entries: TimelineEntry[]; zone: string; shelf: Shelf }) {
  const [open, setOpen] = useState<string | null>(selectedDecision.peek());
  if (entries.length === 0) return <p class="empty">{t().drawer.emptyTimeline}</p>;
  return (
    <ol class="timeline">
      {entries.map((entry) => {
        const place = `${entry.session_id ?? entry.offset}/${entry.n}`;
        const receipt = shelf.byPlace.get(place);
        const isOpen = receipt !== undefined && open === place;
        return (
          <li key={place} class={`kind-${entry.kind}`}>
            <time dateTime={entry.at}>{clockSecondsText(toMs(entry.at), zone)}</time>
            <span class="timeline-icon"><Icon name={ICONS[entry.kind] ?? "person"} size={14} /></span>
            <span class="timeline-told">
              {receipt ? (
                <button
                  type="button" class="why" data-why={entry.kind} aria-expanded={isOpen} title={t().receipt.why}
                  onClick={() => setOpen(isOpen ? null : place)}
                >
                  <span><Told entry={entry} /></span>
                  <span class="why-word">{t().receipt.why}</span>
                </button>
              ) : (
                <Told entry={entry} />
              )}
            </span>
            {isOpen && <ReceiptView receipt={receipt} zone={zone} whole={shelf.state === "full"} />}
          </li>
        );
      })}
    </ol>
  );
}

/** Asks the log itself: every candidate of each choice, and why the incident is waiting now. */
export function WholeStory({ shelf, zone }: { shelf: Shelf; zone: string }) {
  const words = t().receipt;
  if (shelf.byPlace.size === 0 && shelf.state !== "full") return null;
  return (
    <div class="whole-story">
      {shelf.state !== "full" && (
        <button type="button" class="text-button" disabled={shelf.state === "deriving"} onClick={shelf.derive}>
          {shelf.state === "deriving" ? words.deriving : words.derive}
        </button>
      )}
      {shelf.state === "failed" && <p class="notice">{words.failed}</p>}
      {shelf.state === "full" && <p class="receipt-inputs">{words.derived}</p>}
      {shelf.now && (
        <>
          <h3>{words.now}</h3>
          <ReceiptView receipt={shelf.now} zone={zone} whole />
        </>
      )}
    </div>
  );
}
