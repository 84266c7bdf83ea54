// What an administrator has stopped: in force, by whom, since when; stopping more, and lifting.

import { ask } from "./access.js";
import { byId, empty, make, render, since, table, tag } from "./page.js";

/** Shows them; returns words for the notice, "" if nothing is stopped. */
export async function lookAtFreezes() {
  const told = await ask("/api/freezes");
  render(byId("freezes"), told, draw);
  if (told.problem) return `freezes cannot all be read: ${told.problem}`;
  const names = [...new Set(told.freezes.map((row) => `${row.selector} ${row.value}`))];
  return names.length ? `frozen: ${names.join(", ")}` : "";
}

function draw({ freezes, problem }) {
  const wrong = problem ? [make("p", { class: "bad" }, problem)] : [];
  if (!freezes.length) return [...wrong, empty("nothing is frozen")];
  return [...wrong, table(
    [["stopped"], ["since"], [""]],
    freezes.map((row) => make("tr", {},
      make("td", {}, make("span", { class: "name" }, `${row.selector} ${row.value}`),
        make("span", { class: "quiet" }, `by ${row.by}${row.reason ? ` · ${row.reason}` : ""} `),
        row.abort ? tag("streams ended") : null),
      make("td", {}, since(row.since)),
      make("td", { class: "number" }, make("button", {
        type: "button", class: "plain", "data-key": row.id, "aria-label": `lift ${row.selector} ${row.value}`,
        click: () => lift(row),
      }, "lift")))))];
}

async function lift(row) {
  if (!confirm(`Requests may go to ${row.selector} ${row.value} again, as far as the policy lets them. Lift the freeze?`)) return;
  await change(() => ask(`/api/freezes/${encodeURIComponent(row.id)}`, undefined, "DELETE"));
}

async function change(send) {
  const button = byId("freeze").querySelector("button");
  button.disabled = true;
  byId("freeze-refused").textContent = "";
  try {
    await send();
    await lookAtFreezes();
    return true;
  } catch (error) {
    byId("freeze-refused").textContent = error.message;
    return false;
  } finally {
    button.disabled = false;
  }
}

export function startFreezes() {
  byId("freeze").addEventListener("submit", async (event) => {
    event.preventDefault();
    const reason = byId("freeze-reason").value.trim();
    const asked = { selector: byId("freeze-selector").value, value: byId("freeze-value").value.trim() };
    const more = { abort: byId("freeze-abort").checked, reason: reason || null };
    if (await change(() => ask("/api/freezes", { ...asked, ...more }))) event.target.reset();
  });
}
