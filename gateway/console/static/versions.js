// Policies that were accepted or refused here: by whom, when, and what each changed when it is opened.

import { ask } from "./access.js";
import { byId, empty, forget, make, render, since, tag } from "./page.js";

const MOST = 30;
const open = new Map(); // row of the audit: what its version changed, or null while it is asked for
let told = [];

/** An administrator who may not read them is shown no such part of the page. */
export async function lookAtVersions() {
  try {
    told = (await ask(`/api/policy/versions?limit=${MOST}`)).rows;
    byId("versions-card").hidden = false;
    draw();
  } catch (error) {
    byId("versions-card").hidden = true;
  }
}

function draw() {
  render(byId("versions"), told, () => told.length
    ? make("ol", { class: "versions" }, told.map(one))
    : empty("no policy was accepted or refused yet"));
}

function one(row) {
  const kind = row.outcome === "refused" ? "bad" : row.serves ? "good" : "";
  const button = make("button", {
    type: "button", "data-key": `version ${row.n}`, "aria-expanded": String(open.has(row.n)),
    "aria-controls": `version-${row.n}`, disabled: !row.kept, click: () => toggle(row),
  },
  make("span", { class: "name" }, row.version ?? "unreadable"),
  make("span", { class: `outcome ${kind}` }, row.serves ? "serves" : row.outcome),
  make("span", { class: "by quiet" }, `by ${row.by}`),
  make("span", { class: "at quiet" }, since(row.at)));
  const why = row.why ? make("p", { class: "bad" }, first(row.why)) : null;
  return make("li", {}, button, why, open.has(row.n) ? changes(row, open.get(row.n)) : null);
}

const first = (words) => (words.length > 240 ? `${words.slice(0, 240)} …` : words);

async function toggle(row) {
  if (open.has(row.n)) {
    open.delete(row.n);
    return again();
  }
  open.set(row.n, null);
  again();
  const against = row.before ? `?against=${row.before}` : "";
  let found;
  try {
    found = await ask(`/api/policy/versions/${row.version}${against}`);
  } catch (error) {
    found = { reach: error.message, text: "", files: [] };
  }
  if (open.has(row.n)) open.set(row.n, found);
  again();
}

function again() {
  forget(byId("versions"));
  draw();
}

function changes(row, found) {
  if (found === null) return make("div", { id: `version-${row.n}`, class: "why quiet" }, "comparing");
  const against = found.against ? `against ${found.against}: ${found.files.join(", ")}` : "the first that served here";
  return make("div", { id: `version-${row.n}`, class: "why" },
    make("p", { class: "quiet" }, against),
    row.outcome === "refused" ? tag("it was not taken over", "warn") : null,
    make("ul", { class: "reach" }, found.reach.split("\n").map((line) =>
      make("li", { class: line.startsWith("  ") ? "quiet" : null }, line))),
    found.text ? make("details", {}, make("summary", {}, "the files, line by line"),
      make("pre", { class: "lines", tabindex: "0" }, found.text.split("\n").map(coloured))) : null);
}

function coloured(line) {
  const head = line.startsWith("+++") || line.startsWith("---") || line.startsWith("@@");
  const kind = head ? "quiet" : line.startsWith("+") ? "good" : line.startsWith("-") ? "bad" : null;
  return make("span", { class: kind }, `${line}\n`);
}
