// The curves drawn with uPlot; line shapes differ as well as colours, and a sentence says the sums.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { logTime } from "../clock";
import { language, t } from "../texts";
import { clockText } from "../time";
import { curvesOf, type Curves } from "./curves";
import { isChosen, picture, tierFilter, version, zone } from "./store";

const theme = (): ((name: string) => string) => {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
};

function axes(colour: (name: string) => string, inZone: string): uPlot.Axis[] {
  const shared: uPlot.Axis = {
    stroke: colour("muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
  };
  return [
    { ...shared, size: 24, gap: 4, space: 70, values: (_plot, at) => at.map((s) => clockText(s * 1000, inZone)) },
    { ...shared, size: 34, gap: 4, space: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
  ];
}

function makePlot(box: HTMLElement, inZone: string): uPlot {
  const colour = theme();
  const line = (label: string, name: string, more: Partial<uPlot.Series>): uPlot.Series => ({
    label,
    stroke: colour(name),
    width: 1.8,
    points: { show: false },
    ...more,
  });
  return new uPlot(
    {
      width: Math.max(80, box.clientWidth),
      height: Math.max(60, box.clientHeight),
      padding: [8, 22, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 } },
      scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, Math.max(4, Math.ceil((high || 0) * 1.15))] } },
      axes: axes(colour, inZone),
      series: [
        {},
        line(t().curves.reported, "accent", { fill: colour("accent-faint") }),
        line(t().curves.restored, "good", { dash: [7, 3] }),
        line(t().curves.late, "bad", { dash: [2, 3], width: 2.2 }),
      ],
    },
    [[], [], [], []],
    box,
  );
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

function Legend({ curves }: { curves: Curves }) {
  const words = t().curves;
  const entries: [string, string, number[]][] = [
    ["reported", words.reported, curves.reported],
    ["restored", words.restored, curves.restored],
    ["late", words.late, curves.late],
  ];
  return (
    <ul class="curve-legend">
      {entries.map(([kind, name, values]) => (
        <li key={kind}>
          <span class={`curve-key ${kind}`} aria-hidden="true" />
          {name} <b>{values.at(-1) ?? 0}</b>
        </li>
      ))}
    </ul>
  );
}

export function CurvesPanel() {
  version.value;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [tier, inZone, words] = [tierFilter.value, zone.value, language.value];
  const curves = curvesOf(
    picture.kpi,
    (kpi) => isChosen(kpi.region) && (tier === null || kpi.tier === tier),
    logTime.peek() ?? Date.now(),
  );

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const rebuild = (): void => {
      const kept = plot.current?.data;
      plot.current?.destroy();
      plot.current = makePlot(element, inZone);
      if (kept) plot.current.setData(kept);
    };
    rebuild();
    const sizes = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    sizes.observe(element);
    dark.addEventListener("change", rebuild);
    return () => {
      dark.removeEventListener("change", rebuild);
      sizes.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [inZone, words]);
  useEffect(() => {
    plot.current?.setData([curves.at_s, curves.reported, curves.restored, curves.late]);
  });

  const summary = t().curves.summary(sum(curves.reported), sum(curves.restored), sum(curves.late));
  return (
    <section class="panel curves" aria-labelledby="curves-title">
      <header class="panel-head">
        <h2 id="curves-title">{t().curves.title}</h2>
        {curves.window_min > 0 && <span class="muted">{t().curves.perWindow(curves.window_min)}</span>}
        <Legend curves={curves} />
      </header>
      <div class="curve-box" role="img" aria-label={summary} ref={box} />
      {curves.at_s.length === 0 && <p class="empty over">{t().curves.empty}</p>}
    </section>
  );
}
