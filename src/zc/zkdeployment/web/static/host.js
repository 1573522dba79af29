// The page of one host.

import { cell, get, h, memo, replace, row, seconds, setText, since, stateOf, table, versionCode, whyCard, pathOf, count } from "./dom.js";
import { fleet, listen } from "./store.js";

const TITLES = { current: "How it is", drifted: "What drifted" };
const TONES = { failed: "is-bad", drifted: "is-odd", current: "is-good" };

export function hostPage(id) {
  const head = h("div");
  const why = h("div");
  const log = logCard();
  const failure = h("div");
  const results = h("div");
  const drift = h("div");
  const deployments = h("div");
  const software = h("div");
  const element = h("div", { class: "page" }, head, why, log.element, failure, drift, deployments, software, results);
  let read = null;
  let closed = false;

  const showHead = memo((host) => replace(head, headCard(host)));
  const showWhy = memo((host, tone) => replace(why, host.why && whyCard(host.why, TITLES[host.state] ?? "Why it is not done", tone, false)));
  const showFailure = memo((found) => replace(failure, found && failureCard(found)));
  const showResults = memo((found) => replace(results, found.length > 0 && resultsCard(found)));
  const showDrift = memo((found) => replace(drift, found && driftCard(found)));

  async function readDeployments() {
    try {
      const found = await get(`/api/host?id=${encodeURIComponent(id)}`);
      if (closed) return;
      replace(deployments, deploymentsCard(found));
      replace(software, softwareCard(found));
    } catch (error) {
      if (!closed) replace(deployments, h("section", { class: "card", "aria-label": "Deployments" }, h("h2", {}, "Deployments"), h("p", { class: "muted" }, error.message)));
    }
  }

  function update() {
    const host = fleet.host;
    if (host === undefined) return;
    if (host === null || host.absent) {
      for (const each of [failure, results, drift, deployments, software]) replace(each);
      log.element.hidden = true;
      replace(head, missingCard(id));
      replace(why, host && whyCard(host.why, "Why it is not there", "is-bad"));
      return;
    }
    const { output, results: done, failure: failed, drift: drifted, why: text, ...rest } = host;
    showHead(rest);
    showWhy({ why: text, state: host.state }, TONES[host.state] ?? "");
    // What failed is shown with its output; that need not be there twice.
    log.update(host, host.state === "failed" && failed ? [] : output);
    showFailure(host.state === "failed" ? failed : null);
    showResults(done);
    showDrift(drifted);
    const key = JSON.stringify([host.goal, host.version, host.role, host.inventory]);
    if (key !== read) { read = key; readDeployments(); }
  }
  const stop = listen(update);
  update();
  return { element, title: `Host ${id}`, stop: () => { closed = true; stop(); }, follows: id };
}

function missingCard(id) {
  return h("section", { class: "card" }, h("h1", {}, `Host ${id}`),
    h("p", {}, "No agent of this host is registered."),
    h("p", { class: "muted" }, "Is the machine on, does it reach ZooKeeper, and does its agent run? It appears here as soon as it does."));
}

function headCard(host) {
  return h("section", { class: "card", "aria-label": "The host" },
    h("div", { class: "head" }, h("h1", {}, host.name || host.id), host.gone ? h("span", { class: "state is-failed" }, "Gone") : stateOf(host.state)),
    host.gone && h("p", {}, "Its agent is not registered any more. This is how it was seen last."),
    h("dl", { class: "facts" },
      fact("Host identifier", h("code", {}, host.id)),
      host.role && fact("Role", host.role),
      fact("Version", host.version === null ? "none yet" : versionCode(host.version)),
      host.goal !== null && host.goal !== host.version && fact("On the way to", versionCode(host.goal)),
      host.step && fact(host.state === "failed" ? "Failed in" : "Step", h("span", {}, host.step, host.since && (host.state === "failed" ? since(host.since, ", ", " ago") : since(host.since, ", for ")))),
      host.waits_for && fact("Waits for", pathOf(host.waits_for)),
      host.seconds !== null && fact("Last deployment took", seconds(host.seconds)),
      host.error && fact("Error", h("span", { class: "problem" }, host.error))),
    !host.reports && h("p", { class: "muted" }, "Its agent writes no reports, so that its steps and their output are not known here."));
}

function fact(name, value) { return [h("dt", {}, name), h("dd", {}, value)]; }

