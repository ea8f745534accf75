// Who is where until when: a row for each loan on one axis of time, with what a lead may still ask of it.
import { useState } from "preact/hooks";
import { Icon } from "../icons";
import { t } from "../texts";
import { clockText, dayText, whenText } from "../time";
import { ExerciseTag } from "../Warnings";
import { LoanActs } from "./LoanActs";
import { isExercise } from "./plan";
import { authorityText, loanSentence } from "./sentences";
import { axisOf, inOrder, spansOf, ticksOf, type Axis, type Span } from "./spans";
import { lending, nowMs, regions, zone } from "./store";
import type { LoanView } from "./wire";

const share = (axis: Axis, ms: number): string => `${(100 * (ms - axis.fromMs)) / (axis.toMs - axis.fromMs)}%`;

function Bar({ span, axis, loan }: { span: Span; axis: Axis; loan: LoanView }) {
  const where = span.kind === "there" ? loan.to_region : span.kind === "home" ? loan.home_region : "";
  return (
    <span
      class={`span span-${span.kind}`}
      style={{ left: share(axis, span.fromMs), width: `calc(${share(axis, span.toMs)} - ${share(axis, span.fromMs)})` }}
      title={t().lead.loans.kinds[span.kind]}
    >
      {where}
    </span>
  );
}

function Track({ loan, axis, now }: { loan: LoanView; axis: Axis; now: number }) {
  return (
    <span class="track" aria-hidden="true">
      {spansOf(loan, axis, now).map((span) => <Bar key={`${span.kind}-${span.fromMs}`} span={span} axis={axis} loan={loan} />)}
      <span class="track-now" style={{ left: share(axis, now) }} />
    </span>
  );
}

function Scale({ axis, now }: { axis: Axis; now: number }) {
  const offset = offsetMs(now);
  return (
    <div class="loan-row loan-scale" aria-hidden="true">
      <span />
      <span class="track">
        {ticksOf(axis, offset).map((at, n, all) => (
          <span key={at} class="tick" style={{ left: share(axis, at) }}>
            {n > 0 && dayText(at, zone.value) !== dayText(all[n - 1] ?? at, zone.value) ? dayText(at, zone.value) : clockText(at, zone.value)}
          </span>
        ))}
      </span>
    </div>
  );
}

/** How far the page's clocks are ahead of UTC, so that ticks fall on round hours there. */
function offsetMs(at: number): number {
  const [h, min] = clockText(at, zone.value).split(":").map(Number);
  const [utcH, utcMin] = clockText(at, "UTC").split(":").map(Number);
  return (((h ?? 0) - (utcH ?? 0)) * 60 + ((min ?? 0) - (utcMin ?? 0))) * 60_000;
}

function LoanRow({ loan, axis, now }: { loan: LoanView; axis: Axis; now: number }) {
  const words = t().lead.loans;
  const own = regions.value.some(({ region, lead }) => lead && (region === loan.home_region || region === loan.to_region));
  return (
    <li class={`loan-row stage-${loan.stage}`} data-loan={loan.loan_id} data-engineer={loan.engineer_id} data-stage={loan.stage}>
      <div class="loan-who">
        {isExercise([loan.home_region, loan.to_region], regions.value) && <ExerciseTag />}
        <b>{loan.engineer_id}</b> <span>{loan.home_region} → {loan.to_region}</span>
        <span class="loan-stage"><Icon name={STAGE_SIGNS[loan.stage]} size={13} /> {words.stages[loan.stage]}</span>
      </div>
      <Track loan={loan} axis={axis} now={now} />
      <div class="loan-words">
        <span>{loanSentence(loan, zone.value, now)}</span>
        <span class="muted">{authorityText(loan.authority)} · {words.since(whenText(Date.parse(loan.since), zone.value, now))}</span>
        {own && <LoanActs loan={loan} />}
      </div>
    </li>
  );
}

const STAGE_SIGNS = {
  committed: "accepted", travelling: "moving", working: "onSite", recalled: "back", released: "back", returned: "resolved",
} as const;

const SHOWN = 30;

export function Loans() {
  const words = t().lead.loans;
  const [all, setAll] = useState(false);
  const loans = inOrder(lending.value?.loans ?? []);
  const shown = all ? loans : loans.slice(0, SHOWN);
  const now = nowMs();
  const axis = axisOf(shown, now);
  return (
    <section class="panel loans" aria-labelledby="loans-title">
      <header class="panel-head">
        <h2 id="loans-title">{words.title}</h2>
        <span class="muted">{words.zone(zone.value)}</span>
      </header>
      {loans.length === 0 ? <p class="empty">{words.none}</p> : (
        <>
          <Scale axis={axis} now={now} />
          <ul>{shown.map((loan) => <LoanRow key={loan.loan_id} loan={loan} axis={axis} now={now} />)}</ul>
          <Legend />
        </>
      )}
      {shown.length < loans.length && <button type="button" class="more" onClick={() => setAll(true)}>{t().common.more(loans.length - shown.length)}</button>}
    </section>
  );
}

function Legend() {
  const kinds = t().lead.loans.kinds;
  return (
    <p class="loan-legend">
      {(["home", "journey", "there", "way_back", "overdue"] as const).map((kind) => (
        <span key={kind}><i class={`span span-${kind}`} aria-hidden="true" /> {kinds[kind]}</span>
      ))}
    </p>
  );
}
