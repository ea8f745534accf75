// How moments and durations are written: in a region's own time zone, with the chosen language's words.
import type { Moment } from "./wire";
import { language, t } from "./texts";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, shape: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language.value}|${zone}|${JSON.stringify(shape)}`;
  let made = formats.get(key);
  if (!made) {
    try {
      made = new Intl.DateTimeFormat(language.value, { ...shape, timeZone: zone, hourCycle: "h23" });
    } catch {
      made = new Intl.DateTimeFormat(language.value, { ...shape, timeZone: "UTC", hourCycle: "h23" });
    }
    formats.set(key, made);
  }
  return made;
}

export const toMs = (moment: Moment): number => Date.parse(moment);

/** Hours and minutes in a zone, as in 14:32. */
export const clockText = (ms: number, zone: string): string =>
  format(zone, { hour: "2-digit", minute: "2-digit" }).format(ms);

/** Hours, minutes and seconds in a zone. */
export const clockSecondsText = (ms: number, zone: string): string =>
  format(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(ms);

/** A day with its weekday in a zone. */
export const dayText = (ms: number, zone: string): string =>
  format(zone, { weekday: "short", day: "numeric", month: "short" }).format(ms);

/** The clock in a zone, with the day where it is another than that of `nowMs`. */
export function whenText(ms: number, zone: string, nowMs: number): string {
  const clock = clockText(ms, zone);
  return dayText(ms, zone) === dayText(nowMs, zone) ? clock : `${dayText(ms, zone)} ${clock}`;
}

/** The zone's short name at that moment, as in WET or GMT+1. */
export function zoneText(ms: number, zone: string): string {
  const parts = format(zone, { timeZoneName: "short", hour: "numeric" }).formatToParts(ms);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/** The next moment at which the clocks of a zone show `hhmm`, as in 14:30; null where that is no time. */
export function nextClock(hhmm: string, zone: string, nowMs: number): number | null {
  const wanted = minutesOf(hhmm);
  if (wanted === null) return null;
  const minute = Math.floor(nowMs / 60_000) * 60_000;
  const ahead = (wanted - (minutesOf(clockText(minute, zone)) ?? 0) + 1440) % 1440;
  const guess = minute + ahead * 60_000;
  const off = wanted - (minutesOf(clockText(guess, zone)) ?? wanted); // the clocks may change in between
  return guess + (((off + 720 + 1440) % 1440) - 720) * 60_000;
}

/** A moment as a field for day and time shows it, as in 2026-03-02T14:30, in a zone. */
export function localText(ms: number, zone: string): string {
  const parts = Object.fromEntries(
    format(zone, { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" })
      .formatToParts(ms).map(({ type, value }) => [type, value]),
  );
  return `${parts["year"]}-${parts["month"]}-${parts["day"]}T${parts["hour"]}:${parts["minute"]}`;
}

/** The moment at which the clocks of a zone show this day and time; null where the field is empty or no such time. */
export function momentOf(local: string, zone: string): number | null {
  const wanted = Date.parse(`${local}Z`);
  if (Number.isNaN(wanted)) return null;
  let guess = wanted;
  // the zone's offset depends on the moment that is sought: twice is enough on either side of a clock change
  for (let turn = 0; turn < 2; turn++) guess += wanted - Date.parse(`${localText(guess, zone)}Z`);
  return guess;
}

function minutesOf(hhmm: string): number | null {
  const found = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(hhmm);
  return found ? Number(found[1]) * 60 + Number(found[2]) : null;
}

/** A length of time in words, two units at most: 40 s, 12 min, 2 h 5 min, 1 d 3 h. */
export function durationText(ms: number): string {
  const words = t().duration;
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return words.seconds(s);
  const min = Math.round(s / 60);
  if (min < 60) return words.minutes(min);
  const h = Math.floor(min / 60);
  if (h < 24) return words.hours(h, min % 60);
  return words.days(Math.floor(h / 24), h % 24);
}

/** A countdown: 1:04:09 with hours, 04:09 without; sign and words are the caller's. */
export function countdownText(ms: number): string {
  const s = Math.floor(Math.abs(ms) / 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  const h = Math.floor(s / 3600);
  const rest = `${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return h > 0 ? `${h}:${rest}` : rest;
}
