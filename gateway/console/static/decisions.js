// The last decisions, each with its explanation when it is opened.

import { ask } from "./access.js";
import { byId, clock, empty, forget, make, place, plural, render, seconds, simulated, tag, usd } from "./page.js";

const open = new Map(); // request id: its explanation, or null while it is asked for
let told = [];

export function drawDecisions(decisions) {
  told = decisions;
  render(byId("decisions"), decisions, () => decisions.length
    ? make("ol", { class: "decisions" }, decisions.map(one))
    : empty("no requests yet: send one with the key that the gateway printed, and it appears here"));
}

const GOOD = new Set(["answered"]);
const BAD = new Set(["failed", "denied"]);

function one(decision) {
  const id = decision.request_id;
  const kind = GOOD.has(decision.outcome) ? "good" : BAD.has(decision.outcome) ? "bad" : "fair";
  const nowhere = decision.denied_by ? `denied by ${decision.denied_by}` : "no endpoint";
  const where = decision.endpoint ? place(decision.endpoint) : nowhere;
  const button = make("button", {
    type: "button", "data-key": id, "aria-expanded": String(open.has(id)), "aria-controls": `why-${id}`,
    click: () => toggle(id),
  },
  make("span", { class: "when" }, clock(decision.at)),
  make("span", { class: "who" }, decision.team ?? "–"),
  make("span", { class: "asked" }, decision.model),
  make("span", { class: "where" }, where, " ", simulated(decision.simulated),
    decision.attempts > 1 ? tag(plural(decision.attempts, "attempt"), "again") : null),
  make("span", { class: `outcome ${kind}` }, decision.outcome),
  make("span", { class: "number" }, usd(decision.cost_usd)),
  make("span", { class: "number" }, seconds(decision.total_s)));
  return make("li", {}, button, open.has(id) ? why(id, open.get(id)) : null);
}

async function toggle(id) {
  if (open.has(id)) {
    open.delete(id);
    return again();
  }
  open.set(id, null);
  again();
  try {
    const row = await ask(`/api/decisions/${encodeURIComponent(id)}`);
    if (open.has(id)) open.set(id, row);
  } catch (error) {
    if (open.has(id)) open.set(id, { why: [error.message], attempts: [] });
  }
  again();
}

function again() {
  forget(byId("decisions"));
  drawDecisions(told);
}

function why(id, row) {
  if (row === null) return make("div", { id: `why-${id}`, class: "why quiet" }, "asking");
  const facts = [
    ["request", id], ["route", row.route], ["app", row.app], ["asked for", row.signals?.model],
    ["topic", words(row.signals?.topic)], ["language", row.signals?.language], ["data class", row.signals?.data_class],
  ].filter(([, value]) => value);
  return make("div", { id: `why-${id}`, class: "why" },
    make("ol", { class: "steps" }, row.why.map((step) => make("li", {}, step))),
    make("dl", {}, facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))));
}

export const words = (value) => (Array.isArray(value) ? value.join(", ").replaceAll("_", " ") : value);
