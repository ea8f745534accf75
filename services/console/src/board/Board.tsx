// The dispatcher's board: what is urgent on the left, where on the map, what was just decided on the right.
import { useEffect, useState } from "preact/hooks";
import { logTime } from "../clock";
import type { LiveStream } from "../live";
import { ExerciseBanner, isDrill } from "../Exercise";
import { Header, LinkNotice } from "../Shell";
import { t } from "../texts";
import { TIERS } from "../tiers";
import type { Tier } from "../wire";
import { AlertBar } from "./AlertBar";
import { BoardMap } from "./BoardMap";
import { CurvesPanel } from "./CurvesPanel";
import { Drawer } from "./Drawer";
import { Engineers } from "./Engineers";
import { GatheringBar } from "./GatheringBar";
import { AttentionBar, Incidents } from "./Incidents";
import { Kpis } from "./Kpis";
import { ModesButton, ModesDrawer } from "./Modes";
import { PostingDrawer } from "./Posting";
import {
  loaded, modesOpen, openBoard, regionFilter, regions, selectedIncident, selectedPosting, tierFilter, zone,
} from "./store";
import { Stream } from "./Stream";

function Filters() {
  return (
    <div class="filters">
      <label>
        <span class="visually-hidden">{t().common.region}</span>
        <select
          name="region"
          value={regionFilter.value ?? ""}
          onChange={(event) => (regionFilter.value = event.currentTarget.value || null)}
        >
          <option value="">{t().common.allRegions}</option>
          {regions.value.map(({ region }) => (
            <option key={region} value={region}>{region}</option>
          ))}
        </select>
      </label>
      <label>
        <span class="visually-hidden">{t().common.tier}</span>
        <select
          name="tier"
          value={tierFilter.value ?? ""}
          onChange={(event) => (tierFilter.value = (event.currentTarget.value || null) as Tier | null)}
        >
          <option value="">{t().common.allTiers}</option>
          {TIERS.map((tier) => (
            <option key={tier} value={tier}>{t().tiers[tier]}</option>
          ))}
        </select>
      </label>
      {loaded.value && <ModesButton />}
    </div>
  );
}

/** The chosen region is a drill: that is said first. Drills that run beside what is shown are named, with a way there. */
function Drills() {
  const chosen = regionFilter.value;
  if (chosen !== null && isDrill(chosen)) return <ExerciseBanner region={chosen} />;
  const running = regions.value.filter(({ region }) => isDrill(region));
  if (running.length === 0) return null;
  return (
    <p class="drills">
      {running.map(({ region }) => (
        <button type="button" key={region} onClick={() => (regionFilter.value = region)}>{t().exercise.runs(region)}</button>
      ))}
    </p>
  );
}

/** What lies over the right side: an incident, a posting's reason, or the modes; one at a time. */
function OpenDrawer() {
  const incident = selectedIncident.value;
  const posting = selectedPosting.value;
  if (incident) return <Drawer key={incident} id={incident} />;
  if (posting) return <PostingDrawer key={`${posting.engineer}/${posting.place}`} chosen={posting} />;
  return modesOpen.value ? <ModesDrawer /> : null;
}

export function Board() {
  const [stream, setStream] = useState<LiveStream | null>(null);
  useEffect(() => {
    const board = openBoard();
    setStream(board.stream);
    return board.close;
  }, []);
  return (
    <div class="board-page">
      <Header page="board" link={stream?.link ?? null} now={logTime} zone={zone.value}>
        <Filters />
      </Header>
      {stream && <LinkNotice stream={stream} now={logTime} zone={zone.value} />}
      <main id="content" class="board" tabIndex={-1}>
        {!loaded.value ? (
          <p class="empty loading" role="status">{t().common.loading}</p>
        ) : (
          <>
            <h1 class="visually-hidden">{t().nav.board}</h1>
            <div class="board-top">
              <Drills />
              <AlertBar />
              <GatheringBar />
              <Kpis />
              <AttentionBar />
            </div>
            <Incidents />
            <div class="board-middle">
              <BoardMap />
              <CurvesPanel />
            </div>
            <div class="board-right">
              <Engineers />
              <Stream />
              <OpenDrawer />
            </div>
          </>
        )}
      </main>
    </div>
  );
}
