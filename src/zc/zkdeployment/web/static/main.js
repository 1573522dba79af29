// Which page is shown, and what all pages have: the banner, the status, the title.

import { begin } from "./actions.js";
import { count, h, replace, since, version } from "./dom.js";
import { fleetPage, situation } from "./fleet.js";
import { historyPage, revisionPage } from "./history.js";
import { hostPage } from "./host.js";
import { locksPage, nodePage } from "./locks.js";
import { fleet, follow, listen } from "./store.js";
import { treePage } from "./tree.js";

const QUIET = 3000; // milliseconds between two announcements to a screen reader
const main = document.getElementById("main");
let page = null;
let first = true;

function route() {
  const [, kind = "", ...rest] = (location.hash || "#/").split("/");
  let argument = "";
  try { argument = decodeURIComponent(rest.join("/")); } catch { location.hash = "#/"; return; }
  page?.stop();
  page = kind === "host" ? hostPage(argument) : kind === "tree" ? treePage() : kind === "locks" ? locksPage()
    : kind === "node" ? nodePage(argument) : kind === "history" ? historyPage() : kind === "revision" ? revisionPage(argument) : fleetPage();
  follow(page.follows ?? null);
  main.replaceChildren(page.element);
  const shown = { host: "fleet", "": "fleet", revision: "history", node: "tree" }[kind] ?? kind;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  title();
  if (!first) { main.focus({ preventScroll: true }); scrollTo(0, 0); }
  first = false;
}

function title() {
  const known = fleet.fleet;
  document.title = known ? `${page.title} · ${situation(known)[0]}` : page.title;
}

function banner() {
  const away = fleet.fleet?.away;
  const text = fleet.lost ? [fleet.refused || "The dashboard does not answer.", " No news since ", moment(fleet.lost), ": what you see may be out of date."]
    : away ? ["ZooKeeper is away since ", moment(away), ". What you see is how the fleet was then."] : [];
  const element = document.getElementById("banner");
  const key = JSON.stringify([fleet.lost, fleet.refused, fleet.lost ? null : away]);
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  replace(element, text.length ? h("span", {}, text) : null);
}

// How long that is ago changes each second, which no screen reader should say aloud.
function moment(text) { return [`${text.slice(11, 16)} UTC`, h("span", { "aria-hidden": "true" }, since(text, " (", " ago)"))]; }

let said = "";
let timer = 0;
function announce() {
  if (timer) return;
  timer = setTimeout(() => {
    timer = 0;
    const known = fleet.fleet;
    const text = !known?.exists ? "There is no fleet yet."
      : `Version ${version(known.goal)}: ${situation(known)[0]}, ${known.done} of ${count(known.total, "host")} done.`;
    if (text !== said) document.getElementById("status").textContent = said = text;
  }, QUIET);
}

listen((changed) => {
  banner();
  if (changed.fleet) { title(); announce(); }
});
addEventListener("hashchange", route);
route();
begin();
