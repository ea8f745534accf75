// Before a session: the open ones to join, and the way in by a code, for guests too.
import { useState } from "preact/hooks";
import { Refused } from "../api";
import { Icon } from "../icons";
import { usePolled } from "../polled";
import { session } from "../session";
import { Header } from "../Shell";
import { t } from "../texts";
import { durationText, toMs } from "../time";
import type { Me, Moment } from "../wire";
import { arrived } from "./kept";
import { enterAs, enterByCode, listSessions, waysOf } from "./open";
import { expertsOf, technicianOf } from "./places";
import type { SessionView } from "./wire";

const READ_EVERY_MS = 3000;

export function CodeForm() {
  const words = t().assist.lobby;
  const [code, setCode] = useState("");
  const [state, setState] = useState<"idle" | "busy" | "bad" | "away">("idle");
  const enter = async (): Promise<void> => {
    setState("busy");
    try {
      const joined = await enterByCode(code.trim());
      arrived.value = joined;
      enterAs(joined.session_id, joined.role);
    } catch (error) {
      setState(error instanceof Refused ? "bad" : "away");
    }
  };
  return (
    <form
      class="panel code-form"
      onSubmit={(event) => {
        event.preventDefault();
        void enter();
      }}
    >
      <h2>{words.codeTitle}</h2>
      <p class="muted">{words.codeHint}</p>
      <label for="assist-code">{words.codeLabel}</label>
      <input
        id="assist-code" value={code} autoComplete="off" autoCapitalize="characters" spellcheck={false} maxLength={32}
        placeholder="ABCD-2345" aria-describedby="assist-code-said" onInput={(event) => setCode(event.currentTarget.value)}
      />
      <p id="assist-code-said" class="code-said" role="alert">{state === "bad" ? words.codeBad : state === "away" ? words.codeAway : ""}</p>
      <button type="submit" class="primary" disabled={state === "busy" || code.trim().length < 4}>
        {state === "busy" ? words.codeBusy : words.codeJoin}
      </button>
    </form>
  );
}

function Row({ view, now, role }: { view: SessionView; now: Moment; role: Me["role"] }) {
  const words = t().assist.lobby;
  const experts = expertsOf(view);
  const technician = technicianOf(view) ?? view.technician;
  return (
    <li class="session-row" data-session={view.session_id}>
      <Icon name={experts.length > 0 ? "person" : "call"} size={20} />
      <span class="session-what">
        <b>{view.incident_id}</b>
        <span class="muted">{view.region} · {technician ?? words.nobody}</span>
      </span>
      <span class={experts.length > 0 ? "muted" : "waits"}>
        {experts.length > 0 ? words.with(experts.join(", ")) : words.waits} {words.since(durationText(Math.max(0, toMs(now) - toMs(view.opened_at))))}
      </span>
      {waysOf(role).map((as, i) => (
        <button type="button" key={as} class={i === 0 ? "primary" : "quiet"} data-as={as} onClick={() => enterAs(view.session_id, as)}>
          {as === "observer" ? words.watch : words.join}
        </button>
      ))}
    </li>
  );
}

function OpenSessions({ role }: { role: Me["role"] }) {
  const words = t().assist.lobby;
  const { found: list, failed } = usePolled("sessions", listSessions, READ_EVERY_MS);
  const items = list?.items;
  return (
    <section class="panel session-list" aria-label={words.title}>
      <div class="panel-head">
        <h2>{words.title}</h2>
        {items && <span class="muted">{words.count(items.length)}</span>}
      </div>
      {failed && <p class="notice">{words.failed}</p>}
      {items?.length === 0 && <p class="empty">{role === "technician" ? words.technicianHint : words.empty}</p>}
      <ul>{list?.items.map((view) => <Row key={view.session_id} view={view} now={list.now} role={role} />)}</ul>
    </section>
  );
}

export function Lobby({ onSignIn }: { onSignIn: () => void }) {
  const who = session.value;
  const words = t().assist.lobby;
  return (
    <div class="lobby-page">
      <Header page="assist" />
      <main id="content" class="lobby">
        {who.status === "in" && <OpenSessions role={who.me.role} />}
        <div class="lobby-code">
          <CodeForm />
          {who.status !== "in" && (
            <p class="muted">
              {words.guest} <button type="button" class="text-button" onClick={onSignIn}>{words.signIn}</button>
            </p>
          )}
        </div>
      </main>
    </div>
  );
}
