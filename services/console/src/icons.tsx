// Signs drawn as paths on a 16 by 16 grid: every state has a shape of its own, so colour is never the only sign.
import type { Tier } from "./wire";

const PATHS = {
  waiting: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.8V8l2.2 1.6",
  sent: "M2 8l12-5-4.2 11-2.3-4.6L2 8Zm5.5 1.400L14 3",
  turned: "M13 13V8.500a4 4 0 0 0-4-4H3.500M6 2 3 4.5 6 7.5",
  heard: "M4.5 1.800h7v12.400h-7zM7 12h2",
  accepted: "M3 8.5 6.5 12 13 4.5",
  moving: "M4 3l5 5-5 5M8.5 3l5 5-5 5",
  onSite: "M8 14.500S3.2 9.9 3.2 6.400a4.8 4.8 0 0 1 9.6 0C12.8 9.9 8 14.5 8 14.500ZM8 8V4.800M6.4 6.400h3.2",
  restored: "M9 1.8 3.8 9H8l-1 5.200L12.2 7H8z",
  resolved: "M1.5 8.8 4.6 12 10 5M7.8 11l1 1 5.7-7",
  cancelled: "M3.5 3.500l9 9M12.5 3.500l-9 9",
  back: "M3 8h10M6.5 4 3 8l3.5 4M13 4v8",
  broken: "M8 2 15 14H1zM8 6.500v3.500M8 11.900v.2",
  refused: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM4 4l8 8",
  conflict: "M2.5 5h8L8 2.500M13.5 11h-8L8 13.5",
  silent: "M2 6c3.5-3 8.5-3 12 0M4.3 8.600c2.2-1.7 5.2-1.7 7.4 0M2.5 13.500l11-11",
  person: "M8 8a2.9 2.9 0 1 0 0-5.800A2.9 2.9 0 0 0 8 8ZM2.6 14c.5-2.7 2.6-4.2 5.4-4.200s4.9 1.5 5.4 4.2",
  free: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3Z",
  pause: "M5.5 3.500v9M10.5 3.500v9",
  off: "M8 2.200v5M4.6 4.400a5.2 5.2 0 1 0 6.8 0",
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.5 6v-3.500H6M10 2.500h3.500V6M13.5 10v3.500H10M6 13.500H2.500V10",
  link: "M8 12.800v.2M5.3 10.200c1.6-1.4 3.8-1.4 5.4 0M2.5 7.300c3.2-2.9 7.8-2.9 11 0",
  locate: "M8 1.500v3M8 11.500v3M1.5 8h3M11.5 8h3M8 5.200a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.600Z",
  clock: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.800V8l2.2 1.6",
  lock: "M4 7.500h8v6.300H4zM5.500 7.500V5.200a2.500 2.500 0 0 1 5 0v2.300",
  outbox: "M8 10.500V2M5 4.8 8 2l3 2.800M2 10v3.500h12V10",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** Platinum is a diamond, gold a disc, silver a triangle: the same shapes as on the map. */
export function TierMark({ tier }: { tier: Tier }) {
  return (
    <svg class="tier-mark" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" focusable="false">
      {tier === "platinum" && <path class="filled" d="M6 0.5 11.5 6 6 11.5 0.5 6z" />}
      {tier === "gold" && <circle class="filled" cx="6" cy="6" r="4.6" />}
      {tier === "silver" && <path class="filled" d="M6 1.3 11 10.300H1z" />}
    </svg>
  );
}
