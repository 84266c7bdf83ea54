// The console: asks for the overview every two seconds and shows it.

import { Refused, ask, hasToken, keepToken, takeToken } from "./access.js";
import { Chart, colour, drawAdoption, drawMoney } from "./charts.js";
import { drawDecisions } from "./decisions.js";
import { drawMap, startMap } from "./map.js";
import {
  byId, clock, count, empty, make, percent, place, plural, render, seconds, simulated, since, table, tag, usd,
} from "./page.js";
import { offerChoices, startWhatIf } from "./whatif.js";

const EVERY_MS = 2000;
const THEMES = ["auto", "light", "dark"];
const adoptionChart = new Chart(byId("adoption-chart"), byId("adoption-at"));
const moneyChart = new Chart(byId("money-chart"), byId("money-at"));
let told = null;
let asShare = true;
let asking = false;

function show(overview) {
  told = overview;
  byId("main").hidden = false;
  byId("policy").textContent = `policy ${overview.policy}`;
  showNotice(overview);
  render(byId("figures"), figures(overview), (list) => list.map(figure));
  showAdoption(overview.adoption);
  showMoney(overview);
  drawMap(overview.refusals);
  render(byId("rules"), overview.rules, rules);
  byId("rules-note").textContent = overview.requests ? `together ${usd(overview.rules.together_usd)}` : "";
  render(byId("health"), overview.endpoints, health);
  drawDecisions(overview.decisions);
  offerChoices(overview);
}

function showNotice({ reload, simulated_requests: played, requests }) {
  const words = [];
  if (reload) words.push(`the last change of the policy was refused: ${reload}`);
  if (played) {
    words.push(`${count(played)} of ${plural(requests, "request")} went to simulated vendors: ` +
      "their answers, refusals and prices are simulated");
  }
  byId("notice").hidden = !words.length;
  byId("notice").classList.toggle("bad", Boolean(reload));
  byId("notice").textContent = words.join(" · ");
}

function figures({ requests, since: first, savings, rules: priced, outcomes, simulated_requests: played }) {
  const baselines = savings.baselines.join(", ");
  const saved = savings.list_savings_usd;
  const [low, high] = savings.effective_interval_usd ?? [];
  const answered = requests ? percent((outcomes.answered ?? 0) / requests) : "";
  const none = requests ? "the policy names no baseline" : "no requests yet";
  return [
    ["requests", count(requests), requests ? `${answered} answered · since ${since(first)}` : "no requests yet", false],
    ["paid", usd(savings.cost_usd), savings.cost_per_answer_usd ? `${usd(savings.cost_per_answer_usd)} an answer` : none, played > 0],
    ["saved at list price", saved && requests ? usd(saved) : "–", saved && requests ? `against ${baselines}` : none, played > 0],
    ["saved in effect", saved && requests ? usd(savings.effective_savings_usd) : "–",
      saved && requests ? `95 % between ${usd(low)} and ${usd(high)}` : none, played > 0],
    ["price of all rules", usd(priced.together_usd), requests ? `${plural(priced.rows.length, "guard")} · ${count(outcomes.denied ?? 0)} denied` : "no requests yet", played > 0],
  ];
}

function figure([name, value, note, played]) {
  return make("div", { class: "figure" },
    make("h2", {}, name, " ", simulated(played)), make("p", { class: "value" }, value), make("p", { class: "quiet" }, note));
}

function showAdoption(adoption) {
  const chart = byId("adoption-chart");
  chart.hidden = !adoption.rows.length;
  if (adoption.rows.length) {
    drawAdoption(adoptionChart, adoption, asShare);
    const words = adoption.rows.map((row) => `${row.key} ${percent(row.share)}`).join(", ");
    chart.setAttribute("aria-label", `share by origin of the weights: ${words}`);
  }
  render(byId("adoption"), adoption.rows, (rows) => rows.length ? rows.map((row) => make("li", {},
    make("i", { class: "dot", vars: { background: `var(${colour(row.origin)}${row.simulated ? "-faint" : ""})` } }),
    row.origin === "none" ? "no endpoint" : row.origin, " ", simulated(row.simulated),
    make("b", {}, percent(row.share)), make("span", { class: "quiet" }, `${plural(row.requests, "request")} · ${usd(row.cost_usd)}`)))
    : empty("no requests yet: the share of each origin appears with the first"));
}

