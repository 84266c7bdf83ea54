// Figures at the top, and the tables of rules and endpoints.

import {
  count, empty, make, percent, place, plural, seconds, simulated, since, table, tag, usd,
} from "./page.js";

const FIGURES = ["requests", "ended refused", "paid", "saved at list price", "saved in effect", "price of all rules"];

const REFUSALS = ["declined", "evaded", "filtered", "blank"];

/** Each as name, value, note, and whether simulated vendors had a part in it. */
export function figures({ requests, since: first, savings, rules: priced, outcomes, simulated_requests: played }) {
  if (!requests) return FIGURES.map((name) => [name, name === "requests" ? "0" : "–", "no requests yet", false]);
  const saved = savings.list_savings_usd !== null;
  const [low, high] = savings.effective_interval_usd ?? [];
  const none = ["–", "the policy names no baseline"];
  const each = savings.cost_per_answer_usd;
  const told = [
    [count(requests), `${percent((outcomes.answered ?? 0) / requests)} answered · since ${since(first)}`],
    [count(refused(outcomes)), `${percent(refused(outcomes) / requests)} of the requests, after going round`],
    [usd(savings.cost_usd), each ? `${usd(each)} an answer` : "no answers yet"],
    saved ? [usd(savings.list_savings_usd), `against ${savings.baselines.join(", ")}`] : none,
    saved ? [usd(savings.effective_savings_usd), `95 % between ${usd(low)} and ${usd(high)}`] : none,
    ...atMachineCost(savings.at_machine_cost),
    ...byCache(savings.by_cache),
    [usd(priced.together_usd), `${plural(priced.rows.length, "guard")} · ${count(outcomes.denied ?? 0)} denied`],
  ];
  const more = [savings.at_machine_cost && "saved at machine cost", savings.by_cache.answers && "saved by cache"];
  const names = FIGURES.toSpliced(5, 0, ...more.filter(Boolean));
  return told.map((words, n) => [names[n], ...words, n > 0 && played > 0]);
}

/** Requests whose callers got a refusal at last, whatever its form. */
const refused = (outcomes) => REFUSALS.reduce((sum, kind) => sum + (outcomes[kind] ?? 0), 0);

export function figure([name, value, note, played]) {
  return make("div", { class: "figure" },
    make("h2", {}, name, " ", simulated(played)),
    make("p", { class: "value" }, value),
    make("p", { class: "quiet" }, note));
}

/** Savings at list price with own machines at their hours, where these are known. */
function atMachineCost(told) {
  if (!told) return [];
  const charged = `machines ${usd(told.actual_usd)} by the hour, charged ${usd(told.transfer_usd)}`;
  return [[told.list_savings_usd === null ? "–" : usd(told.list_savings_usd), charged]];
}

/** What routes gave again, in no other figure; where none did, none. */
function byCache({ answers, saved_usd: saved }) {
  return answers ? [[usd(saved), `${plural(answers, "answer")} given again, in no other figure`]] : [];
}

export function rules({ rows }) {
  if (!rows.length) return empty("the policy has no guards");
  return table(
    [["guard"], ["removed", "number"], ["denied", "number"], ["cost", "number"]],
    rows.map((row) => make("tr", {},
      make("td", {}, make("span", { class: "name" }, row.guard), row.why ? make("span", { class: "quiet line" }, row.why) : null,
        row.blocked_adoption ? make("span", { class: "quiet line" }, blocked(row)) : null),
      make("td", { class: "number" }, count(row.removed)),
      make("td", { class: "number" }, count(row.denied)),
      make("td", { class: "number", title: "against this guard absent" }, usd(row.marginal_usd)))));
}

function blocked({ blocked_adoption: requests, blocked_adoption_usd: saved }) {
  return `kept ${plural(requests, "request")} from cheaper Chinese weights: ${usd(saved)} more`;
}

export function health(endpoints) {
  if (!endpoints.length) return empty("no endpoint was asked yet");
  return table(
    [["endpoint"], ["attempts", "number"], ["failed", "number"], ["first byte", "number"], ["spent", "number roomy"]],
    endpoints.map((each) => make("tr", {},
      make("td", {}, make("span", { class: "name" }, place(each.endpoint)),
        make("span", { class: "quiet" }, `weights ${each.origin} `, simulated(each.simulated),
          each.resting ? tag("resting", "warn") : null,
          each.failed ? ` · mostly ${each.most_common_failure.replaceAll("_", " ")}` : null)),
      make("td", { class: "number" }, count(each.attempts)),
      make("td", { class: `number ${each.failed ? "bad" : ""}` }, percent(each.failure_rate)),
      make("td", { class: "number" }, seconds(each.median_first_byte_s)),
      make("td", { class: "number roomy" }, usd(each.cost_usd)))));
}
