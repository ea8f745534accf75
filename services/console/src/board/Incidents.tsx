// Incidents by urgency: every one of them is in the list, broken promises first.
import { Icon, TierMark, type IconName } from "../icons";
import { t } from "../texts";
import { clockText, toMs } from "../time";
import type { IncidentState, IncidentView } from "../wire";
import { PromiseBar, PromiseCountdown } from "./Promise";
import {
  attention, groupCounts, groupFilter, openIncidents, selectedIncident, shownIncidents, streamFilter, zoneOf,
} from "./store";
import type { Group } from "./urgency";
import { VirtualList } from "./VirtualList";

const ROW_PX = 58;

export const STATE_ICON: Record<IncidentState, IconName> = {
  reported: "waiting", waiting: "waiting", assigned: "sent", accepted: "accepted", en_route: "moving", on_site: "onSite",
  restored: "restored", resolved: "resolved", cancelled: "cancelled",
};

export function StateChip({ state, unheard = false }: { state: IncidentState; unheard?: boolean }) {
  return (
    <span class={`chip state-${state} ${unheard ? "unheard" : ""}`} title={unheard ? t().incidents.sentNotHeard : undefined}>
      <Icon name={STATE_ICON[state]} size={13} />
      {t().incidentStates[state]}
      {unheard && <span aria-hidden="true">…</span>}
    </span>
  );
}

function whereTo(incident: IncidentView): string {
  if (!incident.engineer_id) return t().incidents.nobody;
  if (incident.on_site_at || !incident.arrives_at) return incident.engineer_id;
  const at = clockText(toMs(incident.arrives_at), zoneOf(incident.region));
  return `${incident.engineer_id} · ${t().incidents.arrives(at)}`;
}

function IncidentRow({ incident }: { incident: IncidentView }) {
  const chosen = selectedIncident.value === incident.incident_id;
  return (
    <button
      type="button"
      class={`incident ${chosen ? "chosen" : ""}`}
      aria-pressed={chosen}
      data-incident={incident.incident_id}
      onClick={() => (selectedIncident.value = chosen ? null : incident.incident_id)}
    >
      <span class="incident-line">
        <span class="incident-tier" title={t().tiers[incident.tier]}>
          <TierMark tier={incident.tier} />
          <span class="visually-hidden">{t().tiers[incident.tier]}</span>
        </span>
        <span class="incident-id">{incident.incident_id}</span>
        <span class="incident-what">{`${incident.product} ${incident.level}`}</span>
        <PromiseCountdown incident={incident} />
      </span>
      <span class="incident-line second">
        <span class="incident-region">{incident.region}</span>
        <StateChip state={incident.state} unheard={incident.state === "assigned" && !incident.acknowledged} />
        <span class="incident-who">{whereTo(incident)}</span>
        {incident.swarm && <span class="chip" title={t().gathering.swarm(incident.incident_id)}><Icon name="person" size={13} />×{incident.swarm.crew}</span>}
      </span>
      <PromiseBar incident={incident} />
    </button>
  );
}

function GroupTabs() {
  const counts = groupCounts.value;
  const words = t().incidents;
  const tabs: [Group | "all", string, number][] = [
    ["all", words.all, openIncidents.value.length],
    ["broken", words.broken, counts.broken],
    ["waiting", words.waiting, counts.waiting],
    ["underWay", words.underWay, counts.underWay],
    ["onSite", words.onSite, counts.onSite],
  ];
  return (
    <div class="tabs" role="group" aria-label={words.title}>
      {tabs.map(([group, name, count]) => (
        <button
          type="button"
          key={group}
          class={`tab ${group === "broken" && count > 0 ? "alarming" : ""}`}
          aria-pressed={groupFilter.value === group}
          onClick={() => (groupFilter.value = group)}
        >
          <span class="tab-count">{count}</span>
          <span class="tab-name">{name}</span>
        </button>
      ))}
    </div>
  );
}

const ATTENTION_ICON: Record<string, IconName> = {
  promise_broken: "broken", conflicted: "conflict", unreachable: "silent", declined: "back", refused: "refused",
};

/** Exceptions by weight, counted instead of scrolled away; each leads to what it counts. */
export function AttentionBar() {
  const found = attention.value;
  return (
    <div class="attention" role="group" aria-label={t().incidents.attention}>
      {found.length === 0 && <span class="muted">{t().incidents.calm}</span>}
      {found.map(({ kind, count }) => (
        <button
          type="button"
          key={kind}
          class={`attention-item ${kind === "promise_broken" ? "bad" : ""}`}
          aria-pressed={kind === "promise_broken" ? groupFilter.value === "broken" : streamFilter.value === kind}
          onClick={() => {
            if (kind === "promise_broken") groupFilter.value = groupFilter.value === "broken" ? "all" : "broken";
            else streamFilter.value = streamFilter.value === kind ? "all" : kind;
          }}
        >
          <Icon name={ATTENTION_ICON[kind] ?? "broken"} size={14} />
          {t().attention[kind](count)}
        </button>
      ))}
    </div>
  );
}

export function Incidents() {
  const shown = shownIncidents.value;
  return (
    <section class="panel incidents" aria-labelledby="incidents-title">
      <header class="panel-head">
        <h2 id="incidents-title">{t().incidents.title}</h2>
        <span class="muted">{t().incidents.byUrgency}</span>
      </header>
      <GroupTabs />
      {shown.length === 0 ? (
        <p class="empty">{t().incidents.empty}</p>
      ) : (
        <VirtualList
          items={shown}
          keyOf={(incident) => incident.incident_id}
          rowHeight_px={ROW_PX}
          label={t().incidents.title}
          row={(incident) => <IncidentRow incident={incident} />}
        />
      )}
    </section>
  );
}
