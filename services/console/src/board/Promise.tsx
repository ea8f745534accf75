// What is left of a promise, counting in the log's time; words and a sign say it besides colour.
import { logTime } from "../clock";
import { Icon } from "../icons";
import { t } from "../texts";
import { countdownText, durationText, toMs } from "../time";
import type { IncidentView } from "../wire";

const SOON_SHARE = 0.25;

export type PromiseTone = "calm" | "soon" | "late" | "met";

/** How a promise stands: met or late once somebody arrived, otherwise by what is left of it. */
export function promiseTone(incident: IncidentView, nowMs: number): PromiseTone {
  const promised = toMs(incident.promised_at);
  if (incident.on_site_at) return toMs(incident.on_site_at) > promised ? "late" : "met";
  const left = promised - nowMs;
  if (left < 0) return "late";
  return left < (promised - toMs(incident.reported_at)) * SOON_SHARE ? "soon" : "calm";
}

export function PromiseCountdown({ incident }: { incident: IncidentView }) {
  const now = logTime.value ?? Date.now();
  const tone = promiseTone(incident, now);
  const promised = toMs(incident.promised_at);
  if (incident.on_site_at) {
    const by = toMs(incident.on_site_at) - promised;
    return (
      <span class={`promise ${tone}`} title={by > 0 ? t().incidents.arrivedLate(durationText(by)) : t().incidents.arrivedIn}>
        <Icon name={by > 0 ? "broken" : "accepted"} size={13} />
        <span class="promise-word">{by > 0 ? `+${durationText(by)}` : t().incidents.met}</span>
      </span>
    );
  }
  const left = promised - now;
  const title = left < 0 ? t().incidents.brokenBy(durationText(-left)) : t().incidents.leftFor(durationText(left));
  return (
    <span class={`promise ${tone}`} title={title}>
      {tone !== "calm" && <Icon name={tone === "late" ? "broken" : "clock"} size={13} />}
      <span class="promise-time">{countdownText(left)}</span>
      <span class="promise-word">{left < 0 ? t().incidents.late : t().incidents.left}</span>
    </span>
  );
}

/** The share of the promise that is used up, as a thin bar. */
export function PromiseBar({ incident }: { incident: IncidentView }) {
  const now = logTime.value ?? Date.now();
  const tone = promiseTone(incident, now);
  const from = toMs(incident.reported_at);
  const until = incident.on_site_at ? toMs(incident.on_site_at) : now;
  const used = Math.max(0, Math.min(1, (until - from) / Math.max(1, toMs(incident.promised_at) - from)));
  return (
    <span class={`promise-bar ${tone}`} aria-hidden="true">
      <span style={{ transform: `scaleX(${used.toFixed(3)})` }} />
    </span>
  );
}
