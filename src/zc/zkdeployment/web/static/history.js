// What was published: all of it in short, and one revision in full.

import { rollbackTo, operator, whenSigned } from "./actions.js";
import { changesList, counted } from "./changes.js";
import { cell, count, get, h, replace, row, since, table, version, versionCode } from "./dom.js";
import { fleet, listen } from "./store.js";

export function historyPage() {
  const list = h("div");
  const element = h("div", { class: "page" }, h("section", { class: "card flush", "aria-label": "History" }, h("div", { class: "head" }, h("h1", {}, "History")), list));
  let closed = false;
  async function read() {
    try {
      const entries = await get("/api/history");
      if (closed) return;
      replace(list, entries.length
        ? table("Publications, newest first", [["Version"], ["When"], ["By"], ["What"], ["Changes"], ...(operator() ? [["Go back"]] : [])], entries.map((entry) => entryRow(entry, entries.find((each) => each.current)?.literal)))
        : h("p", { class: "empty" }, "Nothing was published yet. ", h("code", { class: "step" }, "zkdeploy sync"), " does that."));
    } catch (error) { if (!closed) replace(list, h("p", { class: "empty problem" }, error.message)); }
  }
  let known = null;
  const stops = [listen(() => {
    const key = JSON.stringify([fleet.fleet?.index, fleet.fleet?.record?.serial]);
    if (known !== null && key !== known) read();
    known = key;
  }), whenSigned(read)];
  read();
  return { element, title: "History", stop: () => { closed = true; stops.forEach((stop) => stop()); } };
}

function entryRow(entry, current) {
  const link = `#/revision/${encodeURIComponent(entry.literal)}`;
  const why = entry.reason ?? entry.origin.subject ?? "";
  const tags = [];
  if (entry.current) tags.push(h("span", { class: "tag is-current" }, "current"));
  if (entry.bad) tags.push(h("span", { class: "tag is-failed", title: entry.bad }, "bad"));
  if (!entry.kept) tags.push(h("span", { class: "tag is-stopped" }, "not kept"));
  return row(
    cell([entry.kept ? h("a", { href: link }, versionCode(entry.version)) : versionCode(entry.version), " ", tags]),
    cell(since(entry.at, "", " ago")), cell(entry.by, { "data-label": "By" }),
    cell([h("span", { class: entry.kind === "rollback" ? "is-drifted" : "" }, entry.kind === "rollback" ? "rolled back" : "published"), why ? `: ${why}` : ""]),
    cell(counted(entry.changes), { class: "muted" }),
    ...(!operator() ? [] : [cell(!entry.kept || entry.bad || entry.literal === current ? "" : h("button", { type: "button", "aria-label": `Roll back to ${version(entry.version)}`, onclick: () => rollbackTo(entry) }, "Roll back"))]));
}

export function revisionPage(text) {
  const element = h("div", { class: "page" });
  let closed = false;
  get(`/api/revision?version=${encodeURIComponent(text)}`).then(
    (found) => !closed && replace(element, ...revisionCards(found)),
    (error) => !closed && replace(element, h("section", { class: "card" }, h("h1", {}, "Revision"), h("p", { class: "problem" }, error.message))));
  return { element, title: "Revision", stop: () => { closed = true; } };
}

function revisionCards(found) {
  const origin = found.origin;
  const facts = [["Published by", found.by], ["When", since(found.at, "", " ago")], ["From", h("span", { class: "mono" }, origin.source)],
    ["Commit", origin.commit && h("code", {}, origin.commit)], ["Author", origin.author], ["Subject", origin.subject],
    ["Signed with key", found.key && h("code", {}, found.key)], ["Bad", found.bad && h("span", { class: "problem" }, found.bad)],
    ["Holds", `${count(found.deployments, "deployment")} for ${count(found.targets, "target")}, in ${count(found.files, "file")}`]];
  return [
    h("section", { class: "card", "aria-label": "The revision" }, h("h1", {}, "Revision ", versionCode(found.version)),
      h("dl", { class: "facts" }, facts.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]))),
    h("section", { class: "card", "aria-label": "What it changed" }, h("h2", {}, "What it changed"),
      found.diff === null ? h("p", { class: "muted" }, "The revision before it is not kept, so this is not known.")
        : [h("p", { class: "muted" }, counted(found.diff.counts)), changesList(found.diff)]),
  ];
}
