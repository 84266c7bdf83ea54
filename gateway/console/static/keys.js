// Keys of callers: whose, how they stand, when they were used last; making, rotating, revoking, erasing them.

import { ask } from "./access.js";
import { lookAtAudit } from "./audit.js";
import { byId, empty, make, render, table, tag } from "./page.js";

const STATES = { ending: "warn", expired: "", revoked: "", replaced: "" };

/** Shows them; an administrator who may not see keys is shown no such part of the page. */
export async function lookAtKeys() {
  try {
    const told = await ask("/api/keys");
    byId("keys-card").hidden = false;
    render(byId("keys"), told, draw);
  } catch (error) {
    byId("keys-card").hidden = true;
  }
}

function draw({ keys, problem, last_used_problem: unsure }) {
  const words = [problem, unsure].filter(Boolean).map((said) => make("p", { class: "bad" }, said));
  if (!keys.length) return [...words, empty("there are no keys yet: make one below")];
  return [...words, table([["key"], ["last used"], ["", "number"]], keys.map(row))];
}

function row(key) {
  const lives = key.state === "active" || key.state === "ending";
  const act = (words, what) => make("button", {
    type: "button", class: "plain", "data-key": `${words} ${key.id}`, "aria-label": `${words} ${key.id}`,
    click: () => change(() => what(key)),
  }, words);
  return make("tr", {},
    make("td", {}, make("span", { class: "name" }, key.id),
      make("span", { class: "quiet" }, `${key.team}${key.app ? ` · ${key.app}` : ""} `),
      key.state === "active" ? null : tag(key.state, STATES[key.state] ?? ""),
      key.ends ? make("span", { class: "quiet" }, ` ends ${day(key.ends)}`) : null),
    make("td", {}, key.last_used ? day(key.last_used) : "never"),
    make("td", { class: "number" }, [
      lives && key.kept === "issued" ? act("rotate", rotate) : null, " ", lives ? act("revoke", revoke) : null, " ",
      key.kept === "issued" || !lives ? act("erase", erase) : null,
    ]));
}

const day = (text) => text.slice(0, 16).replace("T", " ");

async function rotate(key) {
  tell(await ask(`/api/keys/${encodeURIComponent(key.id)}/rotate`, {}));
}

async function revoke(key) {
  if (!confirm(`Requests with the key ${key.id} are refused within two seconds, for ever. Revoke it?`)) return;
  await ask(`/api/keys/${encodeURIComponent(key.id)}`, undefined, "DELETE");
}

async function erase(key) {
  const kept = key.state === "active" || key.state === "ending" ? "It is revoked at once, and then " : "";
  if (!confirm(`${kept}the ledger forgets whose requests those of ${key.id} were; that cannot be taken back. Erase it?`)) return;
  await ask(`/api/keys/${encodeURIComponent(key.id)}/erase`, {});
}

function tell({ id, key, old, old_ends: until }) {
  byId("key-made").textContent = `${id}: ${key} — shown this once${old ? `; ${old} works until ${day(until)}` : ""}`;
}

async function change(send) {
  byId("key-refused").textContent = "";
  try {
    await send();
    await Promise.all([lookAtKeys(), lookAtAudit()]);
    return true;
  } catch (error) {
    byId("key-refused").textContent = error.message;
    return false;
  }
}

export function startKeys() {
  byId("key").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = (id) => byId(id).value.trim() || null;
    const asked = { team: text("key-team"), app: text("key-app"), expires: text("key-expires") };
    if (await change(async () => tell(await ask("/api/keys", asked)))) event.target.reset();
  });
}

export function offerTeams(teams) {
  render(byId("key-team"), teams, () => teams.map((team) => make("option", { value: team }, team)));
}
