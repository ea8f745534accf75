// The lead's page: how strained the regions are, who should move and why, both futures, and who is where until when.
import { useEffect } from "preact/hooks";
import { logTime } from "../clock";
import { Header, LinkNotice } from "../Shell";
import { t } from "../texts";
import { ExerciseTag, Warnings } from "../Warnings";
import { LoadMap, showPlaces } from "./LoadMap";
import { Loans } from "./Loans";
import { Proposals } from "./Proposals";
import { Refusals } from "./Refusals";
import { Regions } from "./Regions";
import { lending, link, nowMs, openDesk, readSoon, refusedToShow, regions, zone } from "./store";

const stream = { link, retryNow: () => void readSoon() };

function ExerciseBanner() {
  const names = regions.value.filter(({ exercise }) => exercise).map(({ region }) => region);
  if (names.length === 0) return null;
  return (
    <p class="exercise-banner">
      <ExerciseTag /> {t().lead.exercise(names.join(", "))}
    </p>
  );
}

function Desk() {
  return (
    <>
      <h1 class="visually-hidden">{t().nav.lead}</h1>
      <div class="lead-top">
        <ExerciseBanner />
        <Warnings regions={regions.value} zoneOf={() => zone.value} nowMs={nowMs()} show={showPlaces} />
        {refusedToShow.value && <p class="notice" role="alert">{refusedToShow.value}</p>}
      </div>
      <div class="lead-left">
        <LoadMap />
        <Regions />
      </div>
      <div class="lead-right">
        <Proposals />
        <Loans />
        <Refusals />
      </div>
    </>
  );
}

function Waiting() {
  const told = refusedToShow.value ?? (link.value.status === "lost" ? t().lead.away : null);
  return told === null ? <p class="empty loading" role="status">{t().common.loading}</p> : <p class="notice" role="alert">{told}</p>;
}

export function Lead() {
  useEffect(openDesk, []);
  return (
    <div class="lead-page">
      <Header page="lead" link={link} now={logTime} zone={zone.value} />
      <LinkNotice stream={stream} now={logTime} zone={zone.value} />
      <main id="content" class="lead" tabIndex={-1}>{lending.value === null ? <Waiting /> : <Desk />}</main>
    </div>
  );
}
