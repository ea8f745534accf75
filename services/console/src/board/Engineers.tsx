// Engineers by state: a bar of the whole, then each of them; the chosen incident's engineer stands out.
import { useState } from "preact/hooks";
import { Icon, type IconName } from "../icons";
import { t } from "../texts";
import type { EngineerState, EngineerView } from "../wire";
import { openPosting } from "./Posting";
import { picture, selectedIncident, shownEngineers, stateFilter, version } from "./store";

const STATES: readonly EngineerState[] = ["available", "en_route", "on_site", "on_break", "off_shift"];
const ICONS: Record<EngineerState, IconName> = {
  available: "free", en_route: "moving", on_site: "onSite", on_break: "pause", off_shift: "off",
};
const FIRST_SHOWN = 40;

function StateBar({ counts, total }: { counts: Record<EngineerState, number>; total: number }) {
  return (
    <>
      <div class="state-bar" aria-hidden="true">
        {STATES.filter((state) => counts[state] > 0).map((state) => (
          <span key={state} class={`part-${state}`} style={{ flexGrow: String(counts[state] / Math.max(1, total)) }} />
        ))}
      </div>
      <div class="state-legend" role="group" aria-label={t().engineers.title}>
        {STATES.map((state) => (
          <button
            type="button"
            key={state}
            class={`state-key key-${state}`}
            title={t().engineers.only(t().engineerStates[state])}
            aria-pressed={stateFilter.value === state}
            onClick={() => (stateFilter.value = stateFilter.value === state ? null : state)}
          >
            <Icon name={ICONS[state]} size={13} />
            <b>{counts[state]}</b>
            <span>{t().engineerStates[state]}</span>
          </button>
        ))}
      </div>
    </>
  );
}

function EngineerRow({ engineer }: { engineer: EngineerView }) {
  const incident = engineer.incident_id;
  const chosen = incident !== null && incident === selectedIncident.value;
  return (
    <li>
      <button
        type="button"
        class={`engineer ${chosen ? "chosen" : ""}`}
        disabled={!incident && !engineer.post}
        title={!incident && engineer.post ? t().posting.title(engineer.engineer_id) : undefined}
        data-engineer={engineer.engineer_id}
        onClick={() => (incident ? (selectedIncident.value = incident) : openPosting(engineer.engineer_id, null))}
      >
        <span class={`engineer-state key-${engineer.state}`} title={t().engineerStates[engineer.state]}>
          <Icon name={engineer.reachable ? ICONS[engineer.state] : "silent"} size={14} />
          <span class="visually-hidden">{t().engineerStates[engineer.state]}</span>
        </span>
        <span class="engineer-id">{engineer.engineer_id}</span>
        <span class="engineer-job">
          {engineer.reachable ? (incident ?? (engineer.post ? t().engineers.posted : t().engineerStates[engineer.state])) : t().engineers.unreachable}
        </span>
      </button>
    </li>
  );
}

export function Engineers() {
  version.value;
  const [all, setAll] = useState(false);
  const everyone = shownEngineers.value;
  const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<EngineerState, number>;
  for (const engineer of everyone) counts[engineer.state] += 1;
  const chosenEngineer = picture.incidents.get(selectedIncident.value ?? "")?.engineer_id;
  const listed = everyone
    .filter((engineer) => stateFilter.value === null || engineer.state === stateFilter.value)
    .sort((a, b) => order(a, chosenEngineer) - order(b, chosenEngineer));
  const shown = all ? listed : listed.slice(0, FIRST_SHOWN);
  return (
    <section class="panel engineers" aria-labelledby="engineers-title">
      <header class="panel-head">
        <h2 id="engineers-title">{t().engineers.title}</h2>
        <span class="muted">{t().engineers.count(everyone.length)}</span>
      </header>
      <StateBar counts={counts} total={everyone.length} />
      <div class="scroll">
        {listed.length === 0 && <p class="empty">{t().engineers.empty}</p>}
        <ul class="engineer-list">
          {shown.map((engineer) => (
            <EngineerRow key={engineer.engineer_id} engineer={engineer} />
          ))}
        </ul>
        {listed.length > FIRST_SHOWN && (
          <button type="button" class="more" onClick={() => setAll(!all)}>
            {all ? t().common.less : t().common.more(listed.length - FIRST_SHOWN)}
          </button>
        )}
      </div>
    </section>
  );
}

/** Silent phones first, then the chosen one, then by state. */
function order(engineer: EngineerView, chosen: string | null | undefined): number {
  if (engineer.engineer_id === chosen) return -2;
  return engineer.reachable ? STATES.indexOf(engineer.state) : -1;
}
