// What both pages say of the connection, the ladder, the recording and what was refused.
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../icons";
import { t } from "../texts";
import type { AssistClient } from "./client";
import { worse } from "./places";
import type { Level } from "./wire";

const NO_MEDIA_AFTER_MS = 15_000;
const SAID_FOR_MS = 6000;

/** How good the way of the picture is: from the technician to me. */
export function levelOf(client: AssistClient): Level {
  client.version.value;
  const parties = client.parties.value;
  const technician = parties.find(({ role }) => role === "technician");
  return worse(technician?.level ?? "video", client.me.value?.level ?? "video");
}

/** Counts the seconds while `since` is not null. */
export function useSeconds(since: number | null): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (since === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [since]);
  return since === null ? 0 : Math.max(0, Math.round((now - since) / 1000));
}

function useMediaTrouble(client: AssistClient): "none" | "back" | "never" {
  const state = client.peer.state.value;
  const isLive = client.link.value.status === "live";
  const [since, setSince] = useState<number | null>(null);
  const isBad = isLive && state !== "connected";
  useEffect(() => setSince(isBad ? Date.now() : null), [isBad]);
  const seconds = useSeconds(since);
  if (since === null || seconds < 1) return "none";
  return seconds * 1000 > NO_MEDIA_AFTER_MS ? "never" : "back";
}

/** The one thing about the connection that a person should know now; nothing where all is well. */
export function LinkLine({ client }: { client: AssistClient }) {
  const words = t().assist;
  const link = client.link.value;
  const lostFor = useSeconds(link.status === "lost" ? link.since : null);
  const media = useMediaTrouble(client);
  const level = levelOf(client);
  const said =
    link.status === "joining" ? words.link.joining
    : link.status === "lost" ? words.link.lostSince(lostFor)
    : media === "never" ? words.link.noMedia
    : media === "back" ? (client.video.value ? words.link.mediaLost : words.link.media)
    : level !== "video" ? words.levels[level]
    : null;
  const tone = link.status === "lost" ? "bad" : "warn";
  return (
    <div class={`assist-line ${tone}`} role="status" data-assist-link={link.status} data-level={level} hidden={said === null}>
      <Icon name={link.status === "lost" ? "silent" : "link"} size={15} />
      <span>{said}</span>
      {link.status === "lost" && <button type="button" onClick={() => client.retryNow()}>{words.link.retry}</button>}
    </div>
  );
}

/** Impossible to overlook while it is on. */
export function RecordingSign({ client, isBrief = false }: { client: AssistClient; isBrief?: boolean }) {
  client.version.value;
  const { recording, consent } = client.fold;
  const words = t().assist.record;
  if (recording) return <span class="recording-sign" role="status" data-recording><span class="recording-dot" aria-hidden="true" /> {words.on}</span>;
  const said =
    consent === "given" ? words.agreed
    : isBrief || consent === "none" ? null
    : consent === "asked" ? words.asked
    : words.refused;
  return said === null ? null : <span class="consent-sign" role="status" data-consent={consent}>{said}</span>;
}

/** The technician's call for somebody, until it is answered. */
export function HelpLine({ client }: { client: AssistClient }) {
  client.version.value;
  const words = t().assist.help;
  if (client.fold.help_asked_at === null || client.me.value?.role === "observer") return null;
  const isOwn = client.me.value?.role === "technician";
  return (
    <div class="assist-line warn" role="status" data-help="asked">
      <Icon name="call" size={15} />
      <span>{isOwn ? words.asked : words.needed(client.fold.technician ?? "?")}</span>
      <button type="button" data-do="answer_help" onClick={() => client.ask({ type: "answer_help" })}>{isOwn ? words.takeBack : words.answer}</button>
    </div>
  );
}

/** Who is looked at knows it. */
export function GlanceSign({ client }: { client: AssistClient }) {
  if (!client.glanced.value) return null;
  return <span class="glance-sign" role="status" data-glanced title={t().assist.help.glanced}><Icon name="eye" size={17} /><span class="visually-hidden">{t().assist.help.glanced}</span></span>;
}

/** What was not done, and why, for some seconds. */
export function RefusalLine({ client }: { client: AssistClient }) {
  const refusal = client.refusal.value;
  useEffect(() => {
    if (refusal === null) return;
    const timer = setTimeout(() => (client.refusal.value = null), SAID_FOR_MS);
    return () => clearTimeout(timer);
  }, [refusal]);
  if (refusal === null) return null;
  return (
    <div class="assist-line warn" role="alert">
      <Icon name="refused" size={15} />
      <span>{t().assist.refusals[refusal.reason] ?? refusal.detail}</span>
    </div>
  );
}

/** Whether the picture is live or frozen, and what that means for marks. */
export function FrozenSign({ client }: { client: AssistClient }) {
  client.version.value;
  const { frozen, freeze_asked, marks } = client.fold;
  const words = t().assist.stage;
  const state = frozen !== null ? "frozen" : freeze_asked !== null ? "freezing" : "live";
  if (state === "live" && marks.size === 0) return null;
  return (
    <span class={`frozen-sign ${state}`} role="status" data-frozen={state}>
      <Icon name={state === "live" ? "clock" : "snow"} size={14} /> {words[state]}
    </span>
  );
}

/** Plays what the others say; where the browser wants a tap first, asks for it. */
export function Sounds({ client }: { client: AssistClient }) {
  const [isBlocked, setBlocked] = useState(false);
  const players = useRef(new Map<string, HTMLAudioElement>());
  const play = (): void => {
    void Promise.all([...players.current.values()].map((player) => player.play())).then(() => setBlocked(false), () => setBlocked(true));
  };
  return (
    <>
      {client.sounds.value.map((track) => (
        <audio
          key={track.id}
          ref={(player) => {
            if (!player) return void players.current.delete(track.id);
            if (players.current.get(track.id) === player) return;
            players.current.set(track.id, player);
            player.srcObject = new MediaStream([track]);
            player.play().catch((error: DOMException) => error.name === "NotAllowedError" && setBlocked(true));
          }}
        />
      ))}
      {isBlocked && <button type="button" class="hear" onClick={play}><Icon name="mic" /> {t().assist.stage.hear}</button>}
    </>
  );
}

/** The session is over for this page: said plainly, with the way out. */
export function OverPage({ client, action }: { client: AssistClient; action: { name: string; act: () => void } }) {
  const link = client.link.value;
  if (link.status !== "over") return null;
  const words = t().assist;
  const { outcome, note } = client.fold;
  const said = link.why === "replaced" ? words.link.replaced : link.why === "refused" ? words.link.refused(link.detail) : words.link.ended;
  return (
    <main id="content" class="plain" data-over={link.why}>
      <h1>{said}</h1>
      {link.why === "ended" && outcome && <p>{words.link.endedBy(words.outcomes[outcome])}</p>}
      {link.why === "ended" && note && <p class="muted">{note}</p>}
      <div class="over-actions">
        {link.why === "replaced" && <button type="button" class="primary" onClick={() => location.reload()}>{words.link.here}</button>}
        <button type="button" class={link.why === "replaced" ? "quiet" : "primary"} onClick={action.act}>{action.name}</button>
      </div>
    </main>
  );
}
