// What is known of the fleet: one stream of events, and who wants to hear of it.

import { now, setNow } from "./dom.js";

export const fleet = { known: false, fleet: null, locks: [], hosts: new Map(), host: undefined, lost: null, refused: "" };
const listeners = new Set();
let source = null;
let wanted = null;
let again = 0;

export function listen(listener) { listeners.add(listener); return () => listeners.delete(listener); }

function tell(changed) { for (const each of [...listeners]) each(changed); }

// Follows the fleet, and one host in full if its identifier is given.
export function follow(host = null) {
  if (source && host === wanted && source.readyState !== EventSource.CLOSED) return;
  wanted = host;
  fleet.host = undefined;
  open();
}

function open() {
  close();
  if (document.hidden) return;
  source = new EventSource("/api/stream" + (wanted === null ? "" : `?host=${encodeURIComponent(wanted)}`));
  source.addEventListener("fleet", (event) => apply(JSON.parse(event.data)));
  source.addEventListener("host", (event) => {
    const told = JSON.parse(event.data);
    if (told.id !== wanted) return;
    fleet.host = told.host;
    tell({ host: true });
  });
  source.addEventListener("error", lost);
}

function close() {
  clearTimeout(again);
  source?.close();
  source = null;
}

// The browser tries again by itself, unless it was refused.
function lost() {
  if (fleet.lost === null) { fleet.lost = now(); tell({}); }
  if (source?.readyState !== EventSource.CLOSED) return;
  again = setTimeout(open, 5000);
  whyRefused();
}

// An EventSource does not tell what the answer was.
async function whyRefused() {
  const ended = new AbortController();
  try {
    const answer = await fetch("/api/stream", { cache: "no-store", signal: ended.signal });
    const said = answer.ok ? "" : (await answer.text()).slice(0, 200).trim();
    fleet.refused = answer.headers.get("content-type")?.startsWith("text/plain") ? said : "";
  } catch { fleet.refused = ""; }
  ended.abort();
  if (fleet.lost !== null) tell({});
}

function apply(told) {
  setNow(told.now);
  const changed = { fleet: "fleet" in told, locks: "locks" in told, hosts: new Set(), whole: told.whole, link: fleet.lost !== null };
  fleet.lost = null;
  fleet.refused = "";
  if (told.whole) {
    for (const id of fleet.hosts.keys()) if (!(id in told.hosts)) { fleet.hosts.delete(id); changed.hosts.add(id); }
  }
  if (told.fleet) fleet.fleet = told.fleet;
  if (told.locks) fleet.locks = told.locks;
  for (const [id, host] of Object.entries(told.hosts ?? {})) { fleet.hosts.set(id, host); changed.hosts.add(id); }
  for (const id of told.gone ?? []) { fleet.hosts.delete(id); changed.hosts.add(id); }
  fleet.known = true;
  tell(changed);
}

// Who does not look needs no news.
document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
