// The technician's page, made for one thumb: the job, what to do next, and what still waits to be sent.
import { useEffect, useState } from "preact/hooks";
import { Icon, type IconName } from "../icons";
import { ExerciseBanner, isDrill } from "../Exercise";
import { LanguageChoice, LinkSign } from "../Shell";
import { session, signOut } from "../session";
import { reasonText, t } from "../texts";
import { clockText, durationText, toMs } from "../time";
import type { EngineerState, EngineerView } from "../wire";
import { JobActions, ShiftActions } from "./Actions";
import { JobCard } from "./JobCard";
import type { Action, Conflict } from "./outbox";
import { setSharing, sharePositions, sharing } from "./positions";
import {
  conflicts, finished, job, JobPage, known, region, stored, taken, unknownEngineer, waiting,
} from "./store";

const STATE_ICON: Record<EngineerState, IconName> = {
  available: "free", en_route: "moving", on_site: "onSite", on_break: "pause", off_shift: "off",
};

function Top({ page }: { page: JobPage }) {
  const who = session.value;
  const engineer = job.value?.engineer;
  return (
    <header class="job-top">
      <div class="job-top-line">
        <img src="/icon.svg" width="24" height="24" alt={t().product} />
        <b>{who.status === "in" ? who.me.subject : ""}</b>
        {engineer && (
          <span class={`job-state key-${engineer.state}`}>
            <Icon name={STATE_ICON[engineer.state]} size={14} /> {t().engineerStates[engineer.state]}
          </span>
        )}
        <span class="spacer" />
        <LinkSign link={page.stream.link} />
      </div>
    </header>
  );
}

function Drill() {
  const where = job.value?.engineer.region ?? "";
  return isDrill(where) ? <ExerciseBanner region={where} /> : null;
}

function OutboxNotice({ page }: { page: JobPage }) {
  const count = waiting.value.length;
  const lost = page.stream.link.value.status !== "live";
  if (count === 0 && !lost) return null;
  return (
    <div class="outbox" role="status" data-waiting={count}>
      <Icon name={lost ? "silent" : "outbox"} size={18} />
      <span>
        {count > 0 && <b>{t().job.waitingToSend(count)}</b>}
        <span>{count > 0 ? t().job.waitingHint : t().job.offline}</span>
        {!stored.value && <span class="outbox-warn">{t().job.storageLost}</span>}
      </span>
    </div>
  );
}

const timeOf = (action: Action): string => clockText(toMs(action.occurred_at), region.value?.time_zone ?? "UTC");

function describe(conflict: Conflict): string {
  const words = t().job;
  const { action } = conflict;
  if (!action) return conflict.incident_id ?? "";
  const { deed } = action;
  if (deed.type === "work-estimate") return `${words.stillNeeds} ${durationText(deed.minutes_left * 60_000)}`;
  return deed.type === "status"
    ? words.conflictDetail(t().phoneActions[deed.status], deed.incident_id, timeOf(action))
    : words.conflictShift(t().shiftActions[deed.change], timeOf(action));
}

