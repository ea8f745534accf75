// The steps: the expert writes and follows them, the technician ticks them off.
import { useState } from "preact/hooks";
import { Icon } from "../icons";
import { t } from "../texts";
import type { AssistClient } from "./client";
import type { GuideView } from "./wire";

const MAX_STEPS = 50;
const MAX_STEP_LENGTH = 500;

const doneOf = ({ done }: GuideView): number => done.filter(Boolean).length;

function Write({ client, before, onClose }: { client: AssistClient; before: GuideView | null; onClose: (() => void) | null }) {
  const words = t().assist;
  const [title, setTitle] = useState(before?.title ?? "");
  const [text, setText] = useState(before?.steps.join("\n") ?? "");
  const steps = text.split("\n").map((line) => line.trim().slice(0, MAX_STEP_LENGTH)).filter(Boolean).slice(0, MAX_STEPS);
  return (
    <form
      class="guide-write"
      onSubmit={(event) => {
        event.preventDefault();
        if (steps.length === 0) return;
        client.ask({ type: "start_guide", title: title.trim() || words.guide.defaultTitle, steps });
        onClose?.();
      }}
    >
      <input value={title} maxLength={120} placeholder={words.guide.name} aria-label={words.guide.name} onInput={(event) => setTitle(event.currentTarget.value)} />
      <textarea rows={4} value={text} placeholder={words.guide.lines} aria-label={words.guide.lines} onInput={(event) => setText(event.currentTarget.value)} />
      <div class="guide-foot">
        {onClose && <button type="button" class="quiet" onClick={onClose}>{words.act.back}</button>}
        <button type="submit" class="primary" disabled={steps.length === 0}>{words.guide.start}</button>
      </div>
    </form>
  );
}

/** The expert's side: write, send, see the ticks. */
export function GuidePanel({ client, mayWrite }: { client: AssistClient; mayWrite: boolean }) {
  client.version.value;
  const [isChanging, setChanging] = useState(false);
  const words = t().assist;
  const { guide } = client.fold;
  return (
    <section class="panel assist-guide" aria-label={words.guide.title}>
      <div class="panel-head">
        <h2>{guide && !isChanging ? guide.title : words.guide.title}</h2>
        {guide && <span class="muted" data-done={doneOf(guide)}>{words.guide.done(doneOf(guide), guide.steps.length)}</span>}
        <span class="spacer" />
        {guide && mayWrite && !isChanging && (
          <>
            <button type="button" class="text-button" onClick={() => setChanging(true)}>{words.guide.change}</button>
            <button type="button" class="text-button" onClick={() => client.ask({ type: "end_guide" })}>{words.guide.end}</button>
          </>
        )}
      </div>
      {mayWrite && (guide === null || isChanging) ? (
        <Write client={client} before={isChanging ? guide : null} onClose={isChanging ? () => setChanging(false) : null} />
      ) : guide ? (
        <ol class="guide-steps scroll" tabIndex={0}>
          {guide.steps.map((step, i) => (
            <li key={i} class={guide.done[i] ? "ticked" : ""} data-step={i} data-ticked={guide.done[i]}>
              <span class="guide-sign">{guide.done[i] ? <Icon name="accepted" size={14} /> : i + 1}</span>
              <span>{step}</span>
            </li>
          ))}
        </ol>
      ) : (
        <p class="empty">{words.guide.empty}</p>
      )}
    </section>
  );
}

/** The technician's side: the step to do now with one large button, all steps behind it. */
export function GuideCard({ client, onAll }: { client: AssistClient; onAll: () => void }) {
  client.version.value;
  const words = t().assist.guide;
  const { guide } = client.fold;
  if (!guide) return null;
  const now = guide.done.indexOf(false);
  return (
    <section class="guide-card" aria-label={guide.title}>
      <button type="button" class="guide-now" onClick={onAll} aria-label={words.all}>
        <span class="muted">{now < 0 ? guide.title : words.now(now + 1, guide.steps.length)}</span>
        <b>{now < 0 ? words.finished : guide.steps[now]}</b>
      </button>
      {now >= 0 && (
        <button type="button" class="guide-tick" data-do="tick" onClick={() => client.ask({ type: "tick", step: now, done: true })}>
          <Icon name="accepted" size={20} /> {words.tick}
        </button>
      )}
    </section>
  );
}

/** All steps of the technician, each to be ticked or unticked. */
export function GuideList({ client }: { client: AssistClient }) {
  client.version.value;
  const { guide } = client.fold;
  if (!guide) return <p class="empty">{t().assist.guide.empty}</p>;
  return (
    <ol class="guide-list">
      {guide.steps.map((step, i) => (
        <li key={i}>
          <label class="choice">
            <input
              type="checkbox" checked={guide.done[i] ?? false}
              onChange={(event) => client.ask({ type: "tick", step: i, done: event.currentTarget.checked })}
            />
            <span>{step}</span>
          </label>
        </li>
      ))}
    </ol>
  );
}
