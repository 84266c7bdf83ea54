// The console: asks for the overview every two seconds and shows it.

import { Refused, ask, hasToken, keepToken, signOut, takeSession, takeToken, ways } from "./access.js";
import { Chart, colour, drawAdoption, drawMoney } from "./charts.js";
import { drawDecisions } from "./decisions.js";
import { lookAtAudit } from "./audit.js";
import { lookAtBudgets } from "./budgets.js";
import { lookAtFreezes, startFreezes } from "./freezes.js";
import { lookAtKeys, offerTeams, startKeys } from "./keys.js";
import { figure, figures, health, rules } from "./figures.js";
import { drawMap, startMap } from "./map.js";
import { byId, clock, count, empty, make, percent, plural, render, simulated, usd } from "./page.js";
import { lookAtVersions } from "./versions.js";
import { lookAtWaivers } from "./waivers.js";
import { offerChoices, startWhatIf } from "./whatif.js";

const EVERY_MS = 2000;
const SELDOM = 3; // keys and audit are looked at with every third look
const THEMES = ["auto", "light", "dark"];
const adoptionChart = new Chart(byId("adoption-chart"), byId("adoption-at"));
const moneyChart = new Chart(byId("money-chart"), byId("money-at"));
let told = null;
let asShare = true;
let asking = false;
let looks = 0;
let frozen = "";
let waived = "";

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
  offerTeams(overview.teams);
}

function showNotice({ reload, simulated_requests: played, requests }) {
  const words = [frozen, waived].filter(Boolean);
  if (reload) words.push(`the last change of the policy was refused: ${reload}`);
  if (played) {
    words.push(`${count(played)} of ${plural(requests, "request")} went to simulated vendors: ` +
      "their answers, refusals and prices are simulated");
  }
  byId("notice").hidden = !words.length;
  byId("notice").classList.toggle("bad", Boolean(reload || frozen));
  byId("notice").textContent = words.join(" · ");
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
    make("b", {}, percent(row.share)),
    make("span", { class: "quiet" }, `${plural(row.requests, "request")} · ${usd(row.cost_usd)}`)))
    : empty("no requests yet: the share of each origin appears with the first", "li"));
}

function showMoney({ money, savings, requests }) {
  const chart = byId("money-chart");
  chart.hidden = !requests;
  byId("money-note").textContent = requests ? "added up" : "";
  if (requests) {
    drawMoney(moneyChart, money);
    chart.setAttribute("aria-label", `paid ${usd(savings.cost_usd)}`);
  }
  render(byId("money"), [savings, requests], () =>
    requests ? moneyLegend(savings) : empty("no requests yet: what they cost is added up here", "li"));
}

function moneyLegend(savings) {
  const { baselines, baseline_forbidden: forbidden, measuring_usd: measuring, after_measuring: after } = savings;
  const line = (kind, ...words) => make("li", {}, make("i", { class: `dot ${kind}` }), words);
  const left = after.list_savings_usd === null ? "" : `, which leaves ${usd(after.list_savings_usd)} saved`;
  const kept = `${plural(forbidden.requests, "request")} may not go there by a guard, and are credited with nothing`;
  return [
    line("paid", "paid ", make("b", {}, usd(savings.cost_usd))),
    baselines.length ? line("line", `${baselines[0]} at list price`) : null,
    Number(measuring) ? make("li", {}, `probes, shadows and judge ${usd(measuring)}${left}`) : null,
    forbidden.requests ? make("li", { class: "quiet" }, kept) : null,
  ].filter(Boolean);
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
    [frozen, waived] = await Promise.all([lookAtFreezes(), lookAtWaivers()]);
    const overview = await ask("/api/overview");
    byId("entry").hidden = true;
    show(overview);
    await lookAtBudgets();
    if (looks++ % SELDOM === 0) await Promise.all([lookAtKeys(), lookAtAudit(), lookAtVersions()]);
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
byId("sign-out").addEventListener("click", async () => {
  await signOut().catch(() => {});
  byId("sign-out").hidden = true;
  enter("");
});

/** With a session of this browser's, else by token; the way to the identity provider is shown where there is one. */
async function start() {
  const who = hasToken() ? null : await takeSession().catch(() => null);
  if (who) {
    byId("sign-out").textContent = `sign out ${who.id}`;
    byId("sign-out").hidden = false;
  }
  if (hasToken()) return look();
  enter("");
  const { oidc } = await ways().catch(() => ({ oidc: false }));
  byId("provider").hidden = !oidc;
}

document.addEventListener("visibilitychange", look);
takeToken();
startTheme();
startSwitch();
startMap();
startWhatIf();
startFreezes();
startKeys();
start();
setInterval(look, EVERY_MS);
