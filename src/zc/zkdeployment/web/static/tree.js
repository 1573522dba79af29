// The page of the live tree, and how it drifted from what was published.

import { cell, count, get, h, memo, pathOf, replace, row, since, table, version, versionCode } from "./dom.js";
import { changesList, counted } from "./changes.js";
import { fleet, listen } from "./store.js";

const MOST = 500; // rows; a filter leads to the others
const AGAIN = 30000; // milliseconds until the tree is read again

export function treePage() {
  const about = h("p", { class: "sub" });
  const drift = h("div");
  const list = h("div");
  const shown = h("span", { class: "muted small", role: "status" });
  const filter = h("input", { type: "search", placeholder: "Node, software, version, target …", "aria-label": "Show only nodes with", oninput: () => show() });
  const again = h("button", { type: "button", onclick: () => read() }, "Read again");
  const element = h("div", { class: "page" },
    h("section", { class: "card", "aria-label": "The tree" }, h("div", { class: "head" }, h("h1", {}, "Tree"), h("div", { class: "end" }, again)), about),
    drift,
    h("section", { class: "card flush", "aria-label": "Deployed nodes" }, h("div", { class: "head" }, h("h2", {}, "Deployed nodes"), shown), h("div", { class: "tools" }, filter), list));
  let found = null;
  let closed = false;
  const showDrift = memo((tree) => replace(drift, driftCard(tree)));

  async function read() {
    again.disabled = true;
    try {
      found = await get("/api/tree");
      if (closed) return;
      replace(about, ...aboutOf(found));
      showDrift({ drift: found.drift, published: found.published });
      show();
    } catch (error) {
      if (!closed) replace(about, h("span", { class: "problem" }, error.message));
    } finally { again.disabled = false; }
  }

  const showRows = memo((nodes, number) => {
    replace(list, nodes.length
      ? table("Deployed nodes", [["Node"], ["Software"], ["Version"], ["Targets"]], nodes.map(nodeRow))
      : h("p", { class: "empty" }, found.nodes.length ? "No node is like that." : "The tree deploys nothing."));
    shown.textContent = number > nodes.length ? `first ${nodes.length} of ${count(number, "node")}; filter to see others` : number < found.nodes.length ? `${number} of ${count(found.nodes.length, "node")} shown` : count(number, "node");
  });

  function show() {
    if (!found) return;
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = found.nodes.filter((each) => {
      if (!words.length) return true;
      const text = [each.node, each.software, each.subtype, each.version, ...each.targets.map(([name]) => name)].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    showRows(fits.slice(0, MOST), fits.length);
  }

  let known = null;
  const stop = listen(() => {
    const key = JSON.stringify([fleet.fleet?.index, fleet.fleet?.goal]);
    if (known !== null && key !== known) read();
    known = key;
  });
  const timer = setInterval(() => { if (!document.hidden) read(); }, AGAIN);
  read();
  return { element, title: "Tree", stop: () => { closed = true; clearInterval(timer); stop(); } };
}

function aboutOf(tree) {
  if (!tree.published) return [h("span", {}, "The live tree. Its version was not published, so there is nothing to compare it with.")];
  return [h("span", {}, "The live tree, compared with version ", versionCode(tree.published.version)),
    h("span", {}, `published by ${tree.published.by}`), since(tree.published.at, "", " ago")];
}

function driftCard({ drift, published }) {
  if (!drift) return [];
  if (!drift.changes.length) {
    return [h("section", { class: "card why is-good", "aria-label": "Drift" }, h("h2", {}, "No drift"), h("p", { class: "muted" }, "What is deployed by the live tree is what was published."))];
  }
  return [h("section", { class: "card why is-bad", "aria-label": "Drift" }, h("h2", {}, "Drift"),
    h("p", {}, `The live tree was changed by hand since version ${version(published.version)} was published: ${counted(drift.counts)}. Hosts go by what was published; the next publication overwrites the change.`),
    changesList(drift))];
}

function nodeRow(each) {
  const targets = each.targets.map(([name, n]) => h("span", { class: "mono" }, name, n === 1 ? "" : ` ×${n}`));
  if (each.total > each.targets.length) targets.push(h("span", { class: "muted" }, `and ${each.total - each.targets.length} more`));
  return row(cell(pathOf(each.node)), cell(each.software + (each.subtype ? ` (${each.subtype})` : "")),
    cell(each.version ?? "", { class: "mono" }), cell(h("div", { class: "targets" }, targets)));
}
