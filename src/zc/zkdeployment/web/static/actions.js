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
  catch { throw new Error("The dashboard does not answer. Whether it was done is not known: look at the fleet."); }
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

export async function begin() {
  const button = document.getElementById("sign");
  const who = document.getElementById("who");
  whenSigned(() => {
    button.hidden = !steerable;
    button.textContent = name === null ? "Sign in" : "Sign out";
    who.textContent = name ?? (steerable ? "" : "Read-only");
  });
  button.addEventListener("click", () => (name === null ? signIn() : forget()));
  await session().catch(() => { setTimeout(() => session().catch(() => {}), 3000); });
}

async function session() {
  const found = await call("/api/session");
  steerable = found.steerable;
  name = found.name;
  if (name === null) token = null;
  changed();
}

function dialog(title, fields, label, kind, act) {
  const problem = h("p", { class: "problem", role: "alert" });
  const submit = h("button", { type: "submit", class: kind }, label);
  const box = h("dialog", { "aria-labelledby": "dialog-title", onclose: () => box.remove() });
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
    token = input.value.trim();
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
    await call("/api/resume", text ? { version: literal(text) } : {});
    announce("The fleet goes on.");
  });
}

// As in tree text: what is in quotes is text; a number is one; else it is text.
function literal(text) {
  const quoted = /^(['"])(.*)\1$/.exec(text);
  if (quoted) return quoted[2];
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

export function rollbackTo(target) {
  const known = fleet.fleet;
  const [reason, label] = field("Reason", { maxlength: 500, autofocus: true }, "For the history, and for whoever publishes.");
  const force = h("input", { type: "checkbox" });
  const over = known?.stop ? h("label", { class: "check" }, force, h("span", {}, `End the stop by ${known.stop.by}`)) : null;
  const what = target === null ? "The last good revision before this one is published again." : `Version ${version(target)} is published again.`;
  dialog("Roll back", [h("p", {}, `${what} The version that the fleet leaves counts as bad from then on.`), label, over].filter(Boolean), "Roll back", "danger", async () => {
    const found = await call("/api/rollback", { version: target, reason: reason.value, index: known?.index ?? null, force: force.checked });
    announce(`Rolled back to version ${version(found.version)}.`);
  });
}

export function actionButtons() {
  const buttons = [
    h("button", { type: "button", class: "danger", onclick: stop }, "Stop"),
    h("button", { type: "button", class: "primary", onclick: resume }, "Resume"),
    h("button", { type: "button", onclick: () => rollbackTo(null) }, "Roll back"),
  ];
  const show = () => {
    const known = fleet.fleet;
    const may = name !== null && Boolean(known?.exists);
    buttons[0].hidden = !may || known.stopped;
    buttons[1].hidden = !may || !known.stopped;
    buttons[2].hidden = !may || !known.record;
  };
  const stops = [whenSigned(show), listen((news) => { if (news.fleet) show(); })];
  show();
  return { elements: buttons, stop: () => stops.forEach((each) => each()) };
}
