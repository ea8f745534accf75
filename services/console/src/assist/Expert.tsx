// The expert's page: the picture large with the tools beside it, steps and talk under it, people and incident at its side.
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icons";
import { go } from "../router";
import { Header } from "../Shell";
import { t } from "../texts";
import type { AssistClient } from "./client";
import { EndSheet } from "./EndSheet";
import { GuidePanel } from "./Guide";
import { IncidentSide } from "./IncidentSide";
import { People } from "./People";
import { useRoom, type Room } from "./room";
import { FrozenSign, HelpLine, LinkLine, OverPage, RecordingSign, RefusalLine, Sounds } from "./Signs";
import { Stage } from "./Stage";
import { Lines, TalkForm } from "./Talk";
import { toggleFreeze, Toolbar, toolKeys } from "./Toolbar";
import type { PartyRole } from "./wire";

function FreezeButton({ client }: { client: AssistClient }) {
  client.version.value;
  const { frozen, freeze_asked } = client.fold;
  const words = t().assist.act;
  const isFrozen = frozen !== null || freeze_asked !== null;
  return (
    <button type="button" class="act freeze" data-do="freeze" aria-pressed={isFrozen} aria-keyshortcuts="f" title="F" onClick={() => toggleFreeze(client)}>
      <Icon name={isFrozen ? "play" : "snow"} /> {isFrozen ? words.unfreeze : words.freeze}
    </button>
  );
}

function Actions({ room, as, onEnd }: { room: Room; as: PartyRole; onEnd: () => void }) {
  const { client, devices } = room;
  client.version.value;
  const words = t().assist;
  const { consent } = client.fold;
  const isSilent = devices.isMuted.value || devices.microphone.value === null;
  const mayEnd = client.isLeading || client.fold.baton === null;
  return (
    <div class="assist-actions">
      {as === "expert" && (
        <>
          <FreezeButton client={client} />
          <button
            type="button" class="act" data-do="mute" aria-pressed={isSilent} disabled={devices.microphone.value === null}
            title={devices.microphone.value === null ? words.camera.noMicrophone : ""} onClick={() => devices.mute(!devices.isMuted.peek())}
          >
            <Icon name={isSilent ? "micOff" : "mic"} /> {isSilent ? words.act.muted : words.act.mute}
          </button>
          {client.isLeading && (consent === "none" || consent === "withdrawn") && (
            <button type="button" class="act" data-do="ask_consent" onClick={() => client.ask({ type: "ask_consent" })}><Icon name="record" /> {words.record.ask}</button>
          )}
        </>
      )}
      <span class="spacer" />
      <button type="button" class="act" data-do="leave" title={words.ending.leaveHint} onClick={() => go("/assist")}><Icon name="back" /> {words.act.leave}</button>
      {as === "expert" && mayEnd && (
        <button type="button" class="act danger" data-do="end" onClick={onEnd}>{words.act.end}</button>
      )}
    </div>
  );
}

function Picture({ room, onShape }: { room: Room; onShape: (isUpright: boolean) => void }) {
  const { client } = room;
  client.version.value;
  return (
    <div class="expert-picture">
      <Stage client={client} track={client.video.value} pen={room.pen} last={room.last} onShape={onShape} />
      {client.video.value === null && client.ladderStill.value === null && client.fold.frozen === null && (
        <p class="stage-hint">{t().assist.stage.waiting}</p>
      )}
      <div class="over-top"><LinkLine client={client} /><HelpLine client={client} /><RefusalLine client={client} /></div>
      <div class="over-bottom"><FrozenSign client={client} /><Sounds client={client} /></div>
    </div>
  );
}

export function Expert({ session_id, as }: { session_id: string; as: PartyRole }) {
  const room = useRoom(session_id, as);
  const isEnding = useSignal(false);
  const [isUpright, setUpright] = useState(false);
  useEffect(() => {
    if (!room?.pen) return;
    const onKey = toolKeys(room.client, room.pen);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [room]);
  if (!room) return null;
  const { client } = room;
  client.version.value;
  if (client.link.value.status === "over")
    return <OverPage client={client} action={{ name: t().assist.open.backToList, act: () => go("/assist") }} />;
  return (
    <div class="expert-page" data-assist={as} data-media={client.peer.state.value}>
      <Header page="assist">
        <span class="assist-title"><b>{client.fold.incident_id}</b> <RecordingSign client={client} /></span>
      </Header>
      <main id="content" class={`expert ${isUpright ? "upright" : ""} ${room.pen ? "" : "watching"}`}>
        {room.pen && <Toolbar client={client} pen={room.pen} mayClear={client.isLeading} />}
        <div class="expert-middle">
          <Actions room={room} as={as} onEnd={() => (isEnding.value = true)} />
          <Picture room={room} onShape={setUpright} />
        </div>
        <div class="expert-under">
          <GuidePanel client={client} mayWrite={as === "expert"} />
          <section class="panel assist-talk" aria-label={t().assist.talk.title}>
            <div class="panel-head"><h2>{t().assist.talk.title}</h2></div>
            <Lines client={client} />
            <TalkForm client={client} />
          </section>
        </div>
        <aside class="expert-side">
          <section class="panel"><div class="panel-head"><h2>{t().assist.people.title}</h2></div><People client={client} /></section>
          <IncidentSide id={client.fold.incident_id} />
        </aside>
      </main>
      {isEnding.value && <EndSheet client={client} onClose={() => (isEnding.value = false)} />}
    </div>
  );
}
