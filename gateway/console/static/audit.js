// Who did what to this gateway, newest first; what is wrong with that record stands above it.

import { ask } from "./access.js";
import { byId, empty, make, render, since, table } from "./page.js";

const MOST = 30;

/** An administrator who may not read it is shown no such part of the page. */
export async function lookAtAudit() {
  try {
    const told = await ask(`/api/audit?limit=${MOST}`);
    byId("audit-card").hidden = false;
    render(byId("audit"), told, draw);
  } catch (error) {
    byId("audit-card").hidden = true;
  }
}

function draw({ rows, problems }) {
  const words = problems.map((said) => make("p", { class: "bad" }, said));
  if (!rows.length) return [...words, empty("nothing was done yet")];
  return [...words, table([["what"], ["who"], ["when"]], rows.map((row) => make("tr", {},
    make("td", {}, make("span", { class: "name" }, row.action.replaceAll("_", " ")), details(row.detail)),
    make("td", {}, make("span", { class: "name" }, row.by), make("span", { class: "quiet" }, row.via)),
    make("td", {}, since(row.at)))))];
}

function details(detail) {
  const told = Object.entries(detail).filter(([, value]) => value !== null && value !== "" && value !== false);
  const short = ([name, value]) => name === "since" ? `since: ${since(value)}` : `${name.replaceAll("_", " ")}: ${Array.isArray(value) ? value.map(plain).join("; ") : plain(value)}`;
  const words = told.map(short).join(" · ");
  return make("span", { class: "quiet" }, words.length > 300 ? `${words.slice(0, 300)} …` : words);
}

const plain = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value));