function Conflicts({ page }: { page: JobPage }) {
  const open = conflicts.value;
  if (open.length === 0) return null;
  return (
    <section class="conflicts" aria-label={t().job.conflicts(open.length)} role="alert">
      <h2>{t().job.conflicts(open.length)}</h2>
      <ul>
        {open.map((conflict) => (
          <li key={conflict.id} data-conflict={conflict.reason}>
            <Icon name="conflict" size={18} />
            <span>
              <b>{t().job.conflictTitle}</b>
              <span>{describe(conflict)}</span>
              <span class="muted">
                {conflict.reason === "stale_epoch"
                  ? t().job.conflictStale
                  : t().job.conflictOther(conflict.detail || reasonText(conflict.reason))}
              </span>
            </span>
            <button type="button" onClick={() => page.seen(conflict.id)}>{t().job.seen}</button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function TakenNotice() {
  const what = taken.value;
  if (!what) return null;
  return (
    <div class="taken" role="alert">
      <Icon name="back" size={18} />
      <span>
        <b>{t().job.takenTitle(what.incident_id)}</b>
        <span>{t().job.takenText(reasonText(what.reason))}</span>
      </span>
      <button type="button" onClick={() => (taken.value = null)}>{t().job.seen}</button>
    </div>
  );
}

function NoJob({ engineer }: { engineer: EngineerView }) {
  const { state, post } = engineer;
  const words = t().job;
  const done = finished.value;
  const [title, hint]: [string, string] =
    state === "off_shift" ? [words.offShift, words.offShiftHint]
    : state === "on_break" ? [words.onBreak, words.onBreakHint]
    : post ? [words.postTitle, words.postHint]
    : [words.noJob, words.noJobHint];
  return (
    <div class="no-job">
      {done && <p class="done"><Icon name="resolved" size={18} /> {words.finished(done)}</p>}
      <span class="no-job-sign"><Icon name={STATE_ICON[state]} size={40} /></span>
      <h1>{title}</h1>
      <p class="muted">{hint}</p>
      {post && (
        <a class="job-directions" data-post href={`geo:${post.lat},${post.lon}?q=${post.lat},${post.lon}`}>
          <Icon name="locate" size={15} /> {words.directions}
        </a>
      )}
    </div>
  );
}

function Body() {
  const now = job.value;
  if (unknownEngineer.value && !now)
    return (
      <div class="no-job">
        <h1>{t().job.unknown}</h1>
        <p class="muted">{t().job.unknownHint}</p>
      </div>
    );
  if (!now) return <p class="empty" role="status">{t().common.loading}</p>;
  const open = now.incident && !["resolved", "cancelled"].includes(now.incident.state) ? now.incident : null;
  const unsent = waiting.value.some(({ deed }) => deed.type === "status" && deed.incident_id === open?.incident_id && deed.status !== "acknowledged");
  return open ? <JobCard incident={open} engineer={now.engineer} unsent={unsent} /> : <NoJob engineer={now.engineer} />;
}

function Foot({ page }: { page: JobPage }) {
  const now = job.value;
  if (!now) return null;
  const open = now.incident && !["resolved", "cancelled"].includes(now.incident.state) ? now.incident : null;
  return (
    <footer class="job-foot">
      {open ? <JobActions page={page} incident={open} /> : <ShiftActions page={page} engineer={now.engineer} hasJob={false} />}
    </footer>
  );
}

function PositionChoice() {
  const state = sharing.value;
  if (state === "unavailable") return null;
  return (
    <label class="position-choice">
      <input type="checkbox" checked={state === "on"} onChange={(event) => setSharing(event.currentTarget.checked)} />
      <span>{state === "denied" ? t().job.positionDenied : t().job.sharePosition}</span>
    </label>
  );
}

function Below({ page }: { page: JobPage }) {
  const now = job.value;
  const open = now?.incident && !["resolved", "cancelled"].includes(now.incident.state);
  return (
    <div class="job-below">
      <PositionChoice />
      {now && open && <ShiftActions page={page} engineer={now.engineer} hasJob />}
      <LanguageChoice />
      <button type="button" class="quiet" onClick={() => void signOut()}>{t().signIn.out}</button>
    </div>
  );
}

export function Job() {
  const who = session.value;
  const subject = who.status === "in" ? who.me.subject : null;
  const [page, setPage] = useState<JobPage | null>(null);
  useEffect(() => {
    if (subject === null) return;
    const made = new JobPage(subject);
    setPage(made);
    const stopSharing = sharePositions(subject);
    return () => {
      stopSharing();
      made.close();
      known.value = null;
    };
  }, [subject]);
  if (!page) return null;
  return (
    <div class="job-page">
      <Top page={page} />
      <main id="content" class="job-main">
        <Drill />
        <OutboxNotice page={page} />
        <Conflicts page={page} />
        <TakenNotice />
        <Body />
        <Below page={page} />
      </main>
      <Foot page={page} />
    </div>
  );
}
