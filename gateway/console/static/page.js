// Building parts of the page, and writing numbers as people read them.

export const byId = (id) => document.getElementById(id);

/** An element. Attributes that are false or null are left out; functions listen; `vars` are CSS variables. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "vars") for (const [key, said] of Object.entries(value)) element.style.setProperty(key, said);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const shown = new WeakMap();

/** Replaces what stands in `place` if `data` differs from what it was made of; the focus stays where it was. */
export function render(place, data, draw) {
  const now = JSON.stringify(data);
  if (shown.get(place) === now) return;
  shown.set(place, now);
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  place.replaceChildren(...[draw(data)].flat());
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

export const forget = (place) => shown.delete(place);

/** On a phone each row is a card, whose cells say what they are by themselves. */
export function table(head, rows) {
  for (const row of rows) {
    [...row.children].forEach((cell, n) => { if (n && head[n]?.[0]) cell.dataset.name = head[n][0]; });
  }
  const cell = (tag, [text, kind]) => make(tag, { class: kind, scope: tag === "th" ? "col" : null }, text);
  return make(
    "table",
    {},
    make("thead", {}, make("tr", {}, head.map((each) => cell("th", each)))),
    make("tbody", {}, rows),
  );
}

/** An endpoint's id, which breaks where the model ends. */
export function place(id) {
  const [model, ...machines] = id.split("@");
  return machines.length ? [`${model}@`, make("wbr"), machines.join("@")] : [model];
}

export const empty = (words, tag = "p") => make(tag, { class: "empty" }, words);
export const tag = (words, kind = "") => make("span", { class: `tag ${kind}` }, words);
export const simulated = (is) => (is ? tag("simulated") : null);

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
export const count = (n) => whole.format(n);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** US dollars: cents, below one dollar three digits that tell something. */
export function usd(amount) {
  const value = Number(amount);
  const size = Math.abs(value);
  const digits = size === 0 || size >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(size)));
  const written = size.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${value < 0 ? "−" : ""}$${written}`;
}

export function percent(share) {
  const value = share * 100;
  return `${value >= 0.05 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

export function seconds(s) {
  if (s === null || s === undefined) return "–";
  return s < 1 ? `${count(s * 1000)} ms` : `${s.toFixed(s < 10 ? 1 : 0)} s`;
}

export function clock(at, { exact = true, dated = false } = {}) {
  const time = new Date(at * 1000);
  const day = { month: "short", day: "numeric" };
  const hours = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(exact ? { second: "2-digit" } : {}) };
  return time.toLocaleString("en-GB", dated ? { ...day, ...hours } : hours);
}

/** Since when, with the day if that was not today. */
export const since = (at) =>
  clock(at, { exact: false, dated: new Date(at * 1000).toDateString() !== new Date().toDateString() });
