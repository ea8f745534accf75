// Remote assist: by path the list, the way from a job into its session, or the session itself.
import { useEffect, useState } from "preact/hooks";
import { newKey, Refused } from "../api";
import { go, path } from "../router";
import { session } from "../session";
import { SignIn } from "../SignIn";
import { t } from "../texts";
import { Expert } from "./Expert";
import { keptOf } from "./kept";
import { Lobby } from "./Lobby";
import { sessionOf } from "./open";
import { Technician } from "./Technician";
import type { PartyRole } from "./wire";

const AGAIN_AFTER_MS = 2000;

/** From a job: find the incident's session, or open one, and go there. */
function Call({ incident_id }: { incident_id: string }) {
  const words = t().assist.open;
  const [trouble, setTrouble] = useState<{ refused: string | null } | null>(null);
  useEffect(() => {
    let wanted = true;
    const key = newKey();
    const call = (): void =>
      void sessionOf(incident_id, key).then(
        (session_id) => wanted && go(`/assist/${encodeURIComponent(session_id)}`, true),
        (error: unknown) => {
          if (!wanted) return;
          setTrouble({ refused: error instanceof Refused ? error.message : null });
          if (!(error instanceof Refused)) setTimeout(() => wanted && call(), AGAIN_AFTER_MS);
        },
      );
    call();
    return () => {
      wanted = false;
    };
  }, [incident_id]);
  const said = trouble === null ? words.calling : trouble.refused === null ? words.away : words.failed(trouble.refused);
  return (
    <main id="content" class="plain">
      <p role="status">{said}</p>
      <button type="button" class={trouble ? "primary" : "quiet"} onClick={() => go("/job")}>{words.back}</button>
    </main>
  );
}

/** As what one comes: as chosen, else as one's role comes first; a guest as the code said. */
function roleHere(session_id: string): PartyRole | null {
  const kept = keptOf(session_id).as;
  const who = session.value;
  if (who.status !== "in") return kept ?? null;
  if (who.me.role === "technician") return "technician";
  return kept ?? (who.me.role === "expert" ? "expert" : "observer");
}

export function Assist() {
  const [wantsSignIn, setWantsSignIn] = useState(false);
  const parts = path.value.split("/").map(decodeURIComponent);
  const [, first, second = ""] = parts;
  useEffect(() => {
    document.title = `${t().assist.title} · ${t().product}`;
    return () => {
      document.title = t().product;
    };
  }, []);
  if (wantsSignIn && session.value.status !== "in") return <SignIn />;
  if (first === "job") return <Call incident_id={second} />;
  const as = second ? roleHere(second) : null;
  if (as === null) return <Lobby onSignIn={() => setWantsSignIn(true)} />;
  return as === "technician" ? <Technician session_id={second} /> : <Expert session_id={second} as={as} />;
}
