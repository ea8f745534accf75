// Every region and how it stands, the most strained first; one's own with what a lead may set there.
import { useEffect, useRef } from "preact/hooks";
import { Icon, TierMark } from "../icons";
import { t } from "../texts";
import { TIERS } from "../tiers";
import { ExerciseTag } from "../Warnings";
import { DisasterControl } from "./DisasterControl";
import { LendingMode } from "./LendingMode";
import { byStrain, strainOf, waitingOf, waitingWorkH } from "./load";
import { hoursText, loadSentence } from "./sentences";
import { StrainMark } from "./StrainMark";
import { chosenRegion, regions } from "./store";
import type { RegionAtDesk, RegionLoad } from "./wire";

function Figure({ name, value, hint, bad = false }: { name: string; value: string; hint?: string | undefined; bad?: boolean }) {
  return (
    <div class={bad ? "load-figure bad" : "load-figure"}>
      <dt>{name}</dt>
      <dd><b>{value}</b>{hint && <span class="muted"> {hint}</span>}</dd>
    </div>
  );
}

/** Who waits by tier: as many parts of one bar, each with its sign and count below. */
function WaitingBar({ load }: { load: RegionLoad }) {
  const tiers = TIERS.filter((tier) => (load.waiting[tier] ?? 0) > 0);
  return (
    <p class="waiting-bar">
      {tiers.map((tier) => (
        <span key={tier} class={`waiting-part part-${tier}`} style={{ flexGrow: load.waiting[tier] ?? 0 }}>
          <TierMark tier={tier} /> {load.waiting[tier]}<span class="visually-hidden"> {t().tiers[tier]}</span>
        </span>
      ))}
      {tiers.length === 0 && <span class="muted">{t().kpi.noneWaiting}</span>}
    </p>
  );
}

function Load({ load }: { load: RegionLoad }) {
  const words = t().lead.load;
  const away = load.home_strength - load.home_on_duty;
  const guests = load.on_duty - load.home_on_duty;
  const lent = [away > 0 && words.away(away), guests > 0 && words.guests(guests)].filter(Boolean).join(", ");
  const oldest = load.waited_max_s > 0 ? t().kpi.oldest(hoursText(load.waited_max_s / 3600)) : undefined;
  return (
    <>
      <WaitingBar load={load} />
      <dl class="load-figures">
        <Figure name={t().kpi.waiting} value={`${waitingOf(load)}`} hint={oldest} />
        <Figure name={words.work} value={hoursText(waitingWorkH(load))} />
        <Figure name={words.onDuty} value={`${load.on_duty}`} hint={[words.busy(load.busy), lent].filter(Boolean).join(", ")} />
        <Figure name={words.breaking} value={`${load.breaking}`} hint={words.within(hoursText(load.breaking_within_min / 60))} bad={load.breaking > 0} />
      </dl>
    </>
  );
}

function Tags({ region }: { region: RegionAtDesk }) {
  const words = t().lead.regions;
  return (
    <span class="region-tags">
      {region.exercise && <ExerciseTag />}
      {region.lead && <span class="tag">{words.yours}</span>}
      {region.disaster && <span class="tag bad"><Icon name="broken" size={13} /> {words.disaster}</span>}
      {region.alerts.length > 0 && <span class="tag warn"><Icon name="broken" size={13} /> {t().lead.map.warnings(region.alerts.length)}</span>}
      <span class="tag"><Icon name={region.mode === "automatic" ? "turned" : "person"} size={13} /> {t().lead.mode.short[region.mode]}</span>
    </span>
  );
}

function RegionCard({ region }: { region: RegionAtDesk }) {
  const strain = strainOf(region.load);
  const chosen = chosenRegion.value === region.region;
  const card = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (chosen) card.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <li
      ref={card} class={`region-card strain-${strain} ${chosen ? "chosen" : ""} ${region.exercise ? "exercise" : ""}`}
      data-region={region.region} data-strain={strain} data-mode={region.mode}
    >
      <button type="button" class="region-head" aria-pressed={chosen} onClick={() => (chosenRegion.value = chosen ? null : region.region)}>
        <StrainMark strain={strain} />
        <b>{region.region}</b>
        <span class="region-words">{loadSentence(region.load)}</span>
      </button>
      <Tags region={region} />
      {region.load && (region.lead || chosen) && <Load load={region.load} />}
      {region.lead && (
        <div class="region-acts">
          <LendingMode region={region} />
          <DisasterControl region={region} />
        </div>
      )}
    </li>
  );
}

export function Regions() {
  const words = t().lead.regions;
  const shown = byStrain(regions.value);
  // one's own stay where they are: what is worked with must not move under the hand
  const own = shown.filter(({ lead }) => lead).sort((a, b) => (a.region < b.region ? -1 : 1));
  const others = shown.filter(({ lead }) => !lead);
  return (
    <section class="panel lead-regions" aria-labelledby="lead-regions-title">
      <header class="panel-head">
        <h2 id="lead-regions-title">{words.title}</h2>
        <span class="muted">{words.hint}</span>
      </header>
      {shown.length === 0 && <p class="empty">{words.empty}</p>}
      <ul>{[...own, ...others].map((region) => <RegionCard key={region.region} region={region} />)}</ul>
    </section>
  );
}