function showMoney({ money, savings, requests }) {
  const chart = byId("money-chart");
  chart.hidden = !requests;
  const [baseline] = savings.baselines;
  byId("money-note").textContent = requests ? "added up" : "";
  if (requests) {
    drawMoney(moneyChart, money);
    chart.setAttribute("aria-label", `paid ${usd(savings.cost_usd)}`);
  }
  const after = savings.after_measuring.list_savings_usd;
  render(byId("money"), [savings, requests], () => !requests ? empty("no requests yet: what they cost is added up here") : [
    make("li", {}, make("i", { class: "dot", vars: { background: "var(--us)" } }), "paid ", make("b", {}, usd(savings.cost_usd))),
    baseline ? make("li", {}, make("i", { class: "dot line" }), `${baseline} at list price`) : null,
    Number(savings.measuring_usd) ? make("li", {}, "measuring ", make("b", {}, usd(savings.measuring_usd)),
      after === null ? null : make("span", { class: "quiet" }, `${usd(after)} saved after it`)) : null,
    savings.baseline_forbidden.requests ? make("li", { class: "quiet" },
      `${plural(savings.baseline_forbidden.requests, "request")} may not go there by a guard, and are credited with nothing`) : null,
  ].filter(Boolean));
}

function rules({ rows }) {
  if (!rows.length) return empty("the policy has no guards");
  return table(
    [["guard"], ["removed", "number"], ["denied", "number"], ["cost", "number"]],
    rows.map((row) => make("tr", {},
      make("td", {}, make("span", { class: "name" }, row.guard), row.why ? make("span", { class: "quiet" }, row.why) : null),
      make("td", { class: "number" }, count(row.removed)),
      make("td", { class: "number" }, count(row.denied)),
      make("td", { class: "number", title: "against this guard absent" }, usd(row.marginal_usd)))));
}

function health(endpoints) {
  if (!endpoints.length) return empty("no endpoint was asked yet");
  return table(
    [["endpoint"], ["attempts", "number"], ["failed", "number"], ["first byte", "number"], ["spent", "number roomy"]],
    endpoints.map((each) => make("tr", {},
      make("td", {}, make("span", { class: "name" }, place(each.endpoint)),
        make("span", { class: "quiet" }, `weights ${each.origin} `, simulated(each.simulated),
          each.resting ? tag("resting", "warn") : null,
          each.failed ? ` mostly ${each.most_common_failure.replaceAll("_", " ")}` : null)),
      make("td", { class: "number" }, count(each.attempts)),
      make("td", { class: `number ${each.failed ? "bad" : ""}` }, percent(each.failure_rate)),
      make("td", { class: "number" }, seconds(each.median_first_byte_s)),
      make("td", { class: "number roomy" }, usd(each.cost_usd)))));
}

function state(kind, words) {
  byId("live").className = `live ${kind}`;
  if (byId("live").textContent !== words) byId("live").textContent = words;
}

function enter(words) {
  byId("main").hidden = true;
  byId("entry").hidden = false;
  byId("refused").textContent = words;
  state("", "closed");
}

async function look() {
  if (asking || document.hidden || !hasToken()) return;
  asking = true;
  try {
    const overview = await ask("/console/overview");
    byId("entry").hidden = true;
    show(overview);
    state("on", "live");
    byId("live").title = `as of ${clock(overview.at)}`;
  } catch (error) {
    if (error instanceof Refused) enter(error.message);
    else state("off", error instanceof TypeError ? "the gateway does not answer; trying again" : error.message);
  } finally {
    asking = false;
  }
}

function startTheme() {
  const set = (theme) => {
    document.documentElement.dataset.theme = theme;
    byId("theme").textContent = `colours: ${theme}`;
    localStorage.setItem("entrepot-theme", theme);
    if (told) show(told);
  };
  set(THEMES.includes(localStorage.getItem("entrepot-theme")) ? localStorage.getItem("entrepot-theme") : "auto");
  byId("theme").addEventListener("click", () =>
    set(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => told && show(told));
}

function startSwitch() {
  for (const [id, share] of [["as-share", true], ["as-requests", false]]) {
    byId(id).addEventListener("click", () => {
      asShare = share;
      byId("as-share").setAttribute("aria-pressed", String(share));
      byId("as-requests").setAttribute("aria-pressed", String(!share));
      adoptionChart.clear();
      if (told) showAdoption(told.adoption);
    });
  }
}

byId("entry").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(byId("token").value.trim());
  byId("token").value = "";
  look();
});
document.addEventListener("visibilitychange", look);
takeToken();
startTheme();
startSwitch();
startMap();
startWhatIf();
if (hasToken()) look();
else enter("");
setInterval(look, EVERY_MS);
