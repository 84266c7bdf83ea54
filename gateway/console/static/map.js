// The refusal map: weights by topic, for one host or all, in one language or all.

import { byId, empty, make, percent, plural, render, simulated, usd } from "./page.js";

const KINDS = [
  ["filtered", "filtered", "the operator's filter blocked it"],
  ["declined", "declined", "the model said no"],
  ["evaded", "evaded", "the model spoke of something else, or recited"],
  ["blank", "blank", "nothing came"],
];
const ALL = "all";
const LANGUAGES = { en: "English", zh: "Chinese", fi: "Finnish", de: "German", fr: "French", other: "other" };
const spoken = (topic) => topic.replaceAll("_", " ");

let told = null;

export function startMap() {
  for (const id of ["map-host", "map-language"]) byId(id).addEventListener("change", () => drawMap(told));
  byId("map-key").append(
    ...KINDS.map(([name, label, why]) => make("li", { title: why }, make("i", { class: `dot ${name}` }), label)),
  );
}

export function drawMap(refusals) {
  if (refusals === null) return;
  told = refusals;
  choose(byId("map-host"), "all hosts", refusals.operators);
  choose(byId("map-language"), "all languages", refusals.languages, LANGUAGES);
  const host = byId("map-host").value, language = byId("map-language").value;
  const cells = refusals.cells.filter((cell) => cell.operator === host && cell.language === language);
  const topics = refusals.topics.filter((topic) => cells.some((cell) => cell.topic === topic));
  render(byId("map"), { cells, topics, host, language }, () =>
    cells.length ? grid(cells, topics, refusals) : empty("no replies yet: refusals appear here by weights and topic"));
  byId("map-key").hidden = !cells.length;
  byId("map-note").textContent = cells.length ? consequences(refusals) : "";
}

function consequences({ rerouted, rerouted_cost_usd: cost, cut_midway: cut }) {
  const round = rerouted
    ? `${plural(rerouted, "request")} went on to another endpoint after a refusal; what was refused had cost ${usd(cost)}`
    : "no request went on to another endpoint after a refusal";
  return cut ? `${round}; ${plural(cut, "reply was", "replies were")} cut off midway by a filter` : round;
}

/** Fills a select, keeping what was chosen. */
export function choose(select, first, values, names = {}) {
  render(select, values, () => {
    const chosen = select.value;
    const options = values.map((value) => make("option", { value, selected: value === chosen }, names[value] ?? value));
    return [make("option", { value: first.startsWith("all") ? ALL : "" }, first), ...options];
  });
}

function grid(cells, topics, refusals) {
  const models = [...new Set(cells.map((cell) => cell.model))];
  const of = new Map(cells.map((cell) => [`${cell.model}\n${cell.topic}`, cell]));
  const head = make("tr", {}, make("th", { scope: "col" }, "weights"),
    topics.map((topic) => make("th", { scope: "col" }, topic === "none" ? "other topics" : spoken(topic))));
  const rows = models.map((model) => {
    const facts = refusals.origins[model] ?? { origin: "unknown", simulated: false };
    const name = make("th", { scope: "row" }, make("span", { class: "name" }, model),
      make("span", { class: "quiet" }, `${facts.origin} `, simulated(facts.simulated)));
    const cell = (topic) => {
      const found = one(of.get(`${model}\n${topic}`), model, topic, refusals.enough);
      found.dataset.name = topic === "none" ? "other topics" : spoken(topic);
      return found;
    };
    return make("tr", {}, name, topics.map(cell));
  });
  return make("table", { class: "map" }, make("thead", {}, head), make("tbody", {}, rows));
}

function one(cell, model, topic, enough) {
  if (!cell) return make("td", { class: "nothing" }, "·");
  const known = cell.rate !== null;
  const tell = () => { byId("map-detail").textContent = sentence(cell, model, topic, enough); };
  const parts = KINDS.filter(([kind]) => cell[kind]).map(([kind]) =>
    make("i", { class: `bar ${kind}`, vars: { "--part": `${(100 * cell[kind]) / cell.n}%` } }));
  const heat = known ? Math.round(cell.rate * 70) : 0;
  const button = make("button", {
    type: "button", class: known ? "heat" : "heat few", "data-key": `map ${model} ${topic}`,
    vars: { "--heat": `${heat}%` }, "aria-label": sentence(cell, model, topic, enough),
    focus: tell, mouseenter: tell, click: tell,
  },
  make("b", {}, known ? percent(cell.rate) : "not enough"),
  make("small", {}, known ? `${percent(cell.low)} – ${percent(cell.high)}` : `${cell.n} of ${enough}`),
  make("span", { class: "bars" }, parts));
  return make("td", {}, button);
}

function sentence(cell, model, topic, enough) {
  const where = `${model}, ${topic === "none" ? "other topics" : spoken(topic)}`;
  const kinds = KINDS.filter(([kind]) => cell[kind]).map(([kind]) => `${cell[kind]} ${kind}`).join(", ") || "none refused";
  const rate = cell.rate === null ? `fewer than ${enough}, so no rate`
    : `refused ${percent(cell.rate)}, 95 % interval ${percent(cell.low)} to ${percent(cell.high)}`;
  return `${where}: ${plural(cell.n, "reply", "replies")}, ${kinds}; ${rate}`;
}
