// The technician's page, held in one hand: the camera, what the expert draws, the step to do, and what is under the thumb.
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Icon, type IconName } from "../icons";
import { Sheet } from "../job/Sheet";
import { go } from "../router";
import { session } from "../session";
import { LanguageChoice } from "../Shell";
import { t } from "../texts";
import { clockText, toMs } from "../time";
import type { AssistClient } from "./client";
import type { Devices, Trouble } from "./devices";
import type { Duties } from "./duties";
import { EndSheet } from "./EndSheet";
import { GuideCard, GuideList } from "./Guide";
import { keptOf } from "./kept";
import type { PenTool } from "./pen";
import { People } from "./People";
import { useRoom, type Room } from "./room";
import { FrozenSign, GlanceSign, HelpLine, LinkLine, OverPage, RecordingSign, RefusalLine, Sounds } from "./Signs";
import { Stage } from "./Stage";
import { Lines, TalkForm } from "./Talk";
import { toggleFreeze, Toolbar, toolKeys } from "./Toolbar";

type Open = "talk" | "guide" | "more" | "end" | null;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const SAID_FOR_MS = 8000;
/** What fits in one row; without a tool in hand a finger on the picture is the laser pointer. */
const THUMB_TOOLS: readonly PenTool[] = ["arrow", "circle", "rectangle", "freehand", "text", "step"];

function PhotoButton({ duties }: { duties: Duties }) {
  return (
    <label class="big go photo-button">
      <Icon name="camera" size={20} /> {t().assist.camera.photo}
      <input
        type="file" accept="image/*" capture="environment" class="visually-hidden"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) void duties.choose(file);
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}

function CameraTrouble({ trouble, room }: { trouble: Trouble; room: Room }) {
  const words = t().assist.camera;
  const said: Record<Trouble, [string, string]> = {
    insecure: [words.insecure, words.insecureHint],
    refused: [words.refused, words.refusedHint],
    none: [words.none, words.noneHint],
    busy: [words.busy, words.busyHint],
  };
  const [title, hint] = said[trouble];
  const again = async (): Promise<void> => {
    await room.devices.start(true);
    room.client.connectMedia();
  };
  return (
    <div class="camera-trouble" role="alert" data-trouble={trouble}>
      <Icon name="camera" size={34} />
      <h2>{title}</h2>
      <p>{hint}</p>
      {room.duties?.wantsPhoto.value && <p class="asked"><b>{words.photoAsked}</b></p>}
      <div class="camera-trouble-foot">
        {trouble !== "insecure" && <button type="button" class="big plain-button" onClick={() => void again()}>{words.again}</button>}
        {room.duties && <PhotoButton duties={room.duties} />}
      </div>
    </div>
  );
}

/** While nobody helps yet: the code to be read out. */
function CodeCard({ client }: { client: AssistClient }) {
  client.version.value;
  const words = t().assist.talk;
  const isHelped = client.parties.value.some(({ role, present }) => role === "expert" && present);
  if (isHelped || client.me.value === null) return null;
  const { code, code_until } = keptOf(client.fold.session_id);
  const isGood = code !== undefined && code_until !== undefined && toMs(code_until) > Date.now();
  return (
    <div class="code-card" role="status">
      <span class="muted">{words.waitingExpert}</span>
      {isGood && (
        <>
          <b class="code" data-code={code} aria-label={`${words.code}: ${code.split("").join(" ")}`}>{code}</b>
          <span class="muted">{words.codeRead(clockText(toMs(code_until), ZONE))}</span>
        </>
      )}
    </div>
  );
}

/** The newest text of somebody else, for some seconds over the picture. */
function LastSaid({ client, onOpen }: { client: AssistClient; onOpen: () => void }) {
  client.version.value;
  const line = client.fold.lines.findLast(({ entry, author }) => entry.kind === "said" && author !== client.me.value?.party);
  const [seen, setSeen] = useState(0);
  const seq = line?.seq ?? 0;
  useEffect(() => {
    const timer = setTimeout(() => setSeen(seq), client.caughtUp.peek() ? SAID_FOR_MS : 0);
    return () => clearTimeout(timer);
  }, [seq]);
  if (!line || seq <= seen || !("text" in line.entry)) return null;
  return (
    <button type="button" class="last-said" aria-live="polite" onClick={onOpen}>
      <b>{line.author}</b> {line.entry.text}
    </button>
  );
}

