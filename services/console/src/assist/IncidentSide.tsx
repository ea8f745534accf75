// The incident beside the picture: what it is, its equipment, its engineer and its story, from the public API.
import { read } from "../api";
import { StateChip } from "../board/Incidents";
import { Icon, TierMark } from "../icons";
import { usePolled } from "../polled";
import { engineerFrom, incidentFrom, regionFrom, type Sparse } from "../received";
import { session } from "../session";
import { reasonText, t } from "../texts";
import { clockText, durationText, toMs } from "../time";
import type { EngineerView, IncidentView, RegionView } from "../wire";

const READ_EVERY_MS = 5000;

interface Facts {
  incident: IncidentView;
  engineer: EngineerView | null;
  zone: string;
  /** Other open incidents of the same site or equipment. */
  others: IncidentView[];
}

const path = (...parts: string[]): string => `/v1/${parts.map(encodeURIComponent).join("/")}`;

async function readFacts(id: string): Promise<Facts> {
  const incident = incidentFrom(await read<Sparse<IncidentView>>(path("incidents", id)));
  const [engineer, region, open] = await Promise.all([
    incident.engineer_id ? read<Sparse<EngineerView>>(path("engineers", incident.engineer_id)).then(engineerFrom, () => null) : null,
    read<Sparse<RegionView>>(path("regions", incident.region)).then(regionFrom, () => null),
    read<{ items: Sparse<IncidentView>[] }>(`/v1/incidents?state=open&region=${encodeURIComponent(incident.region)}`).catch(() => null),
  ]);
  const isBeside = (other: IncidentView): boolean =>
    other.incident_id !== id &&
    ((other.site_id !== null && other.site_id === incident.site_id) ||
      (other.equipment_id !== null && other.equipment_id === incident.equipment_id));
  return { incident, engineer, zone: region?.time_zone ?? "UTC", others: (open?.items ?? []).map(incidentFrom).filter(isBeside) };
}

function FactList({ facts: { incident, engineer, zone } }: { facts: Facts }) {
  const words = t().drawer;
  const rows: [string, string | null][] = [
    [words.equipment, incident.equipment_id],
    [words.site, incident.site_id],
    [words.customer, incident.customer_id],
    [words.external, incident.external_id],
    [words.promise, clockText(toMs(incident.promised_at), zone)],
    [words.reported, clockText(toMs(incident.reported_at), zone)],
    [words.expected, incident.expected_service_min === null ? null : durationText(incident.expected_service_min * 60_000)],
    [t().assist.incident.technician, incident.engineer_id],
    [t().assist.incident.skills, engineer && Object.entries(engineer.skills).map(([product, level]) => `${product} ${level}`).join(", ")],
  ];
  return (
    <dl class="facts">
      {rows.filter(([, value]) => value).map(([name, value]) => (
        <div class="fact" key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}

function Story({ incident, zone }: { incident: IncidentView; zone: string }) {
  return (
    <ol class="timeline">
      {incident.timeline.map((entry) => (
        <li key={`${entry.session_id ?? entry.offset}/${entry.n}`} class={`kind-${entry.kind}`}>
          <time dateTime={entry.at}>{clockText(toMs(entry.at), zone)}</time>
          <span class="timeline-icon"><Icon name={entry.session_id ? "call" : "clock"} size={13} /></span>
          <span class="timeline-told">
            <b>{t().timeline[entry.kind] ?? reasonText(entry.kind)}</b>
            {entry.engineer_id && ` · ${entry.engineer_id}`}
            {entry.reason && <span class="line-reason">{reasonText(entry.reason)}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}

export function IncidentSide({ id }: { id: string }) {
  const words = t().assist.incident;
  const isGuest = session.value.status !== "in";
  const { found: facts, failed } = usePolled(isGuest ? "" : id, () => readFacts(id), READ_EVERY_MS);
  return (
    <section class="panel assist-incident" aria-label={words.title}>
      <div class="panel-head">
        {facts && <TierMark tier={facts.incident.tier} />}
        <h2>{id || words.title}</h2>
        {facts && <StateChip state={facts.incident.state} />}
      </div>
      {isGuest ? <p class="empty">{words.guest}</p> : failed && !facts ? <p class="empty">{words.failed}</p> : null}
      {facts && (
        <div class="scroll assist-incident-body" tabIndex={0}>
          <p class="muted">{t().tiers[facts.incident.tier]} · {facts.incident.product} · {t().common.level(facts.incident.level)} · {facts.incident.region}</p>
          <FactList facts={facts} />
          {facts.others.length > 0 && (
            <>
              <h3>{words.others}</h3>
              <ul class="assist-others">
                {facts.others.map((other) => (
                  <li key={other.incident_id}><b>{other.incident_id}</b> <StateChip state={other.state} /> <span class="muted">{other.equipment_id}</span></li>
                ))}
              </ul>
            </>
          )}
          <h3>{words.timeline}</h3>
          <Story incident={facts.incident} zone={facts.zone} />
        </div>
      )}
    </section>
  );
}
