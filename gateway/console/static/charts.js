// Two charts: whose weights answered over time, and money paid against the baseline's.

import { clock, count, percent, usd } from "./page.js";
import { FAMILIES, OTHERS } from "./origins.js";

/** The CSS variable of an origin: the same colour wherever it appears, in reports and Grafana too. */
export const colour = (origin) => `--${FAMILIES[origin] ?? OTHERS}`;

const value = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const faded = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, "0");

export class Chart {
  #place; #reading; #plot = null; #key = "";

  constructor(place, reading) {
    this.#place = place;
    this.#reading = reading;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(place);
  }

  /** `lines`: {name, css, width, fill, dash}; `columns`: x, then one array a line; `read`: an index in words. */
  draw({ lines, columns, axis, range, step, read }) {
    const theme = document.documentElement.dataset.theme + matchMedia("(prefers-color-scheme: dark)").matches;
    const key = JSON.stringify([lines, axis.name, theme]);
    this.read = read;
    this.step = step;
    if (this.#plot && this.#key === key) {
      this.#plot.setData(columns);
      return;
    }
    this.#plot?.destroy();
    this.#key = key;
    this.#plot = new uPlot(this.#options(lines, axis, range), columns, this.#place);
  }

  clear() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #size() {
    return { width: Math.max(200, this.#place.clientWidth), height: this.#place.clientHeight || 200 };
  }

  #options(lines, axis, range) {
    const quiet = value("--quiet"), rule = value("--rule"), font = "12px system-ui, sans-serif";
    const common = { stroke: quiet, font, ticks: { show: false }, grid: { stroke: rule, width: 1 } };
    return {
      ...this.#size(),
      legend: { show: false },
      padding: [10, 26, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { y: { range } },
      axes: [
        { ...common, size: 30, space: 76, grid: { show: false }, values: (_, ticks) => ticks.map(this.#time, this) },
        { ...common, size: 58, space: 34, values: (_, ticks) => axis.format(ticks) },
      ],
      series: [{}, ...lines.map((line) => this.#series(line))],
      hooks: { setCursor: [(plot) => this.#tell(plot.cursor.idx)] },
    };
  }

  #series({ name, css, fill = 0, width = 1, stepped = true, dash }) {
    const hue = value(css);
    return {
      label: name,
      stroke: hue,
      width,
      dash,
      points: { show: false },
      paths: stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
      fill: fill ? (fill === 1 ? hue : faded(hue, fill)) : undefined,
    };
  }

  #time(at) {
    return this.step >= 86400 ? new Date(at * 1000).toLocaleDateString("en-GB", { month: "short", day: "numeric" })
      : clock(at, { exact: this.step < 60 });
  }

  #tell(index) {
    this.#reading.textContent = index === null || index === undefined ? "" : this.read(index);
  }
}

/** The last bucket has an end too: it is drawn as wide as the others. */
const edges = ({ starts, step_s }) => [...starts, starts.at(-1) + step_s];
const held = (values) => [...values, values.at(-1)];

export function drawAdoption(chart, adoption, asShare) {
  const names = adoption.rows.map((row) => row.key);
  const at = edges(adoption);
  const parts = names.map((name) => held(adoption.series[name] ?? []));
  const totals = at.map((_, index) => parts.reduce((sum, part) => sum + part[index], 0));
  let below = at.map(() => 0);
  const stacked = parts.map((part) => {
    below = below.map((under, index) => under + part[index]);
    return asShare ? below.map((sum, index) => (totals[index] ? sum / totals[index] : null)) : below;
  });
  chart.draw({
    lines: adoption.rows.map((row) => ({
      name: row.key, css: row.simulated ? `${colour(row.origin)}-faint` : colour(row.origin), fill: 1, width: 0,
    })).reverse(),
    columns: [at, ...stacked.reverse()],
    step: adoption.step_s,
    axis: asShare ? { name: "share", format: (ticks) => ticks.map((tick) => `${Math.round(tick * 100)} %`) }
      : { name: "requests", format: (ticks) => ticks.map((tick) => (Number.isInteger(tick) ? count(tick) : "")) },
    range: (_, low, high) => (asShare ? [0, 1] : [0, Math.max(4, high * 1.1)]),
    read: (index) => {
      if (!totals[index]) return `${clock(at[index])}: nothing`;
      const say = (requests) => (asShare ? percent(requests / totals[index]) : count(requests));
      const told = names.map((name, n) => [name, parts[n][index]]).filter(([, requests]) => requests);
      return `${clock(at[index])}: ${told.map(([name, requests]) => `${name} ${say(requests)}`).join(", ")}`;
    },
  });
}

/** Ticks with the digits that tell them apart. */
function dollars(ticks) {
  const digits = ticks.length < 2 ? 2 : Math.min(8, Math.max(2, Math.ceil(-Math.log10(ticks[1] - ticks[0]) - 1e-9)));
  return ticks.map((tick) => `$${tick.toFixed(digits)}`);
}

const summed = (values) => {
  let sum = 0;
  return values.map((amount) => (sum += amount));
};

export function drawMoney(chart, money) {
  const at = edges(money);
  const paid = held(summed(money.series.cost_usd ?? []));
  const baseline = money.series.baseline_usd ? held(summed(money.series.baseline_usd)) : null;
  const lines = [{ name: "paid", css: "--us", width: 2.5, fill: 0.12 }];
  if (baseline) lines.push({ name: "baseline", css: "--baseline", width: 2, dash: [6, 4] });
  chart.draw({
    lines,
    columns: [at, paid, ...(baseline ? [baseline] : [])],
    step: money.step_s,
    axis: { name: "usd", format: dollars },
    range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1],
    read: (index) => `${clock(at[index])}: paid ${usd(paid[index])}` +
      (baseline ? `, the baseline ${usd(baseline[index])}` : ""),
  });
}
