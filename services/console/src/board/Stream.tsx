// The assignment stream: sentences with their reasons, newest first; it holds still while somebody reads it.
import { useRef, useState } from "preact/hooks";
import { Icon } from "../icons";
import { reasonText, t } from "../texts";
import { clockSecondsText, toMs } from "../time";
import type { Decision } from "../wire";
import { openPosting } from "./Posting";
import { tell } from "./sentences";
import { groupedLines, lines, picture, selectedDecision, selectedIncident, streamFilter, zoneOf } from "./store";

const FIRST_SHOWN = 60;

/** Opens the incident with the receipt of this very decision, or the reason of a posting. */
function show(decision: Decision): void {
  if (isPosting(decision)) return openPosting(decision.engineer_id ?? "", `${decision.offset}/${decision.n}`);
  selectedDecision.value = `${decision.offset}/${decision.n}`;
  selectedIncident.value = decision.incident_id;
}

/** Who is lent or goes home is told by the loan; whoever waits elsewhere has a receipt. */
const isPosting = ({ kind, reason }: Decision): boolean => kind === "posted" && reason === null;

function StreamLine({ decision, times }: { decision: Decision; times: number }) {
  const zone = zoneOf(decision.region);
  const line = tell(decision, zone, picture.incidents.get(decision.incident_id ?? ""));
  const incident = decision.incident_id;
  return (
    <li class={`line tone-${line.tone}`}>
      <button type="button" disabled={!incident && !isPosting(decision)} onClick={() => show(decision)}>
        <time class="line-time" dateTime={decision.decided_at}>
          {clockSecondsText(toMs(decision.decided_at), zone)}
        </time>
        <span class="line-icon">
          <Icon name={line.icon} size={14} />
        </span>
        <span class="line-text">
          <span class="line-sentence">
            {line.sentence}
            {times > 1 && <b class="line-times"> × {times}</b>}
          </span>
          {line.reason && <span class="line-reason">{line.reason}</span>}
        </span>
      </button>
    </li>
  );
}

function Filters() {
  const words = t().stream;
  const filter = streamFilter.value;
  const named = filter !== "all" && filter !== "exceptions" ? filter : null;
  return (
    <div class="pills" role="group" aria-label={words.title}>
      <button type="button" class="pill" aria-pressed={filter === "all"} onClick={() => (streamFilter.value = "all")}>
        {words.all}
      </button>
      <button
        type="button"
        class="pill"
        aria-pressed={filter === "exceptions"}
        onClick={() => (streamFilter.value = "exceptions")}
      >
        {words.exceptions}
      </button>
      {named && (
        <button type="button" class="pill" aria-pressed onClick={() => (streamFilter.value = "all")}>
          {reasonText(named)} ×
        </button>
      )}
    </div>
  );
}

export function Stream() {
  const [held, setHeld] = useState<readonly Decision[] | null>(null);
  const [all, setAll] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const { kept: live, counts } = groupedLines.value;
  const filter = streamFilter.value;
  const heldFor = useRef(filter);
  if (heldFor.current !== filter) {
    heldFor.current = filter;
    if (held) setHeld(null);
  }
  const rows = held ?? live;
  const newest = held?.[0];
  const missed = held ? (newest ? live.findIndex((decision) => decision.id === newest.id) : live.length) : 0;
  const shown = all ? rows : rows.slice(0, FIRST_SHOWN);
  const hold = (): void => setHeld((before) => before ?? groupedLines.peek().kept);
  const release = (): void => setHeld(null);
  return (
    <section class="panel stream" aria-labelledby="stream-title">
      <header class="panel-head">
        <h2 id="stream-title">{t().stream.title}</h2>
        <Filters />
      </header>
      {missed !== 0 && (
        <button type="button" class="new-lines" onClick={() => { release(); list.current?.scrollTo({ top: 0 }); }}>
          {t().stream.paused(missed < 0 ? live.length : missed)}
        </button>
      )}
      <div class="scroll" ref={list} onPointerEnter={hold} onPointerLeave={release} onFocusIn={hold} onFocusOut={release}>
        {rows.length === 0 && (
          <p class="empty">{lines.value.length === 0 || filter === "all" ? t().stream.empty : t().stream.emptyExceptions}</p>
        )}
        <ol class="lines" aria-label={t().stream.title}>
          {shown.map((decision) => (
            <StreamLine key={decision.id} decision={decision} times={counts.get(decision.id) ?? 1} />
          ))}
        </ol>
        {rows.length > FIRST_SHOWN && (
          <button type="button" class="more" onClick={() => setAll(!all)}>
            {all ? t().common.less : t().common.more(rows.length - FIRST_SHOWN)}
          </button>
        )}
      </div>
    </section>
  );
}
