// What the lead's page knows: the lending view, read again and again, and whether the gateway answers.
import { computed, signal } from "@preact/signals";
import { read, Refused } from "../api";
import { hear, logTime, tick } from "../clock";
import type { LinkState } from "../live";
import { session, sessionEnded } from "../session";
import { toMs } from "../time";
import type { Me } from "../wire";
import { lendingFrom, type SparseLending } from "./received";
import type { LendingView, RegionAtDesk } from "./wire";

const EVERY_MS = 2_000;

export const lending = signal<LendingView | null>(null);
export const link = signal<LinkState>({ status: "connecting", lostSince: null });
/** What the gateway refuses to show, in its words. */
export const refusedToShow = signal<string | null>(null);
export const chosenRegion = signal<string | null>(null);
/** What came of the last act on a proposal: its card may be gone by then. */
export const deskSaid = signal<string | null>(null);
/** Time zone by region, of those that the caller may read. */
export const zones = signal<ReadonlyMap<string, string>>(new Map());

export const regions = computed<RegionAtDesk[]>(() => lending.value?.regions ?? []);
export const ownRegions = computed<RegionAtDesk[]>(() => regions.value.filter(({ lead }) => lead));
/** All times on the page are in the zone of the caller's first region. */
export const zone = computed<string>(() => zones.value.get(ownRegions.value[0]?.region ?? "") ?? "UTC");
export const nowMs = (): number => logTime.value ?? Date.now();

let again: (() => Promise<void>) | null = null;

/** Read now, not at the next turn: something was just changed here. */
export const readSoon = (): Promise<void> => again?.() ?? Promise.resolve();

/** The log's time also runs while nothing is decided. */
async function readClock(): Promise<void> {
  hear(await read<Me>("/v1/me"));
}

async function readZones(): Promise<void> {
  const { items } = await read<{ items: { region: string; time_zone: string }[] }>("/v1/regions");
  zones.value = new Map(items.map(({ region, time_zone }) => [region, time_zone]));
}

async function readLending(): Promise<void> {
  const view = lendingFrom(await read<SparseLending>("/v1/lending"));
  if (view.at !== null) tick(toMs(view.at));
  lending.value = view;
  refusedToShow.value = null;
}

function failed(error: unknown): void {
  if (error instanceof Refused && error.problem.status === 401) return sessionEnded();
  if (error instanceof Refused) {
    refusedToShow.value = error.message;
    return;
  }
  link.value = { status: "lost", lostSince: link.peek().lostSince ?? Date.now() };
}

/** Keep the view fresh until closed. */
export function openDesk(): () => void {
  let closed = false;
  const round = async (): Promise<void> => {
    try {
      await Promise.all([readLending(), readClock()]);
      if (zones.peek().size === 0) await readZones();
      if (!closed) link.value = { status: "live", lostSince: null };
    } catch (error) {
      if (!closed) failed(error);
    }
  };
  again = round;
  void round();
  const timer = setInterval(() => session.peek().status === "in" && void round(), EVERY_MS);
  return () => {
    closed = true;
    again = null;
    clearInterval(timer);
    link.value = { status: "connecting", lostSince: null };
  };
}
