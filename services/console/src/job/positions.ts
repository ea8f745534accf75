// The phone's position, only on shift and only where the technician has said so; the newest fix, never a history.
import { effect, signal } from "@preact/signals";
import { send } from "../api";
import { phoneTime } from "../clock";
import { known } from "./store";

const SENT_EVERY_MS = 15_000;
const KEPT = "muster.share-position";

export type Sharing = "off" | "on" | "denied" | "unavailable";

const available = typeof navigator !== "undefined" && "geolocation" in navigator && isSecureContext;
const kept = (): boolean => {
  try {
    return localStorage.getItem(KEPT) === "yes";
  } catch {
    return false;
  }
};

export const sharing = signal<Sharing>(available ? (kept() ? "on" : "off") : "unavailable");

export function setSharing(on: boolean): void {
  sharing.value = on ? "on" : "off";
  try {
    localStorage.setItem(KEPT, on ? "yes" : "no");
  } catch {
    // asked again after a reload then
  }
}

/** Send fixes while shared and on shift; returns what stops it. */
export function sharePositions(engineer_id: string): () => void {
  let watch: number | null = null;
  let sentAt = -Infinity;
  const stop = (): void => {
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    watch = null;
  };
  const take = ({ coords }: GeolocationPosition): void => {
    if (performance.now() - sentAt < SENT_EVERY_MS) return;
    sentAt = performance.now();
    const fix = {
      lat: coords.latitude,
      lon: coords.longitude,
      fixed_at: new Date(phoneTime()).toISOString(),
      accuracy_m: coords.accuracy,
    };
    // a fix that could not be sent is not kept: the next one is newer and better
    send(`/v1/engineers/${encodeURIComponent(engineer_id)}/positions`, { positions: [fix] }, crypto.randomUUID()).catch(() => undefined);
  };
  const failed = (error: GeolocationPositionError): void => {
    if (error.code !== error.PERMISSION_DENIED) return;
    stop();
    sharing.value = "denied";
  };
  const close = effect(() => {
    const wanted = sharing.value === "on" && known.value !== null && known.value.engineer.state !== "off_shift";
    if (wanted && watch === null)
      watch = navigator.geolocation.watchPosition(take, failed, { enableHighAccuracy: true, maximumAge: 5_000 });
    else if (!wanted) stop();
  });
  return () => {
    close();
    stop();
  };
}
