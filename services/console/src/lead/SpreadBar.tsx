// One figure's two futures on one scale: four in five futures as a band, the middle one as a line, the mean's interval as a bar.
import type { Spread } from "./wire";

const WIDTH = 240;
const HEIGHT = 16;
const PAD = 4;

function Band({ spread, most, kind }: { spread: Spread; most: number; kind: "without" | "with" }) {
  const x = (value: number): number => PAD + (Math.min(value, most) / most) * (WIDTH - 2 * PAD);
  const [low, high] = [spread.mean_low ?? spread.mean, spread.mean_high ?? spread.mean];
  const wide = (from: number, to: number, least: number): number => Math.max(least, x(to) - x(from));
  return (
    <svg class={`spread spread-${kind}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <line class="spread-axis" x1={PAD} x2={WIDTH - PAD} y1={HEIGHT / 2} y2={HEIGHT / 2} />
      <rect class="spread-range" x={x(spread.p10)} width={wide(spread.p10, spread.p90, 1.5)} y={3} height={HEIGHT - 6} rx={2} />
      <rect class="spread-mean" x={x(low)} width={wide(low, high, 2.5)} y={HEIGHT / 2 - 2} height={4} />
      <line class="spread-middle" x1={x(spread.p50)} x2={x(spread.p50)} y1={1} y2={HEIGHT - 1} />
    </svg>
  );
}

interface Bar {
  spread: Spread;
  most: number;
  kind: "without" | "with";
  name: string;
  told: string;
}

export function SpreadBar({ spread, most, kind, name, told }: Bar) {
  return (
    <p class="spread-bar">
      <Band spread={spread} most={most} kind={kind} />
      <span class="spread-told"><span class="visually-hidden">{name}: </span>{told}</span>
    </p>
  );
}
