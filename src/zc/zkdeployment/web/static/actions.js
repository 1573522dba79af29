// What operators do: sign in, stop, resume, roll back.

import { h, version } from "./dom.js";
import { fleet, listen } from "./store.js";

const KEY = "zkdeploy token";
const listeners = new Set();
let token = sessionStorage.getItem(KEY);
let name = null;
let steerable = false;

export function operator() { return name; }

export function whenSigned(listener) { listeners.add(listener); return () => listeners.delete(listener); }

function changed() { for (const each of [...listeners]) each(); }

async function call(path, body) {
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  const options = body === undefined ? { headers } : { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try { answer = await fetch(path, { cache: "no-store", ...options }); }
  catch { throw new Error(`The dashboard does not answer.${body === undefined ? "" : " Whether it was done is not known: look at the fleet."}`); }
  const found = await answer.json().catch(() => null);
  if (answer.status === 401) { forget(); throw new Error("The token is not valid any more: sign in again."); }
  if (!answer.ok) throw new Error(found?.error ?? `The dashboard answered with status ${answer.status}.`);
  return found;
}

function forget() {
  token = null;
  name = null;
  sessionStorage.removeItem(KEY);
  changed();
}

export function begin() {
  const button = document.getElementById("sign");
  const who = document.getElementById("who");
  whenSigned(() => {
    button.hidden = !steerable;
    button.textContent = name === null ? "Sign in" : "Sign out";
    who.textContent = name ?? (steerable ? "" : "Read-only");
  });
  button.addEventListener("click", () => (name === null ? signIn() : forget()));
  // A dashboard that was away may have started anew, with other tokens.
  let asked = false;
  const ask = () => { asked = true; session().catch(() => { asked = false; }); };
  listen((news) => { if (news.link || !asked) ask(); });
  ask();
}

async function session() {
  const found = await call("/api/session");
  steerable = found.steerable;
  name = found.name;
  if (name === null) { token = null; sessionStorage.removeItem(KEY); }
  changed();
}

// Whoever goes by keys does not begin anew where a button went that had the focus.
let buttons = [];
function rest() {
  const active = document.activeElement;
  if (active && active !== document.body && !active.hidden) return;
  (buttons.find((each) => each.isConnected && !each.hidden) ?? document.getElementById("main")).focus({ preventScroll: true });
}

function dialog(title, fields, label, kind, act) {
  const problem = h("p", { class: "problem", role: "alert" });
  const submit = h("button", { type: "submit", class: kind }, label);
  const box = h("dialog", { "aria-labelledby": "dialog-title", onclose: () => { box.remove(); rest(); } });
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    submit.disabled = true;
    problem.textContent = "";
    try { await act(); box.close(); }
    catch (error) { problem.textContent = error.message; }
    finally { submit.disabled = false; }
  } }, h("h2", { id: "dialog-title" }, title), fields, problem,
  h("div", { class: "end" }, h("button", { type: "button", onclick: () => box.close() }, "Cancel"), submit));
  box.append(form);
  document.body.append(box);
  box.showModal();
}

function field(label, attributes, hint) {
  const input = h("input", { type: "text", autocomplete: "off", ...attributes });
  return [input, h("label", { class: "field" }, label, hint && h("span", { class: "muted" }, hint), input)];
}

function announce(text) { document.getElementById("status").textContent = text; }

function signIn() {
  const [input, label] = field("Token", { type: "password", required: true, autofocus: true }, "From the token file of this dashboard. It is kept until this tab is closed.");
  dialog("Sign in", label, "Sign in", "primary", async () => {
    const given = input.value.trim();
    if (!/^[\x21-\x7e]+$/.test(given)) throw new Error("That is not the token of an operator.");
    token = given;
    await session();
    if (name === null) throw new Error("That is not the token of an operator.");
    sessionStorage.setItem(KEY, token);
    announce(`Signed in as ${name}.`);
  });
}

function stop() {
  const [reason, label] = field("Reason", { maxlength: 500, autofocus: true }, "For whoever wants to resume.");
  dialog("Stop the fleet", [h("p", {}, "On every host the step that runs now is the last one, until somebody resumes the fleet."), label], "Stop the fleet", "danger", async () => {
    const found = await call("/api/stop", { reason: reason.value });
    announce(found.already ? "The fleet was stopped already." : "The fleet is stopped.");
  });
}

function resume() {
  const known = fleet.fleet?.stop;
  const [input, label] = field("Version", { required: known ? null : true, autofocus: true }, known ? `Leave it empty for the one before: ${version(known.version)}.` : "The fleet was not stopped by a person alone: which version should hosts go to? A number, or any other text.");
  dialog("Resume the fleet", label, "Resume", "primary", async () => {
    const text = input.value.trim();
    const found = await call("/api/resume", text ? { version: text } : {});
    announce(`The fleet goes on, at version ${version(found.version)}.`);
  });
}

// Goes back to an entry of the history; null: to the last good one before.
export async function rollbackTo(target) {
  const known = fleet.fleet;
  const query = target === null ? "" : `?version=${encodeURIComponent(target.literal)}`;
  const signed = await call(`/api/signed${query}`).catch(() => null);
  if (document.querySelector("dialog")) return; // it was clicked twice
  if (signed?.key) { tellSigned(signed); return; }
  const [reason, label] = field("Reason", { maxlength: 500, autofocus: true }, "For the history, and for whoever publishes.");
  const force = h("input", { type: "checkbox", required: true });
  const over = known?.stop ? h("label", { class: "check" }, force, h("span", {}, `End the stop by ${known.stop.by}`)) : null;
  const what = target === null ? "The last good revision before this one is published again." : `Version ${version(target.version)} is published again.`;
  dialog("Roll back", [h("p", {}, `${what} The version that the fleet leaves counts as bad from then on.`), label, over].filter(Boolean), "Roll back", "danger", async () => {
    const found = await call("/api/rollback", { version: target?.literal ?? null, reason: reason.value, index: known?.index ?? null, force: force.checked });
    announce(`Rolled back to version ${version(found.version)}.`);
  });
}

function tellSigned({ key, command }) {
  const box = h("dialog", { "aria-labelledby": "dialog-title", onclose: () => { box.remove(); rest(); } },
    h("form", { method: "dialog" }, h("h2", { id: "dialog-title" }, "Roll back in a terminal"),
      h("p", {}, "The last revision is signed with key ", h("code", {}, key), ". Hosts may accept nothing else, and the private key is not here, nor should it be. Where it is:"),
      h("p", {}, h("code", { class: "step" }, command)),
      h("div", { class: "end" }, h("button", { type: "submit", autofocus: true }, "Close"))));
  document.body.append(box);
  box.showModal();
}

export function actionButtons() {
  const made = [
    h("button", { type: "button", class: "danger", onclick: stop }, "Stop"),
    h("button", { type: "button", class: "primary", onclick: resume }, "Resume"),
    h("button", { type: "button", onclick: () => rollbackTo(null) }, "Roll back"),
  ];
  const show = () => {
    const known = fleet.fleet;
    const may = name !== null && Boolean(known?.exists);
    const focused = made.includes(document.activeElement);
    made[0].hidden = !may || known.stopped;
    made[1].hidden = !may || !known.stopped;
    made[2].hidden = !may || !known.record;
    if (focused) rest();
  };
  const stops = [whenSigned(show), listen((news) => { if (news.fleet) show(); })];
  show();
  buttons = made;
  return { elements: made, stop: () => stops.forEach((each) => each()) };
}
