// What happened and was said in the session, and the line to write.
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../icons";
import { t } from "../texts";
import { clockText } from "../time";
import type { AssistClient } from "./client";
import type { Line } from "./fold";
import type { AnnotationMade, SessionChanged } from "./wire";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
/** What the picture itself shows needs no line. */
const UNSAID: readonly string[] = ["drawn", "erased", "cleared", "frozen"];

/** One line in words; null for what is not told. */
export function lineText({ entry }: Line): string | null {
  const { lines, roles, outcomes, levelWords } = t().assist;
  const change = entry as SessionChanged;
  switch (entry.kind) {
    case "said":
      return (entry as AnnotationMade).text ?? "";
    case "joined":
      return lines.joined(roles[change.party_role ?? "observer"]);
    case "left":
      return change.reason === "connection_lost" ? lines.lost : lines.left;
    case "baton_passed":
      return lines.baton_passed(change.party ?? null);
    case "guide_started":
      return lines.guide_started(change.title ?? "");
    case "step_ticked":
    case "step_unticked":
      return lines[entry.kind]((change.step ?? 0) + 1);
    case "level_changed":
      return lines.level(change.party ?? "", levelWords[change.level ?? "video"]);
    case "ended":
      return lines.ended(outcomes[change.outcome ?? "resolved"]);
    case "placed":
    case "segment_recorded":
      return null;
    case "drawn":
      return lines.drawn(t().assist.tools[(entry as AnnotationMade).mark?.tool ?? "arrow"]);
    default:
      return lines[entry.kind];
  }
}

const isTold = ({ entry }: Line): boolean => !UNSAID.includes(entry.kind);
/** Who did it stands before it, but for what nobody did. */
const namesAuthor = ({ entry }: Line): boolean =>
  entry.author_role !== "system" && entry.kind !== "level_changed" && entry.kind !== "baton_passed";

export function Lines({ client }: { client: AssistClient }) {
  client.version.value;
  const list = useRef<HTMLOListElement>(null);
  const told = client.fold.lines.filter(isTold);
  const unsent = client.operations.waiting.filter((op) => op.type === "say");
  useEffect(() => {
    list.current?.lastElementChild?.scrollIntoView({ block: "nearest" });
  }, [told.length, unsent.length]);
  if (told.length === 0) return <p class="empty">{t().assist.talk.empty}</p>;
  return (
    <div class="talk-lines scroll" role="log" tabIndex={0} aria-label={t().assist.talk.title}>
    <ol ref={list}>
      {told.map((line) => (
        <li key={line.seq} class={line.entry.kind === "said" ? "said" : "happened"} data-kind={line.entry.kind}>
          <time>{clockText(line.at, ZONE)}</time>
          <span>
            {namesAuthor(line) && <b>{line.author} </b>}
            {lineText(line)}
          </span>
        </li>
      ))}
      {unsent.map((op) => (
        <li key={op.op_id} class="said unsent">
          <time><Icon name="outbox" size={13} /></time>
          <span>{op.type === "say" && op.text} <span class="muted">({t().assist.talk.waiting})</span></span>
        </li>
      ))}
    </ol>
    </div>
  );
}

export function TalkForm({ client }: { client: AssistClient }) {
  const [text, setText] = useState("");
  const words = t().assist.talk;
  return (
    <form
      class="talk-form"
      onSubmit={(event) => {
        event.preventDefault();
        const said = text.trim();
        if (said && client.ask({ type: "say", text: said }) !== null) setText("");
      }}
    >
      <input
        value={text} maxLength={500} placeholder={words.placeholder} aria-label={words.placeholder} enterKeyHint="send"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="primary" disabled={!text.trim()} aria-label={words.send} title={words.send}><Icon name="sent" /></button>
    </form>
  );
}
