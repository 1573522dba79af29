// The page of locks: who holds them, and who waits.

import { cell, get, h, hostLink, memo, pathOf, replace, row, since, table, version, count, whyCard } from "./dom.js";
import { fleet, listen } from "./store.js";

const COLUMNS = [["Lock"], ["Held by"], ["Waiting, the next one first"]];

export function locksPage() {
  const list = h("div");
  const element = h("div", { class: "page" },
    h("section", { class: "card", "aria-label": "Locks" }, h("h1", {}, "Locks"),
      h("p", { class: "muted" }, "A host works on an application node only while it holds the lock of that node, and keeps it over everything. Hosts of a role with a controller stand in line for that, too.")),
    h("section", { class: "card flush", "aria-label": "Locks that are held or waited for" }, list));
  const show = memo((locks) => replace(list, locks.length
    ? table("Locks", COLUMNS, locks.map(lockRow))
    : h("p", { class: "empty" }, "Nobody holds a lock, and nobody waits for one.")));
  const stop = listen(() => fleet.known && show(fleet.locks));
  if (fleet.known) show(fleet.locks);
  return { element, title: "Locks", stop };
}

// The page of one node: what work on it waits for.
export function nodePage(path) {
  const why = h("div");
  const lock = h("div");
  const element = h("div", { class: "page" }, h("section", { class: "card", "aria-label": "The node" }, h("h1", { class: "path" }, path)), why, lock);
  let closed = false;
  async function read() {
    try {
      const found = await get(`/api/node?path=${encodeURIComponent(path)}`);
      if (!closed) showWhy(found);
    } catch (error) { if (!closed) replace(why, h("p", { class: "card problem" }, error.message)); }
  }
  const showWhy = memo((found) => replace(why, whyCard(found, "What happens there")));
  const showLock = memo((found) => replace(lock, found && h("section", { class: "card flush", "aria-label": "Its lock" }, table("Its lock", COLUMNS, [lockRow(found)]))));
  const news = memo(read);
  const show = () => {
    showLock(fleet.locks.find((each) => each.path === path) ?? null);
    news(fleet.locks, fleet.fleet?.index, fleet.fleet?.counts);
  };
  const stop = listen(() => fleet.known && show());
  if (fleet.known) show();
  return { element, title: path, stop: () => { closed = true; stop(); } };
}

function lockRow(lock) {
  return row(
    cell([pathOf(lock.path), h("div", { class: "muted small" }, lock.kind === "role" ? "of a role" : "of a node")]),
    cell(lock.holders.length ? [lock.holders.map(holder), lock.holding > lock.holders.length && h("p", { class: "muted" }, `and ${count(lock.holding - lock.holders.length, "more host", "more hosts")}`)].filter(Boolean) : h("span", { class: "muted" }, "nobody"), { "data-label": "Held by" }),
    cell(lock.waiting ? [h("ol", {}, lock.waiters.map((each) => h("li", {}, hostOf(each), " ", since(each.since, "for ")))),
      lock.waiting > lock.waiters.length && h("p", { class: "muted" }, `and ${count(lock.waiting - lock.waiters.length, "more host", "more hosts")}`)].filter(Boolean) : "",
    { "data-label": "Waiting" }));
}

function hostOf(each) { return each.host ? hostLink(each.host, each.name ?? each.host) : "somebody unknown"; }

function holder(each) {
  const parts = [h("div", {}, hostOf(each), " ", each.since && since(each.since, "for "))];
  if (each.step) parts.push(h("div", { class: "muted small" }, each.step, each.version === null ? "" : `, version ${version(each.version)}`));
  if (!each.alive) {
    parts.push(h("div", {}, h("span", { class: "state is-failed" }, "No agent runs there")),
      h("div", { class: "muted small" }, "Start it, or make sure that nothing runs there any more, and ", h("code", { class: "step" }, "zkdeploy locks break")));
  }
  return h("div", {}, parts);
}