function logCard() {
  const title = h("h2");
  const step = h("p", { class: "muted" });
  const log = h("pre", { class: "log", tabindex: "0", role: "log", "aria-live": "off", "aria-label": "Last lines of the output" });
  const element = h("section", { class: "card", "aria-label": "Output", hidden: true }, title, step, log);
  return {
    element,
    update(host, output) {
      const works = ["deploying", "waiting"].includes(host.state);
      element.hidden = !output.length && !works;
      if (element.hidden) return;
      setText(title, works ? "Output, live" : "Last output");
      const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
      const text = output.join("\n") || "Nothing was printed yet.";
      if (log.textContent !== text) {
        log.textContent = text;
        if (atEnd) log.scrollTop = log.scrollHeight;
      }
      if (step.textContent !== (host.step ?? "")) step.textContent = host.step ?? "";
    },
  };
}

function failureCard(failure) {
  return h("section", { class: "card", "aria-label": "Failure" },
    h("h2", {}, "What failed"),
    h("p", {}, h("strong", {}, failure.step), " ", since(failure.at, "", " ago")),
    h("p", { class: "problem" }, failure.message),
    failure.output.length > 0 && h("h3", {}, "Its last lines"),
    failure.output.length > 0 && h("pre", { class: "log", tabindex: "0", role: "region", "aria-label": "Last lines of what failed" }, failure.output.join("\n")));
}

function driftCard(drift) {
  return h("section", { class: "card", "aria-label": "Drift" },
    h("h2", {}, "Drift"), h("p", { class: "muted" }, drift.found.length ? "found " : "none, verified ", since(drift.checked, "", " ago")),
    drift.found.length > 0 && h("ul", {}, drift.found.map((each) => h("li", {}, each, drift.repaired.includes(each) ? " (repaired)" : ""))),
    drift.unrepaired && h("p", { class: "problem" }, "Its repair failed: ", drift.unrepaired));
}

function resultsCard(results) {
  return h("section", { class: "card flush", "aria-label": "Last steps" },
    h("div", { class: "head" }, h("h2", {}, "Last steps")),
    table("Last steps, newest first", [["Step"], ["Result"], ["Took", "number"], ["When"]],
      [...results].reverse().map((each) => row(each.step,
        h("span", { class: `state is-${each.ok ? "current" : "failed"}` }, each.ok ? "Done" : "Failed"),
        cell(seconds(each.seconds), { class: "number" }), since(each.at, "", " ago")))));
}

function deploymentsCard(found) {
  const rows = found.deployments.map((each) => row(
    cell(pathOf(each.node)), cell(each.software + (each.subtype ? ` (${each.subtype})` : "")),
    cell(each.version ?? "", { class: "mono" }), cell(String(each.n), { class: "number", "data-label": "Instances" })));
  return h("section", { class: "card flush", "aria-label": "Deployments" },
    h("div", { class: "head" }, h("h2", {}, "Deployments"),
      h("span", { class: "muted small" }, found.published ? "as published" : "as the live tree says",
        found.controller ? `; controller ${found.controller.name} ${found.controller.version ?? ""}` : "")),
    rows.length ? table(`${count(rows.length, "deployment")} of this host`, [["Node"], ["Software"], ["Version"], ["Instances", "number"]], rows)
      : h("p", { class: "empty" }, "The tree deploys nothing to this host."));
}

const SOFTWARE_TONES = { "as wanted": "current", different: "drifted", missing: "failed", "not whole": "failed", "not wanted": "drifted", unknown: "behind" };

function softwareCard(found) {
  if (!found.software.length) return false;
  const rows = found.software.map((each) => row(
    cell(each.name), cell(each.wanted ?? "", { class: "mono" }),
    cell([each.installed, each.commit && `(${each.commit})`].filter(Boolean).join(" "), { class: "mono" }),
    h("span", { class: `state is-${SOFTWARE_TONES[each.state]}` }, each.state[0].toUpperCase() + each.state.slice(1))));
  return h("section", { class: "card flush", "aria-label": "Software" },
    h("div", { class: "head" }, h("h2", {}, "Software"),
      h("span", { class: "muted small" }, found.inventory ? since(found.inventory, "as it was ", " ago") : "what is installed is not known: its agent does not report it",
        found.untold > 0 && `; ${found.untold} more`)),
    table("Software of this host", [["Name"], ["Wanted"], ["Installed"], ["State"]], rows));
}
