// Demand and restoration as curves: windows of the chosen regions and tiers, summed; pure.
import type { RegionKpi } from "../wire";

export interface Curves {
  /** Seconds since the epoch, the end of each window. */
  at_s: number[];
  reported: number[];
  restored: number[];
  late: number[];
  window_min: number;
}

/** Sum windows that have ended; where none has, those still open, so that a first minute is not blank. */
export function curvesOf(windows: readonly RegionKpi[], wanted: (kpi: RegionKpi) => boolean, nowMs: number): Curves {
  const chosen = windows.filter(wanted);
  const ended = chosen.filter((kpi) => Date.parse(kpi.window_end) <= nowMs);
  const used = ended.length > 0 ? ended : chosen;
  const sums = new Map<number, { reported: number; restored: number; late: number }>();
  let window_min = 0;
  for (const kpi of used) {
    const end_s = Date.parse(kpi.window_end) / 1000;
    window_min = Math.max(window_min, (end_s - Date.parse(kpi.window_start) / 1000) / 60);
    const sum = sums.get(end_s) ?? { reported: 0, restored: 0, late: 0 };
    sum.reported += kpi.reported;
    sum.restored += kpi.restored;
    sum.late += kpi.late;
    sums.set(end_s, sum);
  }
  const at_s = withoutGaps([...sums.keys()].sort((a, b) => a - b));
  const column = (name: "reported" | "restored" | "late"): number[] => at_s.map((at) => sums.get(at)?.[name] ?? 0);
  return { at_s, reported: column("reported"), restored: column("restored"), late: column("late"), window_min };
}

/** A window in which nothing happened is not written: it is a zero, not a slope between its neighbours. */
function withoutGaps(ends: number[]): number[] {
  const steps = ends.slice(1).map((end, i) => end - (ends[i] ?? end));
  const step = Math.min(...steps);
  const first = ends[0];
  const last = ends.at(-1);
  if (first === undefined || last === undefined || !Number.isFinite(step) || (last - first) / step > 2000) return ends;
  return Array.from({ length: Math.round((last - first) / step) + 1 }, (_, i) => first + i * step);
}
