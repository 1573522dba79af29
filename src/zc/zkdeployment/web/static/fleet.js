// The page of the whole fleet.

import { actionButtons } from "./actions.js";
import { STATES, cell, count, h, hostLink, memo, replace, setSince, setText, since, stateOf, table, version, versionCode, whyCard } from "./dom.js";
import { fleet, listen } from "./store.js";

const RANK = Object.fromEntries(Object.keys(STATES).map((state, rank) => [state, rank]));

export function fleetPage() {
  const hero = heroCard();
  const why = h("div");
  const hosts = hostsCard();
  const notes = h("div");
  const page = h("div", { class: "page" }, hero.element, why, hosts.element, notes);
  const showWhy = memo((text, tone, title) => replace(why, text && whyCard(text, title, tone)));
  const showNotes = memo((known) => replace(notes, notesCard(known)));

  function update(changed) {
    const known = fleet.fleet;
    if (!known) return;
    if (changed.fleet || changed.whole) {
      hero.update(known);
      const bad = known.stopped || failing(known);
      showWhy(known.settled || !known.exists ? null : known.why, bad ? "is-bad" : "", known.stopped ? "Why it stopped" : bad ? "Why it is not done" : "What it is waiting for");
      showNotes([known.absent, known.absent_total, known.left, known.trouble, known.refusal]);
    }
    if (changed.hosts?.size || changed.whole) hosts.update(changed.hosts ?? new Set(), known);
    else if (changed.fleet) hosts.update(new Set(), known);
  }
  const stop = listen(update);
  update({ whole: true, fleet: true, hosts: new Set(fleet.hosts.keys()) });
  return { element: page, title: "Fleet", stop: () => { stop(); hero.stop(); } };
}

function failing(known) { return known.counts.some(([state, number]) => state === "failed" && number > 0); }

export function situation(known) {
  if (!known.exists) return ["No fleet yet", "stopped"];
  if (known.stopped && !known.stop) return ["All stop", "failed"];
  if (known.stopped) return ["Stopped", "stopped"];
  if (known.version === false) return ["Holding still", "stopped"];
  if (failing(known)) return ["Failing", "failed"];
  if (known.settled) return [known.total ? "Done" : "No hosts", known.total ? "current" : "stopped"];
  return ["Rolling out", "deploying"];
}

function heroCard() {
  const title = h("h1");
  const state = h("span");
  const origin = h("p", { class: "sub" });
  const bar = h("div", { class: "bar", role: "progressbar", "aria-label": "Hosts that are done", "aria-valuemin": "0" });
  const done = h("p");
  const actions = actionButtons();
  const element = h("section", { class: "card", "aria-label": "The fleet" },
    h("div", { class: "head" }, title, state, h("div", { class: "end" }, actions.elements)), origin, bar, done);

  const showTitle = memo((known) => {
    const [word, kind] = situation(known);
    replace(title, ...(known.exists ? ["Version ", versionCode(known.goal ?? known.version)] : ["The fleet"]));
    state.className = `state is-${kind}`;
    setText(state, word);
    replace(origin, ...originOf(known));
  });
  const showBar = memo((counts, total, reached) => {
    bar.setAttribute("aria-valuemax", String(total));
    bar.setAttribute("aria-valuenow", String(reached));
    bar.setAttribute("aria-valuetext", `${reached} of ${total} hosts`);
    replace(bar, [...counts].reverse().filter(([, number]) => number).map(([name, number]) => {
      const part = h("span", { class: `is-${name}`, title: `${STATES[name]}: ${number}` });
      part.style.width = `${(100 * number) / total}%`;
      return part;
    }));
    replace(done, h("strong", {}, `${reached.toLocaleString("en")} of ${count(total, "host")}`), " done");
  });
  return {
    element,
    stop: actions.stop,
    update(known) {
      showTitle(known);
      showBar(known.counts, known.total, known.done);
    },
  };
}

function originOf(known) {
  const record = known.record;
  const parts = [];
  if (known.stop) {
    parts.push(h("span", {}, `stopped by ${known.stop.by}`, known.stop.reason ? `: ${known.stop.reason}` : ""));
    parts.push(since(known.stop.at, "", " ago"));
  }
  if (record) {
    if (record.origin.subject) parts.push(h("span", {}, `“${record.origin.subject}”`));
    parts.push(h("span", {}, `published by ${record.by}`), since(record.at, "", " ago"));
    parts.push(h("span", { class: "mono" }, record.origin.source));
  } else if (known.exists) {
    parts.push(h("span", {}, "set by hand, not published"));
    if (known.changed) parts.push(since(known.changed, "", " ago"));
  }
  return parts;
}

function notesCard([absent, total, left, trouble, refusal]) {
  const parts = [];
  if (trouble) parts.push(h("h2", {}, "The published revision"), h("p", {}, trouble));
  if (refusal) {
    parts.push(h("h2", {}, "The last publisher was refused"),
      h("p", {}, `${refusal.by}: ${refusal.reason} `, since(refusal.at, "(", " ago)")));
  }
  if (total) {
    parts.push(h("h2", {}, "Expected, and not registered"),
      h("p", { class: "muted" }, "The tree deploys to these, and no agent runs under these names."),
      h("p", {}, absent.flatMap((each, at) => [at ? ", " : "", hostLink(each)]), total > absent.length ? `, and ${total - absent.length} more` : ""));
  }
  if (left.length) {
    parts.push(h("h2", {}, "Gone since this dashboard runs"),
      h("p", {}, left.flatMap((each, at) => [at ? ", " : "", hostLink(each.id, each.name)])));
  }
  return parts.length ? [h("section", { class: "card", "aria-label": "More about the fleet" }, parts)] : [];
}

