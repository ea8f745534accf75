// One incident's story: what it is, who is on it, and every decision about it in the log's order.
import { useEffect, useState } from "preact/hooks";
import { read, Refused } from "../api";
import { logTime } from "../clock";
import { Icon, TierMark } from "../icons";
import { incidentFrom, type Sparse } from "../received";
import { t } from "../texts";
import { clockText, durationText, toMs, zoneText } from "../time";
import type { IncidentView } from "../wire";
import { boardMap } from "./BoardMap";
import { StateChip } from "./Incidents";
import { Control } from "./Control";
import { ControlFacts } from "./ControlFacts";
import { PromiseBar, PromiseCountdown } from "./Promise";
import { useReceipts } from "./receipts";
import { DrawerFrame } from "./DrawerFrame";
import { closeDrawers, picture, selectedDecision, version, zoneOf } from "./store";
import { Timeline, WholeStory } from "./Timeline";

const STORY_EVERY_MS = 5000;

/** Read the incident whole again whenever the board sees it change. */
function useIncident(id: string): { incident: IncidentView | null; failed: boolean } {
  version.value;
  const known = picture.incidents.get(id) ?? null;
  const mark = known ? `${known.state}/${known.epoch}/${known.acknowledged}/${known.late}` : "";
  const [whole, setWhole] = useState<IncidentView | null>(null);
  const [failed, setFailed] = useState(false);
  const [round, setRound] = useState(0);
  // What a remote-assist session adds to the story is no decision: the stream says nothing of it.
  useEffect(() => {
    const timer = setInterval(() => setRound((before) => before + 1), STORY_EVERY_MS);
    return () => clearInterval(timer);
  }, [id]);
  useEffect(() => {
    let wanted = true;
    read<Sparse<IncidentView>>(`/v1/incidents/${encodeURIComponent(id)}`).then(
      (answer) => {
        const view = incidentFrom(answer);
        picture.describe(view);
        if (!wanted) return;
        setWhole(view);
        setFailed(false);
      },
      (error: unknown) => wanted && setFailed(!(error instanceof Refused && error.problem.status === 404)),
    );
    return () => {
      wanted = false;
    };
  }, [id, mark, round]);
  const story = whole?.incident_id === id ? whole : null;
  return { incident: known ? { ...known, timeline: story?.timeline ?? known.timeline } : story, failed };
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Facts({ incident }: { incident: IncidentView }) {
  const words = t().drawer;
  const zone = zoneOf(incident.region);
  const reported = toMs(incident.reported_at);
  const promised = toMs(incident.promised_at);
  const engineer = picture.engineers.get(incident.engineer_id ?? "");
  const optional: [string, string | null][] = [
    [words.customer, incident.customer_id], [words.site, incident.site_id], [words.equipment, incident.equipment_id],
    [words.external, incident.external_id],
  ];
  return (
    <dl class="facts">
      <Fact name={words.engineer}>
        {incident.engineer_id ? (
          <>
            <b>{incident.engineer_id}</b>
            {engineer && ` · ${t().engineerStates[engineer.state]}`}
            {incident.arrives_at && !incident.on_site_at && ` · ${t().incidents.arrives(clockText(toMs(incident.arrives_at), zone))}`}
          </>
        ) : (
          words.noEngineer
        )}
      </Fact>
      {engineer && (
        <Fact name={words.skills}>
          {Object.entries(engineer.skills).map(([product, level]) => `${product} ${level}`).join(", ")}
        </Fact>
      )}
      <ControlFacts incident={incident} zone={zone} />
      <Fact name={words.promise}>{clockText(promised, zone)} <PromiseCountdown incident={incident} /></Fact>
      <Fact name={words.reported}>
        {clockText(reported, zone)} {zoneText(reported, zone)}
        {!incident.engineer_id && ` · ${words.waitingSince(durationText((logTime.value ?? Date.now()) - reported))}`}
      </Fact>
      {incident.expected_service_min != null && (
        <Fact name={words.expected}>{durationText(incident.expected_service_min * 60_000)}</Fact>
      )}
      {incident.diversions > 0 && <Fact name={words.diversions}>{words.times(incident.diversions)}</Fact>}
      {optional.filter(([, value]) => value).map(([name, value]) => <Fact key={name} name={name}>{value}</Fact>)}
      <Fact name={words.place}>
        {incident.place.lat.toFixed(4)}, {incident.place.lon.toFixed(4)}{" "}
        <button type="button" class="text-button" onClick={() => boardMap?.show(incident.place)}>
          <Icon name="locate" size={13} /> {words.onMap}
        </button>
      </Fact>
    </dl>
  );
}

export function Drawer({ id }: { id: string }) {
  const { incident, failed } = useIncident(id);
  const last = incident?.timeline.at(-1);
  const shelf = useReceipts(id, last ? `${last.offset}/${last.n}` : "");
  return (
    <DrawerFrame title={id} mark={incident && <TierMark tier={incident.tier} />} close={closeDrawers}>
      {!incident ? (
        <p class="empty">{failed ? t().drawer.failed : t().drawer.gone}</p>
      ) : (
        <div class="scroll drawer-body">
          <p class="drawer-what">
            <StateChip state={incident.state} unheard={incident.state === "assigned" && !incident.acknowledged} />
            <span>{t().tiers[incident.tier]} · {incident.product} · {t().common.level(incident.level)} · {incident.region}</span>
          </p>
          <PromiseBar incident={incident} />
          <Control incident={incident} />
          <Facts incident={incident} />
          <h3>{t().drawer.timeline}</h3>
          {failed && <p class="notice">{t().drawer.failed}</p>}
          <Timeline key={`${id} ${selectedDecision.value}`} entries={incident.timeline} zone={zoneOf(incident.region)} shelf={shelf} />
          <WholeStory shelf={shelf} zone={zoneOf(incident.region)} />
        </div>
      )}
    </DrawerFrame>
  );
}
