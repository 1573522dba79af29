// Elements, and how values are written. Texts only ever become text nodes.

// h("p", {class: "muted"}, "text", element, …): null and false are left out.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Puts children in place of others. A link that had the focus has it again.
export function replace(element, ...children) {
  const active = document.activeElement;
  const key = active && element.contains(active) ? active.getAttribute("href") : null;
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (key === null) return;
  for (const link of element.querySelectorAll("a")) {
    if (link.getAttribute("href") === key) { link.focus({ preventScroll: true }); break; }
  }
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Calls make() only when what it depends on has changed.
export function memo(make) {
  let known;
  return (...values) => {
    const key = JSON.stringify(values);
    if (key === known) return;
    known = key;
    make(...values);
  };
}

// How far the clock here is behind that of the server, in milliseconds.
let behind = 0;
export function setNow(text) { behind = Date.parse(text) - Date.now(); }

// What the time is by the clock of the server.
export function now() { return new Date(Date.now() + behind).toISOString().replace(/\.\d+/, ""); }

export function age(moment) {
  const seconds = Math.max(0, Math.round((Date.now() + behind - Date.parse(moment)) / 1000));
  if (Number.isNaN(seconds)) return "";
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

export function seconds(value) {
  return value < 10 ? `${value.toFixed(1)} s` : value < 100 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`;
}

// An element that says how long ago a moment was, and keeps saying so.
export function since(moment, before = "", after = "") {
  const element = h("time");
  setSince(element, moment, before, after);
  return element;
}

export function setSince(element, moment, before = "", after = "") {
  if (element.dateTime === (moment ?? "")) { tick(element); return; }
  element.dateTime = moment ?? "";
  element.title = moment ?? "";
  element.dataset.before = before;
  element.dataset.after = after;
  tick(element);
}

function tick(element) {
  const known = element.dateTime;
  setText(element, known ? element.dataset.before + age(known) + element.dataset.after : "");
}

setInterval(() => { for (const each of document.querySelectorAll("time[data-before]")) tick(each); }, 1000);

// Versions come as texts: numbers here would lose digits. Of a commit the beginning is enough.
export function version(value) {
  if (value === null || value === undefined) return "none";
  if (value === false) return "False";
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(value) ? value.slice(0, 12) : value;
}

export function versionCode(value) { return h("code", { title: String(value) }, version(value)); }

export function count(number, one, many = `${one}s`) { return `${number.toLocaleString("en")} ${number === 1 ? one : many}`; }

export const STATES = {
  failed: "Failed", drifted: "Drifted", waiting: "Waiting", deploying: "Deploying",
  stopped: "Stopped", behind: "Behind", current: "Current",
};

export function stateOf(state) { return h("span", { class: `state is-${state}` }, STATES[state] ?? state); }

export function hostLink(id, name = id) { return h("a", { href: `#/host/${encodeURIComponent(id)}` }, name || id); }

// A path of a node, as a link to what is known of the work on it.
export function pathOf(path) {
  const end = path.lastIndexOf("/") + 1;
  return h("a", { class: "path", href: `#/node/${encodeURIComponent(path)}` }, h("span", { class: "above" }, path.slice(0, end)), path.slice(end));
}

// Text in which moments stay up to date, and a command at the end stands out.
export function sentence(text) {
  const [, words, command] = /^(|.*?: )(zkdeploy .*)$/s.exec(text) ?? [null, text, null];
  const parts = words.split(/( (?:since|at) \d{4}-\d\d-\d\dT[\d:]+Z(?: \([^)]*\))?)/).map((part) => {
    const [, when, moment, passed] = /^ (since|at) (\d{4}\S+Z)( \()?/.exec(part) ?? [];
    if (!moment) return part;
    const clock = ` ${when} ${moment.slice(11, 16)} UTC`;
    if (!passed) return h("time", { datetime: moment, title: moment }, clock);
    return when === "since" ? since(moment, `${clock}, for `) : since(moment, `${clock} (`, " ago)");
  });
  return command ? [...parts, h("code", { class: "step" }, command)] : parts;
}

// Roles are said aloud, so that tables stay tables where they are laid out in another way.
export function table(caption, columns, rows, kind = "") {
  return h("table", { class: `table ${kind}`, role: "table", "aria-label": caption },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
      columns.map((column) => h("th", { role: "columnheader", scope: "col", class: column[1] ?? null }, column[0])))),
    h("tbody", { role: "rowgroup" }, rows));
}

export function row(...cells) { return h("tr", { role: "row" }, cells.map((each) => (each instanceof HTMLTableCellElement ? each : cell(each)))); }

export function cell(content, attributes = {}) { return h("td", { role: "cell", ...attributes }, content ?? ""); }

// Lines of output in an explanation begin with a bar; a page that shows them elsewhere leaves them out.
export function whyCard(why, title, tone = "", output = true) {
  return h("section", { class: `card why ${tone}`, "aria-label": title },
    h("h2", {}, title),
    h("p", { class: "cause" }, sentence(why.cause)),
    detailsOf(why.details, output),
    why.next_steps.length > 0 && h("h3", {}, "What you can do"),
    why.next_steps.length > 0 && h("ol", {}, why.next_steps.map((each) => h("li", {}, sentence(each)))));
}

function detailsOf(details, output) {
  const said = [];
  const lines = [];
  for (const each of details) {
    if (each.startsWith("| ")) lines.push(each.slice(2));
    else if (!each.startsWith("the last lines of its output")) said.push(each);
  }
  return [
    output && lines.length > 0 && h("pre", { class: "log", tabindex: "0", role: "region", "aria-label": "Last lines of its output" }, lines.join("\n")),
    said.length > 0 && h("ul", { class: "plain muted" }, said.map((each) => h("li", {}, sentence(each)))),
  ];
}

export async function get(path) {
  let answer;
  try { answer = await fetch(path, { cache: "no-store" }); }
  catch { throw new Error("The dashboard does not answer."); }
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(body?.error ?? `The dashboard answered with status ${answer.status}.`);
  return body;
}
