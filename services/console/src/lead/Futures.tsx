// The two futures side by side, region by region: as ranges over the futures played so far, narrowing as more arrive.
import { Icon, TierMark, type IconName } from "../icons";
import { t } from "../texts";
import { durationText } from "../time";
import type { Tier } from "../wire";
import type { Fork, ForkState } from "./fork";
import { numberText } from "./sentences";
import { SpreadBar } from "./SpreadBar";
import { FIGURES, figureOf, inOrder, scaleFor, verdictOf, type Figure, type Scales, type Verdict } from "./spreads";
import type { ForkReport, RegionFork, RolloutBias, Spread } from "./wire";

const SIGNS: Record<Verdict, IconName> = { better: "accepted", worse: "broken", same: "minus", open: "dots" };

function valueText(value: number, figure: Figure): string {
  return figure === "waited_min" ? durationText(value * 60_000) : numberText(value);
}

/** The mean, and between what four in five futures lie. */
function spreadText(spread: Spread, figure: Figure): string {
  return t().lead.futures.spread(valueText(spread.mean, figure), valueText(spread.p10, figure), valueText(spread.p90, figure));
}

function differenceText(difference: Spread, figure: Figure): string {
  const signed = (value: number): string => {
    const size = valueText(Math.abs(value), figure);
    return size === valueText(0, figure) ? size : `${value < 0 ? "−" : "+"}${size}`;
  };
  const { mean_low: low, mean_high: high } = difference;
  const interval = low == null || high == null ? null : t().lead.futures.interval(signed(low), signed(high));
  return [signed(difference.mean), interval].filter(Boolean).join(" ");
}

function biasText({ waited_min: mean, p10, p90, n }: RolloutBias): string {
  const signed = (value: number): string => `${value < 0 ? "−" : "+"}${numberText(Math.abs(value))}`;
  return t().lead.futures.bias(signed(mean), signed(p10), signed(p90), numberText(n));
}

function FigureName({ figure }: { figure: Figure }) {
  const words = t().lead.futures.figures;
  if (figure === "waited_min" || figure === "stranded" || figure === "left_waiting") return <>{words[figure]}</>;
  const tier = figure.slice("broken_".length) as Tier;
  return <>{words.broken} <TierMark tier={tier} /> {t().tiers[tier]}</>;
}

function FigureRow({ fork, figure, scales }: { fork: RegionFork; figure: Figure; scales: Scales }) {
  const words = t().lead.futures;
  const [without, withMove] = [figureOf(fork.without, figure), figureOf(fork.with_move, figure)];
  const difference = figureOf(fork.difference, figure);
  const verdict = verdictOf(difference, figure);
  const most = scaleFor(scales, figure);
  return (
    <li class="figure-row" data-figure={figure} data-verdict={verdict}>
      <p class={`figure-head verdict-${verdict}`}>
        <b><FigureName figure={figure} /></b>
        <span class="figure-verdict"><Icon name={SIGNS[verdict]} size={13} /> {words.verdicts[verdict]}</span>
        <span class="muted">{differenceText(difference, figure)}</span>
      </p>
      <SpreadBar spread={without} most={most} kind="without" name={words.without} told={spreadText(without, figure)} />
      <SpreadBar spread={withMove} most={most} kind="with" name={words.withMove} told={spreadText(withMove, figure)} />
      <p class="spread-ends" aria-hidden="true"><span>0</span><span>{valueText(most, figure)}</span></p>
    </li>
  );
}

/** Its place is kept before the first future has come, so that nothing jumps. */
function RegionFutures({ region, fork, scales }: { region: string; fork: RegionFork | undefined; scales: Scales }) {
  const words = t().lead.futures;
  if (!fork) return <section class="future"><h4>{region}</h4></section>;
  return (
    <section class="future" data-region={region} data-role={fork.role} aria-label={words.of(region, words.roles[fork.role])}>
      <h4>{region} <span class="muted">{words.roles[fork.role]}</span></h4>
      <ul>{FIGURES.map((figure) => <FigureRow key={figure} fork={fork} figure={figure} scales={scales} />)}</ul>
      {fork.bias && <p class="future-bias muted">{biasText(fork.bias)}</p>}
    </section>
  );
}

function Legend() {
  const words = t().lead.futures;
  return (
    <p class="futures-legend">
      <span><i class="key key-without" aria-hidden="true" /> {words.without}</span>
      <span><i class="key key-with" aria-hidden="true" /> {words.withMove}</span>
      <span class="muted">{words.howToRead}</span>
    </p>
  );
}

function Progress({ state, report }: { state: ForkState; report: ForkReport | null }) {
  const words = t().lead.futures;
  const told = {
    idle: words.idle, asking: words.asking, queued: words.queued, playing: "", done: "", failed: words.failed, cut: words.cut,
  }[state.status];
  const played = report ? words.played(report.futures, report.wanted) : "";
  return (
    <div class="futures-progress">
      <progress max={report?.wanted ?? 1} value={report?.futures ?? 0} aria-label={words.progress} />
      <span role="status" data-futures={report?.futures ?? 0} data-status={state.status}>
        {[played, told, state.status === "failed" || state.status === "cut" ? state.why : null].filter(Boolean).join(" · ")}
      </span>
    </div>
  );
}

interface FuturesOf {
  fork: Fork;
  title: string;
  /** Those whose futures are to come. */
  regions: readonly string[];
  ask: () => void;
}

export function Futures({ fork, title, regions, ask }: FuturesOf) {
  const words = t().lead.futures;
  const state = fork.state.value;
  const { report } = state;
  const ended = ["idle", "failed", "cut", "done"].includes(state.status);
  const shown = report ? inOrder(report).map(({ region }) => region) : regions;
  return (
    <section class="futures" aria-label={title}>
      <header class="futures-head">
        <h3>{title}</h3>
        {report && <span class="muted">{words.horizon(durationText(report.horizon_min * 60_000))}</span>}
        {ended && <button type="button" class="action" onClick={ask}>{report ? words.again : words.play}</button>}
      </header>
      <Progress state={state} report={report} />
      <div class="futures-regions">
        {shown.map((region) => (
          <RegionFutures key={region} region={region} fork={report?.regions.find((one) => one.region === region)} scales={state.scales} />
        ))}
      </div>
      <Legend />
    </section>
  );
}