function ConsentSheet({ client }: { client: AssistClient }) {
  client.version.value;
  const words = t().assist.record;
  if (client.fold.consent !== "asked") return null;
  return (
    <Sheet title={words.question} onClose={null}>
      <p>{words.questionText}</p>
      <div class="sheet-foot">
        <button type="button" class="big plain-button" data-do="no_consent" onClick={() => client.ask({ type: "withdraw_consent" })}>{words.no}</button>
        <button type="button" class="big go" data-do="give_consent" onClick={() => client.ask({ type: "give_consent" })}>
          <Icon name="record" size={20} /> {words.yes}
        </button>
      </div>
    </Sheet>
  );
}

function MoreSheet({ room, onClose, onEnd, onLeave }: { room: Room; onClose: () => void; onEnd: () => void; onLeave: () => void }) {
  const words = t().assist;
  const { client, devices } = room;
  client.version.value;
  const { code, code_until } = keptOf(client.fold.session_id);
  const turn = async (): Promise<void> => {
    const track = await devices.turnAround();
    if (track) await client.peer.replace(track);
  };
  return (
    <Sheet title={words.people.title} onClose={onClose}>
      <People client={client} />
      {code && code_until && toMs(code_until) > Date.now() && <p class="sheet-code">{words.talk.code}: <b class="code">{code}</b></p>}
      <div class="more-list">
        {client.fold.help_asked_at === null && (
          <button type="button" class="big go" data-do="ask_help" onClick={() => (client.ask({ type: "ask_help" }), onClose())}><Icon name="call" size={18} /> {words.help.ask}</button>
        )}
        {client.fold.consent === "given" && (
          <button type="button" class="big danger" data-do="withdraw_consent" onClick={() => client.ask({ type: "withdraw_consent" })}>{words.record.stop}</button>
        )}
        {devices.camera.value && <button type="button" class="big plain-button" onClick={() => void turn()}><Icon name="swap" size={18} /> {words.camera.switch}</button>}
        {devices.canLight && (
          <button type="button" class="big plain-button" aria-pressed={devices.isLit.value} onClick={() => void devices.light()}><Icon name="restored" size={18} /> {words.camera.light}</button>
        )}
        <button type="button" class="big plain-button" data-do="leave" onClick={onLeave}><Icon name="back" size={18} /> {words.act.leave}</button>
        <button type="button" class="big danger" data-do="end" onClick={onEnd}>{words.act.end}</button>
      </div>
      <div class="sheet-foot more-foot">
        <LanguageChoice />
        <button type="button" class="big plain-button" onClick={onClose}>{words.act.close}</button>
      </div>
    </Sheet>
  );
}

function useUnread(client: AssistClient, isOpen: boolean): number {
  client.version.value;
  const said = client.fold.lines.filter(({ entry, author }) => entry.kind === "said" && author !== client.me.value?.party);
  const newest = said.at(-1)?.seq ?? 0;
  const [read, setRead] = useState(0);
  useEffect(() => {
    if (isOpen) setRead(newest);
  }, [isOpen, newest]);
  return said.filter(({ seq }) => seq > read).length;
}

interface FootProps {
  room: Room;
  isDrawing: boolean;
  open: Open;
  onDraw: () => void;
  onOpen: (what: Open) => void;
}

function FootButton({ icon, name, label, pressed, badge, act, onClick }: {
  icon: IconName; name: string; label?: string; pressed?: boolean; badge?: number; act: string; onClick: () => void;
}) {
  return (
    <button
      type="button" class="foot-button" data-do={act} onClick={onClick} aria-label={label ?? name}
      {...(pressed !== undefined && { "aria-pressed": pressed })}
    >
      <Icon name={icon} size={24} />
      <span>{name}</span>
      {badge ? <span class="badge">{badge}</span> : null}
    </button>
  );
}

function Foot({ room, isDrawing, open, onDraw, onOpen }: FootProps) {
  const { client, devices } = room;
  client.version.value;
  const words = t().assist.act;
  const unread = useUnread(client, open === "talk");
  const { frozen, freeze_asked } = client.fold;
  const isFrozen = frozen !== null || freeze_asked !== null;
  const isSilent = devices.isMuted.value || devices.microphone.value === null;
  return (
    <footer class="tech-foot">
      <FootButton
        icon={isSilent ? "micOff" : "mic"} name={isSilent ? words.muted : words.mute} label={isSilent ? words.unmute : words.mute} act="mute"
        pressed={isSilent} onClick={() => devices.mute(!devices.isMuted.peek())}
      />
      <FootButton icon="pen" name={words.draw} act="draw" pressed={isDrawing} onClick={onDraw} />
      <button type="button" class="freeze-button" data-do="freeze" aria-pressed={isFrozen} onClick={() => toggleFreeze(client)}>
        <Icon name={isFrozen ? "play" : "snow"} size={28} />
        <span>{isFrozen ? words.unfreeze : words.freeze}</span>
      </button>
      <FootButton icon="talk" name={words.chat} act="talk" badge={unread} {...(unread > 0 && { label: t().assist.talk.unread(unread) })} onClick={() => onOpen("talk")} />
      <FootButton icon="dots" name={words.more} act="more" onClick={() => onOpen("more")} />
    </footer>
  );
}

