// The futures as ranges on a shared scale, and what their difference says; pure.
import { TIERS } from "../tiers";
import type { Tier } from "../wire";
import type { ForkReport, RegionFork, RegionFuture, Spread } from "./wire";

export type Figure = "waited_min" | "stranded" | "left_waiting" | `broken_${Tier}`;
export type Verdict = "better" | "worse" | "same" | "open";

export const FIGURES: readonly Figure[] = ["waited_min", "broken_platinum", "broken_gold", "broken_silver", "left_waiting", "stranded"];

const NOTHING: Spread = { mean: 0, p10: 0, p50: 0, p90: 0 };
/** What is smaller than this is no difference that anybody would notice. */
const NOTICED: Record<"waited_min" | "count", number> = { waited_min: 0.5, count: 0.05 };

export function figureOf(future: RegionFuture, figure: Figure): Spread {
  if (figure === "waited_min" || figure === "stranded" || figure === "left_waiting") return future[figure];
  return future.broken[figure.slice("broken_".length) as Tier] ?? NOTHING;
}

const STEPS = [1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** The next round figure that is not below. */
export function roundUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return (STEPS.find((step) => step * power >= value) ?? 10) * power;
}

export type Scales = Partial<Record<Figure, number>>;

const scaleKey = (figure: Figure): Figure => (figure.startsWith("broken_") ? (`broken_${TIERS[0]}` as Figure) : figure);

/** How far each figure's axis reaches: shared by all regions and tiers, and never less than before. */
export function scalesOf(regions: readonly RegionFork[], before: Scales): Scales {
  const scales: Scales = { ...before };
  for (const figure of FIGURES) {
    const most = Math.max(0, ...regions.flatMap((fork) => [fork.without, fork.with_move].map((future) => {
      const { p90, mean_high } = figureOf(future, figure);
      return Math.max(p90, mean_high ?? 0);
    })));
    const key = scaleKey(figure);
    scales[key] = Math.max(scales[key] ?? 0, roundUp(most));
  }
  return scales;
}

export const scaleFor = (scales: Scales, figure: Figure): number => scales[scaleKey(figure)] ?? 1;

/** Less is better in every figure; where the mean's interval holds both signs, nothing is decided yet. */
export function verdictOf(difference: Spread, figure: Figure): Verdict {
  const noticed = NOTICED[figure === "waited_min" ? "waited_min" : "count"];
  const { mean_low: low, mean_high: high } = difference;
  if (low == null || high == null) return "open";
  if (low > -noticed && high < noticed) return "same";
  if (high < 0) return "better";
  return low > 0 ? "worse" : "open";
}

/** Receivers first, then donors, then who only looks on. */
export function inOrder(report: ForkReport): RegionFork[] {
  const rank = { receiver: 0, both: 1, donor: 2, other: 3 };
  return [...report.regions].sort((a, b) => rank[a.role] - rank[b.role] || (a.region < b.region ? -1 : 1));
}
