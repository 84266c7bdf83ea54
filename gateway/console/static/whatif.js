// The what-if box: where would this request go, and why?

import { ask } from "./access.js";
import { words } from "./decisions.js";
import { choose } from "./map.js";
import { byId, make, place, tag } from "./page.js";

const SHOWN = [
  ["topic", "topic"], ["language", "language"], ["pii", "personal data"], ["tokens", "tokens"],
  ["data_class", "data class"], ["residency", "residency"],
];

export function startWhatIf() {
  byId("what-if").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.target.querySelector("button");
    button.disabled = true;
    try {
      const asked = { text: byId("text").value, team: byId("team").value || null };
      const more = { data_class: byId("data-class").value || null, model: byId("model").value || null };
      show(await ask("/api/policy/explain", { ...asked, ...more }));
    } catch (error) {
      byId("answer").replaceChildren(make("p", { class: "bad" }, error.message));
    } finally {
      button.disabled = false;
    }
  });
  byId("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("what-if").requestSubmit();
  });
}

export function offerChoices({ teams, data_classes: classes, models }) {
  choose(byId("team"), "any", teams);
  choose(byId("data-class"), "the team's", classes);
  choose(byId("model"), "auto", models);
}

function show(told) {
  const next = told.endpoints.slice(1, 5).join(", ");
  const verdict = told.refused
    ? make("p", { class: "verdict bad" }, `refused: ${told.refusal.status} ${told.refusal.code}`)
    : make("p", { class: "verdict" }, "goes to ", make("strong", {}, place(told.endpoints[0])),
      next ? make("span", { class: "quiet" }, `, then ${next}`) : null);
  const signals = SHOWN.map(([name, label]) => [label, words(told.signals[name])])
    .filter(([, value]) => value !== "" && value !== null && value !== undefined);
  byId("answer").replaceChildren(make("div", { class: "why" },
    verdict,
    make("ol", { class: "steps" }, told.why.map((step) => make("li", {}, step))),
    make("dl", {}, signals.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, String(value))))),
    removed(told)));
}

function removed(told) {
  const reasons = [
    ...Object.entries(told.removed).map(([id, guards]) => [id, `removed by ${guards.join(", ")}`]),
    ...Object.entries(told.unable).filter(([id]) => !(id in told.removed)),
  ];
  if (!reasons.length) return null;
  return make("details", {}, make("summary", {}, `${reasons.length} kept away`),
    make("ul", { class: "kept" }, reasons.map(([id, reason]) => make("li", {}, id, " ", tag(reason)))));
}