function hostsCard() {
  const rows = new Map();
  let order = [];
  const chosen = new Set();
  const filter = h("input", { type: "search", placeholder: "Name, role, version, error …", "aria-label": "Show only hosts with", oninput: show });
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Show only hosts that are" });
  const buttons = new Map(Object.entries(STATES).map(([state, label]) => {
    const number = h("b");
    const button = h("button", { type: "button", class: `chip dot is-${state}`, "aria-pressed": "false", onclick: () => {
      if (!chosen.delete(state)) chosen.add(state);
      button.setAttribute("aria-pressed", String(chosen.has(state)));
      show();
    } }, h("span", {}, label), number);
    return [state, { button, number }];
  }));
  chips.append(...[...buttons.values()].map((each) => each.button));
  const shown = h("p", { class: "muted small", role: "status" });
  const empty = h("p", { class: "empty", hidden: true });
  const made = table("Hosts, problems first",
    [["State", "c-state"], ["Host", "c-host"], ["Role", "c-role"], ["Version", "c-version"], ["What it does", "c-doing"], ["Since", "c-since"]], [], "hosts");
  const body = made.tBodies[0];
  const element = h("section", { class: "card flush", "aria-label": "Hosts" },
    h("div", { class: "head" }, h("h2", {}, "Hosts"), shown), h("div", { class: "tools" }, filter, chips), made, empty);

  function show() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const each of rows.values()) {
      const visible = (!chosen.size || chosen.has(each.host.state)) && words.every((word) => each.text.includes(word));
      if (each.element.hidden === visible) each.element.hidden = !visible;
      number += visible;
    }
    made.hidden = number === 0;
    empty.hidden = number !== 0;
    setText(empty, rows.size ? "No host is like that." : "No agent is registered. An agent that starts appears here by itself.");
    setText(shown, number === rows.size ? "" : `${number} of ${count(rows.size, "host")} shown`);
  }

  return {
    element,
    update(changed, known) {
      for (const [state, number] of known.counts) {
        const chip = buttons.get(state);
        setText(chip.number, number.toLocaleString("en"));
        chip.button.hidden = number === 0 && !chosen.has(state);
      }
      let moved = false;
      for (const id of changed) {
        const host = fleet.hosts.get(id);
        const there = rows.get(id);
        if (!host) { there?.element.remove(); moved = rows.delete(id) || moved; continue; }
        if (!there) { rows.set(id, hostRow(host)); moved = true; continue; }
        moved = there.host.state !== host.state || there.host.name !== host.name || moved;
        there.update(host);
      }
      if (moved) order = arrange(body, rows, order);
      if (changed.size || !rows.size) show();
    },
  };
}

function compare(one, other) {
  return RANK[one.host.state] - RANK[other.host.state] || (one.host.name < other.host.name ? -1 : one.host.name > other.host.name ? 1 : one.host.id < other.host.id ? -1 : 1);
}

// Moves as few rows as it can, so that what has the focus stays where it is.
function arrange(body, rows) {
  const order = [...rows.values()].sort(compare);
  if (!body.firstChild) { body.append(...order.map((each) => each.element)); return order; }
  let next = null;
  for (let at = order.length - 1; at >= 0; at--) {
    const element = order[at].element;
    if (element.nextSibling !== next || element.parentNode !== body) {
      const focused = element.contains(document.activeElement) ? document.activeElement : null;
      body.insertBefore(element, next);
      focused?.focus({ preventScroll: true });
    }
    next = element;
  }
  return order;
}

function hostRow(first) {
  const link = hostLink(first.id, first.name);
  const id = h("div", { class: "muted small" });
  const cells = {
    state: cell(null, { class: "c-state" }), host: cell([link, id], { class: "c-host" }), role: cell(null, { class: "c-role", "data-label": "Role" }),
    version: cell(null, { class: "c-version mono", "data-label": "Version" }), doing: cell(null, { class: "c-doing" }), time: h("time"),
  };
  const doing = h("div", { class: "doing" });
  cells.doing.append(doing);
  const element = h("tr", { role: "row" }, cells.state, cells.host, cells.role, cells.version, cells.doing, cell(cells.time, { class: "c-since muted" }));
  const made = { element, host: null, text: "", update };
  function update(host) {
    if (made.host?.state !== host.state) replace(cells.state, stateOf(host.state));
    setText(link, host.name || host.id);
    setText(id, host.name && host.name !== host.id ? host.id : "");
    setText(cells.role, host.role ?? "");
    setText(cells.version, host.version === null ? "" : version(host.version));
    cells.version.title = host.version === null ? "" : String(host.version);
    setText(doing, doingOf(host));
    doing.classList.toggle("error", host.error !== null);
    setSince(cells.time, host.state === "current" ? null : host.since);
    made.host = host;
    made.text = [host.name, host.id, host.role, host.state, version(host.version), host.version, host.step, host.waits_for, host.error].join(" ").toLowerCase();
  }
  update(first);
  return made;
}

function doingOf(host) {
  if (host.error !== null) return host.error;
  if (host.state === "waiting") return `waits for ${host.waits_for ?? "a lock"}`;
  return host.state === "current" ? "" : host.step ?? "";
}
