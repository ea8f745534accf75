// The current job: what, where, until when, and how far.
import { logTime } from "../clock";
import { Icon, TierMark } from "../icons";
import { go } from "../router";
import { MapView } from "../map/MapView";
import { distanceM } from "../map/projection";
import type { Scene } from "../map/scene";
import { PromiseBar, promiseTone } from "../board/Promise";
import { accessText, crewText } from "../board/ControlFacts";
import { StateChip } from "../board/Incidents";
import { t } from "../texts";
import { clockText, countdownText, durationText, toMs } from "../time";
import type { EngineerView, IncidentView } from "../wire";
import { STEPS } from "./projection";
import { region } from "./store";

const zone = (): string => region.value?.time_zone ?? "UTC";

function BigPromise({ incident }: { incident: IncidentView }) {
  const now = logTime.value ?? Date.now();
  const tone = promiseTone(incident, now);
  const promised = toMs(incident.promised_at);
  const words = t().job;
  const left = promised - now;
  return (
    <div class={`job-promise ${tone}`}>
      <p class="job-promise-line">
        {tone !== "calm" && <Icon name={tone === "late" ? "broken" : tone === "met" ? "accepted" : "clock"} size={18} />}
        {incident.on_site_at ? (
          <b>{tone === "late" ? words.metLate : words.met}</b>
        ) : (
          <>
            <b>{countdownText(left)}</b>
            <span>{left < 0 ? words.late : words.left}</span>
          </>
        )}
        <span class="job-due">{words.due(clockText(promised, zone()))}</span>
      </p>
      <PromiseBar incident={incident} />
    </div>
  );
}

function Steps({ incident }: { incident: IncidentView }) {
  const at = Math.max(0, STEPS.indexOf(incident.state));
  return (
    <ol class="job-steps" aria-label={t().job.step(at + 1, STEPS.length)}>
      {STEPS.map((step, i) => (
        <li key={step} class={i < at ? "done" : i === at ? "now" : ""} aria-current={i === at ? "step" : undefined}>
          <span class="visually-hidden">{t().incidentStates[step]}</span>
        </li>
      ))}
    </ol>
  );
}

function siteScene(incident: IncidentView, engineer: EngineerView): Scene {
  const onSite = incident.on_site_at !== null;
  const place = onSite ? null : engineer.place;
  return {
    regions: [],
    sites: [{ id: incident.incident_id, place: incident.place, tier: incident.tier, status: onSite ? "onSite" : "underWay" }],
    walkers: place ? [{ id: t().map.you, place, state: "en_route", to: incident.place }] : [],
    selectedSite: null,
    selectedWalker: place ? t().map.you : null,
  };
}

function Way({ incident, engineer }: { incident: IncidentView; engineer: EngineerView }) {
  const words = t().job;
  if (incident.on_site_at) return null;
  const road = region.value?.terms.circuity ?? 1;
  const km = engineer.place ? ((distanceM(engineer.place, incident.place) * road) / 1000).toFixed(1) : null;
  const arrives = incident.arrives_at ? toMs(incident.arrives_at) : null;
  const away = arrives === null ? null : arrives - (logTime.value ?? Date.now());
  return (
    <dl class="job-way">
      <div>
        <dt>{words.distance}</dt>
        <dd>{km === null ? words.unknownPlace : t().common.km(km)}</dd>
      </div>
      {arrives !== null && (
        <div>
          <dt>{words.eta}</dt>
          <dd>
            {clockText(arrives, zone())}
            {away !== null && away > 0 && <span class="muted"> · {durationText(away)}</span>}
          </dd>
        </div>
      )}
    </dl>
  );
}

export function JobCard({ incident, engineer, unsent }: { incident: IncidentView; engineer: EngineerView; unsent: boolean }) {
  const words = t().job;
  const facts: [string, string | null][] = [
    [t().control.access, accessText(incident, zone())],
    [t().control.together, crewText(incident)],
    [words.site, incident.site_id],
    [words.equipment, incident.equipment_id],
    [words.ticket, incident.external_id],
    [words.work, incident.expected_service_min === null ? null : durationText(incident.expected_service_min * 60_000)],
  ];
  const { lat, lon } = incident.place;
  return (
    <article class="job-card panel" data-incident={incident.incident_id} data-state={incident.state}>
      <header class="job-head">
        <span class="job-tier"><TierMark tier={incident.tier} /> {t().tiers[incident.tier]}</span>
        <StateChip state={incident.state} />
        {unsent && <span class="job-unsent"><Icon name="outbox" size={13} /> {words.notYetSent}</span>}
      </header>
      <h1>{incident.incident_id}</h1>
      <p class="job-what">{incident.product} · {t().common.level(incident.level)}</p>
      <Steps incident={incident} />
      {incident.swarm_of && <p class="job-swarm"><Icon name="person" size={16} /> {t().gathering.youJoin(incident.swarm_of)}</p>}
      <BigPromise incident={incident} />
      <div class="job-map">
        <MapView
          scene={() => siteScene(incident, engineer)}
          label={`${t().map.site}: ${lat.toFixed(4)}, ${lon.toFixed(4)}`}
          fitKey={`${incident.incident_id}/${engineer.place?.lat ?? ""}/${incident.on_site_at ?? ""}`}
          interactive={false}
        />
      </div>
      <Way incident={incident} engineer={engineer} />
      <dl class="job-facts">
        {facts.filter(([, value]) => value).map(([name, value]) => (
          <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
        ))}
      </dl>
      <div class="job-ways">
        <a class="job-directions" href={`geo:${lat},${lon}?q=${lat},${lon}`}>
          <Icon name="locate" size={15} /> {words.directions}
        </a>
        <button
          type="button" class="job-call" data-do="call_expert"
          onClick={() => go(`/job/${encodeURIComponent(incident.incident_id)}/assist`)}
        >
          <Icon name="call" size={18} /> {t().assist.open.call}
        </button>
      </div>
    </article>
  );
}
