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
  call: "M3 2.500h3l1 3.200-1.600 1.200a9 9 0 0 0 3.700 3.700l1.200-1.600 3.200 1v3c-5.800.6-11.100-4.700-10.500-10.500Z",
  mic: "M8 1.800a2 2 0 0 0-2 2v4a2 2 0 0 0 4 0v-4a2 2 0 0 0-2-2ZM3.500 7.500a4.500 4.500 0 0 0 9 0M8 12v2.500M5.500 14.500h5",
  micOff: "M6 6v1.800a2 2 0 0 0 3.500 1.300M10 6.500V3.800a2 2 0 0 0-3.900-.7M3.500 7.500a4.500 4.500 0 0 0 7.300 3.500M12.500 7.500c0 .6-.1 1.100-.3 1.600M8 12v2.500M5.500 14.500h5M2 2l12 12",
  snow: "M8 1.500v13M2.400 4.800l11.200 6.400M13.600 4.800 2.400 11.200M6.300 2.800 8 4.200l1.700-1.400M6.300 13.200 8 11.800l1.700 1.400",
  play: "M4.500 2.800v10.400L13 8z",
  pen: "M2.500 13.500l.8-3.200L10.800 2.800l2.400 2.400-7.500 7.500-3.200.8ZM9.300 4.300l2.400 2.400",
  arrow: "M3 13 13 3M6.500 3H13v6.500",
  circle: "M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11Z",
  rectangle: "M2.500 4h11v8h-11z",
  freehand: "M2 11c2-7 4.500-8 5-5s-2.500 6 0 6c3 0 2.500-6 4.500-6 1.500 0 .5 3 2.500 3",
  text: "M3 4.500V3h10v1.500M8 3v10M6.200 13h3.600",
  step: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM6.800 6.200 8.300 5v6",
  laser: "M8 6.200a1.800 1.800 0 1 0 0 3.600 1.800 1.800 0 0 0 0-3.600ZM8 1.500V4M8 12v2.500M1.500 8H4M12 8h2.500M3.400 3.400l1.700 1.700M10.900 10.900l1.700 1.700M12.600 3.400l-1.700 1.700M5.100 10.900l-1.700 1.700",
  eraser: "M6 13.500 2.300 9.800a1 1 0 0 1 0-1.400l5.600-5.600a1 1 0 0 1 1.400 0l4 4a1 1 0 0 1 0 1.400L8 13.500zM4.800 5.900l5.300 5.300M6 13.500h8",
  undo: "M3 6.500h6.500a3.500 3.500 0 0 1 0 7H6M6 3.500l-3 3 3 3",
  bin: "M3 4.500h10M6 4.500v-2h4v2M4.500 4.500l.6 9h5.800l.6-9M6.800 7v4M9.200 7v4",
  talk: "M2.500 3h11v8H8l-3.500 3v-3h-2z",
  dots: "M3.500 8h.01M8 8h.01M12.500 8h.01",
  baton: "M3.500 12.500l7-7M9 4l3 3M11 2.500l2.500 2.500",
  record: "M8 3.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9Z",
  list: "M6 4h8M6 8h8M6 12h8M2.500 4h.01M2.500 8h.01M2.500 12h.01",
  camera: "M2 5h2.800l1-1.800h4.400l1 1.800H14v8H2zM8 6.700a2.200 2.200 0 1 0 0 4.400 2.200 2.200 0 0 0 0-4.400Z",
  swap: "M2.500 6.500a5.600 5.600 0 0 1 10-1.500M13 2.500V5h-2.500M13.500 9.500a5.600 5.600 0 0 1-10 1.500M3 13.500V11h2.500",
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