function Sheets({ room, open, onOpen, onLeave }: { room: Room; open: Open; onOpen: (what: Open) => void; onLeave: () => void }) {
  const close = (): void => onOpen(null);
  const words = t().assist;
  const { client } = room;
  client.version.value;
  return (
    <>
      {open === "talk" && (
        <Sheet title={words.talk.title} onClose={close}>
          <div class="talk-sheet"><Lines client={client} /></div>
          <TalkForm client={client} />
          <div class="sheet-foot"><button type="button" class="big plain-button" onClick={close}>{words.act.close}</button></div>
        </Sheet>
      )}
      {open === "guide" && (
        <Sheet title={client.fold.guide?.title ?? words.guide.title} onClose={close}>
          <GuideList client={client} />
          <div class="sheet-foot"><button type="button" class="big plain-button" onClick={close}>{words.act.close}</button></div>
        </Sheet>
      )}
      {open === "more" && <MoreSheet room={room} onClose={close} onEnd={() => onOpen("end")} onLeave={onLeave} />}
      {open === "end" && <EndSheet client={client} onClose={close} />}
      <ConsentSheet client={client} />
    </>
  );
}

function Top({ client, devices, onBack }: { client: AssistClient; devices: Devices; onBack: () => void }) {
  client.version.value;
  const words = t().assist;
  const helper = client.parties.value.filter(({ role, present }) => role === "expert" && present).map(({ party }) => party);
  return (
    <header class="tech-top">
      <button type="button" class="square" aria-label={words.open.back} title={words.open.back} onClick={onBack}><Icon name="back" size={18} /></button>
      <span class="tech-title">
        <b>{client.fold.incident_id || words.title}</b>
        <span class="muted">{helper.length > 0 ? helper.join(", ") : words.title}</span>
      </span>
      <GlanceSign client={client} />
      <RecordingSign client={client} isBrief />
      {devices.camera.value && devices.microphone.value === null && <span class="muted" title={words.camera.noMicrophone}><Icon name="micOff" /></span>}
    </header>
  );
}

export function Technician({ session_id }: { session_id: string }) {
  const room = useRoom(session_id, "technician");
  const open = useSignal<Open>(null);
  const [isDrawing, setDrawing] = useState(false);
  useEffect(() => {
    if (!room?.pen) return;
    room.pen.tool.value = isDrawing ? "freehand" : "laser";
    if (!isDrawing) return;
    const onKey = toolKeys(room.client, room.pen);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [room, isDrawing]);
  if (!room) return null;
  const { client, devices } = room;
  client.version.value;
  const isGuest = session.value.status !== "in";
  const back = (): void => go(isGuest ? "/assist" : "/job");
  if (client.link.value.status === "over")
    return <OverPage client={client} action={{ name: isGuest ? t().assist.open.backToList : t().assist.open.back, act: back }} />;
  const trouble = devices.trouble.value;
  const hasTrouble = trouble !== null && devices.camera.value === null && client.fold.frozen === null;
  return (
    <div class="tech-page" data-assist="technician" data-media={client.peer.state.value}>
      <Top client={client} devices={devices} onBack={back} />
      <main id="content" class="tech-main">
        <div class="tech-picture">
          <Stage client={client} track={devices.camera.value} isOwn pen={room.pen} last={room.last} onVideo={(video) => (room.video.current = video)} />
          {hasTrouble && <CameraTrouble trouble={trouble} room={room} />}
          {!hasTrouble && devices.camera.value === null && client.fold.frozen === null && <p class="stage-hint">{t().assist.camera.starting}</p>}
          <div class="over-top">
            <LinkLine client={client} />
            <RefusalLine client={client} />
            <HelpLine client={client} />
            <CodeCard client={client} />
          </div>
          <div class="over-bottom">
            <LastSaid client={client} onOpen={() => (open.value = "talk")} />
            <FrozenSign client={client} />
            <Sounds client={client} />
          </div>
        </div>
        <GuideCard client={client} onAll={() => (open.value = "guide")} />
        {isDrawing && room.pen && <Toolbar client={client} pen={room.pen} mayClear tools={THUMB_TOOLS} />}
      </main>
      <Foot room={room} isDrawing={isDrawing} open={open.value} onDraw={() => setDrawing(!isDrawing)} onOpen={(what) => (open.value = what)} />
      <Sheets room={room} open={open.value} onOpen={(what) => (open.value = what)} onLeave={back} />
    </div>
  );
}
