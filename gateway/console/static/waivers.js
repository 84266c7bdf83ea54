// Guards that are lifted for a team until the end of a day, and how many days are left.

import { ask } from "./access.js";
import { byId, empty, make, render, table, tag } from "./page.js";

const WEEK = 7; // days: from then on it is time to see that the team can do without

/** Shows them; returns words for the notice, "" if none ends soon. */
export async function lookAtWaivers() {
  const { waivers } = await ask("/api/policy");
  render(byId("waivers"), waivers, draw);
  const soon = waivers.filter((row) => row.days_left > 0 && row.days_left <= WEEK);
  return soon.map((row) => `the waiver of ${row.guard} for ${row.team} ends in ${days(row.days_left)}`).join("; ");
}

function draw(waivers) {
  if (!waivers.length) return [empty("no guard is waived for anybody")];
  return [table(
    [["waived"], ["until the end of"], ["days left", "number"]],
    waivers.map((row) => make("tr", {},
      make("td", {}, make("span", { class: "name" }, `${row.guard} for ${row.team}`),
        make("span", { class: "quiet" }, `approved by ${row.approved_by} · ${row.reason} `),
        row.days_left ? null : tag("ended")),
      make("td", {}, row.until),
      make("td", { class: "number" }, row.days_left ? String(row.days_left) : "–"))))];
}

function days(count) {
  return count === 1 ? "1 day" : `${count} days`;
}
