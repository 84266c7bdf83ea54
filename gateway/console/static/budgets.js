// Budgets and ceilings: what of them is used, what is left, and when a period ends.

import { ask } from "./access.js";
import { byId, count, empty, make, percent, render, table, tag, usd } from "./page.js";

const NEARLY = 0.8; // from then on the alert tells, too
const CEILINGS = { requests_per_minute: "requests a minute", tokens_per_minute: "tokens a minute", at_once: "at once" };

export async function lookAtBudgets() {
  render(byId("budgets"), await ask("/api/budgets"), draw);
}

function draw({ budgets, ceilings }) {
  if (!budgets.length && !ceilings.length) return [empty("no team, operator, endpoint or model has a budget or a ceiling")];
  return [budgets.length ? table([["budget"], ["used"], ["left", "number"], ["ends"]], budgets.map(budget)) : null,
    ceilings.length ? table([["ceiling"], ["used"], ["most", "number"]], ceilings.map(ceiling)) : null].filter(Boolean);
}

function budget(row) {
  const name = row.of === "app" ? `${row.id} of ${row.team}` : row.id;
  const place = row.team === null;
  const then = row.when_spent === "self_only" ? "then own machines only" : place ? "then passed over" : "then refused";
  return make("tr", {},
    make("td", {}, make("span", { class: "name" }, name), make("span", { class: "quiet line" },
      `${row.of} · ${usd(row.usd)} a ${row.per}, ${then} · ${row.written_in}`)),
    used(row.used),
    make("td", { class: "number" }, row.left_usd === null ? "–" : usd(row.left_usd)),
    make("td", {}, day(row.ends_at)));
}

function ceiling(row) {
  return make("tr", {},
    make("td", {}, make("span", { class: "name" }, row.endpoint), make("span", { class: "quiet line" }, CEILINGS[row.ceiling])),
    used(row.used),
    make("td", { class: "number" }, count(row.most)));
}

function used(share) {
  if (share === null) return make("td", {}, "–");
  const full = share >= 1 ? "used" : share >= NEARLY ? "nearly used" : "";
  return make("td", {}, make("progress", { max: "1", value: String(Math.min(share, 1)), "aria-label": percent(share) }),
    " ", make("span", { class: "whole" }, percent(share)), " ", full ? tag(full, share >= 1 ? "warn" : "") : null);
}

/** The minute, in UTC, in which a period ends. */
const day = (at) => `${new Date(at * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
