// The switchboard: one person beside many sites, a picture a second of each, whoever needs help now first.
import { useEffect, useRef, useState } from "preact/hooks";
import { enterAs, waysOf } from "../assist/open";
import { expertsOf, technicianOf } from "../assist/places";
import { PromiseCountdown } from "../board/Promise";
import { tick } from "../clock";
import { Icon, TierMark } from "../icons";
import { session } from "../session";
import { Header } from "../Shell";
import { t } from "../texts";
import { durationText } from "../time";
import { needOf, sinceOf, type Site } from "./rank";
import { Watch, type Picture } from "./watch";

const OLD_AFTER_MS = 4000;
const KEYS = "123456789";

function open({ view }: Site): void {
  const who = session.peek();
  const [as] = who.status === "in" ? waysOf(who.me.role) : [];
  if (as) enterAs(view.session_id, as);
}

function Glimpse({ picture, site }: { picture: Picture | undefined; site: Site }) {
  const words = t().assist.switchboard;
  const age = picture ? Date.now() - picture.at : 0;
  return (
    <span class="tile-picture">
      {picture
        ? <img src={picture.url} alt="" draggable={false} />
        : <span class="tile-empty"><Icon name="camera" size={28} /> {technicianOf(site.view) === null ? words.noTechnician : words.noPicture}</span>}
      {picture && age > OLD_AFTER_MS && <span class="tile-old">{words.old(Math.round(age / 1000))}</span>}
    </span>
  );
}

function Tile({ site, place, watch, picture, now }: { site: Site; place: number; watch: Watch; picture: Picture | undefined; now: number }) {
  const { view, incident } = site;
  const words = t().assist.switchboard;
  const box = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (!box.current) return;
    const observer = new IntersectionObserver(([entry]) => watch.seen(view.session_id, entry?.isIntersecting ?? false));
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      watch.seen(view.session_id, false);
    };
  }, [watch, view.session_id]);
  const need = needOf(view);
  const technician = technicianOf(view) ?? view.technician ?? "–";
  const who = session.value;
  const helps = expertsOf(view);
  const isMine = who.status === "in" && helps.includes(who.me.subject);
  return (
    <li ref={box} class={`tile need-${need}`} data-session={view.session_id} data-need={need}>
      <button type="button" aria-label={`${words.open(view.incident_id, technician)}: ${words.needs[need]}`} onClick={() => open(site)}>
        <Glimpse picture={picture} site={site} />
        <span class="tile-need">
          {KEYS[place] && <kbd>{KEYS[place]}</kbd>}
          <Icon name={need === "called" || need === "alone" ? "call" : need === "badLink" || need === "away" ? "silent" : "person"} size={15} />
          <b>{words.needs[need]}</b>
          <span class="tile-since">{durationText(Math.max(0, now - sinceOf(view)))}</span>
        </span>
        <span class="tile-what">
          {incident && <TierMark tier={incident.tier} />}
          <b>{view.incident_id}</b>
          {incident && <span class="muted">{incident.product} · {t().common.level(incident.level)}</span>}
          {incident && <PromiseCountdown incident={incident} />}
        </span>
        <span class="tile-who muted">
          {technician} · {view.region}{helps.length > 0 && ` · ${isMine ? words.you : t().assist.lobby.with(helps.join(", "))}`}
        </span>
      </button>
    </li>
  );
}

function useWatch(): Watch | null {
  const [watch, setWatch] = useState<Watch | null>(null);
  useEffect(() => {
    const made = new Watch();
    setWatch(made);
    return () => made.close();
  }, []);
  return watch;
}

export function Switchboard() {
  const watch = useWatch();
  const words = t().assist.switchboard;
  const sites = watch?.sites.value ?? null;
  const now = watch?.now.value ?? 0;
  useEffect(() => {
    if (now > 0) tick(now);
  }, [now]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test((event.target as Element)?.tagName)) return;
      const site = KEYS.includes(event.key) ? watch?.sites.peek()?.[KEYS.indexOf(event.key)] : undefined;
      if (site) open(site);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [watch]);
  const waiting = sites?.filter(({ view }) => ["called", "alone"].includes(needOf(view))).length ?? 0;
  return (
    <div class="switchboard-page">
      <Header page="switchboard" />
      <main id="content" class="switchboard">
        <div class="switchboard-head">
          <h1>{words.title}</h1>
          {sites && <span role="status" class={waiting > 0 ? "waits" : "muted"} data-waiting={waiting}>{words.waiting(waiting)} · {words.sites(sites.length)}</span>}
          <span class="muted switchboard-hint">{words.hint}</span>
        </div>
        {watch?.failed.value && <p class="notice" role="alert">{words.failed}</p>}
        {sites?.length === 0 && <p class="empty">{words.empty}</p>}
        {watch && (
          <ol class="wall">
            {sites?.map((site, place) => (
              <Tile key={site.view.session_id} site={site} place={place} watch={watch} picture={watch.pictures.value.get(site.view.session_id)} now={now} />
            ))}
          </ol>
        )}
      </main>
    </div>
  );
}
