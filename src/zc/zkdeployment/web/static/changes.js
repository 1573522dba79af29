// What changed for targets, in words.

import { count, h } from "./dom.js";

const SIGNS = { appear: "+", vanish: "−", change: "~", move: "→" };
const WORDS = { appear: ["appears", "appear"], vanish: ["vanishes", "vanish"], change: ["changes", "change"], move: ["moves", "move"] };
export function counted(counts) {
  const parts = Object.entries(WORDS).filter(([kind]) => counts[kind]).map(([kind, [one, many]]) => `${counts[kind]} ${counts[kind] === 1 ? one : many}`);
  return parts.join(", ") || "nothing changes";
}

// Of many changes only the first are told.
export function changesList({ changes, counts }) {
  const targets = new Map();
  const more = Object.values(counts).reduce((sum, each) => sum + each, 0) - changes.length;
  for (const each of changes) targets.set(each.target, [...(targets.get(each.target) ?? []), each]);
  const parts = [...targets].flatMap(([target, some]) => [h("h3", { class: "mono" }, target),
    h("ul", { class: "changes" }, some.map((each) => h("li", { class: `change-${each.kind}` },
      h("span", { "aria-hidden": "true" }, `${SIGNS[each.kind]} `), h("span", { class: "unseen" }, `${WORDS[each.kind][0]}: `), words(each))))]);
  if (more > 0) parts.push(h("p", { class: "muted" }, `and ${count(more, "more change")}; `, h("code", { class: "step" }, "zkdeploy diff"), " shows all"));
  return parts;
}

function words(change) {
  const [was, is] = [change.old, change.new];
  if (change.what === "controller") return `controller ${arrow(software(was), software(is))}`;
  const node = (is ?? was).node;
  const text = `${node}  ${arrow(deployment(was), deployment(is))}`;
  if (change.moved_from && change.moved_from !== change.target) return `${text}  from ${change.moved_from}`;
  return was && is && was.node !== is.node ? `${text}  from ${was.node}` : text;
}

function arrow(was, is) { return was && is && was !== is ? `${was} → ${is}` : is || was; }

function software(side) { return side ? [side.name, side.version].filter(Boolean).join(" ") : ""; }

function deployment(side) {
  if (!side) return "";
  return [side.software, side.subtype, side.version, side.n === 1 ? "" : `n=${side.n}`,
    side.timeout === null ? "" : `timeout=${side.timeout}`, side.max_parallel === null ? "" : `max_parallel=${side.max_parallel}`].filter(Boolean).join(" ");
}
