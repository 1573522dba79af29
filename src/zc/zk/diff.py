"""What must change for a tree to be as a text says, and how to say so.

Pure: it compares what was read and decides; the client writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zc.zk.errors import MissingNode
from zc.zk.tree import Node
from zc.zk.values import same


@dataclass(frozen=True, slots=True)
class Entry:
    """A node that exists: its properties, and whether it goes when its session does."""

    properties: Mapping[str, Any]
    ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    """Create the node, whose parent exists or is created by an earlier change."""

    path: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """Replace the properties ``old`` of the node by ``new``, which differ."""

    path: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the node, which has no children or only such that earlier changes delete."""

    path: str


@dataclass(frozen=True, slots=True)
class KeepExtra:
    """The node is not in the text; it stays because nobody said what to do with it."""

    path: str


@dataclass(frozen=True, slots=True)
class KeepEphemeral:
    """The node is not in the text or was to be deleted; it stays because it is ephemeral."""

    path: str


@dataclass(frozen=True, slots=True)
class KeepAncestor:
    """The node stays because an ephemeral node below it does."""

    path: str


Change = Create | Update | Delete | KeepExtra | KeepEphemeral | KeepAncestor


def compare(
    node: Node, path: str, existing: Mapping[str, Entry], trim: bool | None
) -> list[Change]:
    """Return the changes, in order, that make the tree below ``path`` be as ``node`` says.

    The children of ``node`` are the top nodes, imported below ``path``: absolute, or
    ``""`` for the root. ``existing`` holds, by absolute path, at least the top nodes
    that exist and all nodes below them. The properties of a node in the text replace
    all that it had.

    What exists below a top node without being in the text is deleted if ``trim`` is
    true, noted as :class:`KeepExtra` if ``None`` and passed over if false. Top nodes
    are never deleted, nor ephemeral nodes, nor what is above these.

    Order: parents before children, siblings by name, what is extra below a node first.
    """
    children = _children(existing)
    changes: list[Change] = []
    base = path.rstrip("/")
    todo = [(base, node)]
    while todo:
        above, parent = todo.pop()
        if parent is not node:
            entry = existing.get(above)
            if entry is None:
                changes.append(Create(above, parent.properties))
            elif not same(entry.properties, parent.properties):
                changes.append(Update(above, entry.properties, parent.properties))
            for name in sorted(set(children.get(above, ())) - parent.children.keys()):
                extra = f"{above}/{name}"
                if trim:
                    changes += _delete(extra, existing, children, ignore_if_ephemeral=True)
                elif trim is None:
                    changes.append(KeepExtra(extra))
        todo += [
            (f"{above}/{name}", parent.children[name])
            for name in sorted(parent.children, reverse=True)
        ]
    return changes


def delete_changes(
    path: str,
    existing: Mapping[str, Entry],
    force: bool = False,
    ignore_if_ephemeral: bool = False,
) -> list[Change]:
    """Return the changes, in order, that delete the node at ``path`` and all below it.

    ``existing`` holds at least these nodes. Ephemeral nodes and what is above them
    stay, unless ``force``; ``ignore_if_ephemeral`` leaves it unsaid if the node at
    ``path`` is itself ephemeral.

    Raises :exc:`MissingNode`.
    """
    if path not in existing:
        raise MissingNode(path)
    return delete_all_changes([path], existing, force, ignore_if_ephemeral)


def delete_all_changes(
    paths: Iterable[str],
    existing: Mapping[str, Entry],
    force: bool = False,
    ignore_if_ephemeral: bool = False,
) -> list[Change]:
    """Return the same for the nodes at ``paths``, none of which is below another.

    Those that are not there are passed over.
    """
    children = _children(existing)
    return [
        change
        for path in paths
        if path in existing
        for change in _delete(path, existing, children, force, ignore_if_ephemeral)
    ]


def lines(changes: Iterable[Change], dry_run: bool) -> Iterator[str]:
    """Yield what a person is told: what stays and, of a ``dry_run``, what would change."""
    for change in changes:
        match change:
            case KeepExtra(path):
                yield f"extra path not trimmed: {path}"
            case KeepEphemeral(path) if dry_run:
                yield f"wouldn't delete {path} because it's ephemeral."
            case KeepEphemeral(path):
                yield f"Not deleting {path} because it's ephemeral."
            case KeepAncestor(path):
                yield f"{path} not deleted due to ephemeral descendent."
            case Create(path) if dry_run:
                yield f"add {path}"
            case Delete(path) if dry_run:
                yield f"would delete {path}."
            case Update(path, old, new) if dry_run:
                yield from _property_lines(path, old, new)
            case _:
                pass  # done, as asked


def _property_lines(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name, value in sorted(old.items()):
        if name not in new:
            yield f"{path} remove {_assignment(name, value)}"
        elif not same(value, new[name]):
            what = f"{name[:-3]} link" if _is_link(name) else name
            yield f"{path} {what} change from {value} to {new[name]}"
    for name, value in sorted(new.items()):
        if name not in old:
            yield f"{path} add {_assignment(name, value)}"


def _assignment(name: str, value: object) -> str:
    return f"link {name} {value}" if _is_link(name) else f"property {name} = {value}"


def _is_link(name: str) -> bool:
    return name.endswith((" ->", " =>"))


def _delete(
    top: str,
    existing: Mapping[str, Entry],
    children: Mapping[str, list[str]],
    force: bool = False,
    ignore_if_ephemeral: bool = False,
) -> list[Change]:
    changes: list[Change] = []
    kept: set[str] = set()  # paths with a child that stays
    for path in _children_first(top, children):
        ephemeral = existing[path].ephemeral and not force
        if not ephemeral and path not in kept:
            changes.append(Delete(path))
            continue
        kept.add(path.rpartition("/")[0] or "/")
        if not ephemeral:
            changes.append(KeepAncestor(path))
        elif path != top or not ignore_if_ephemeral:
            changes.append(KeepEphemeral(path))
    return changes


def _children_first(top: str, children: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield ``top`` and all paths below it, each after what is below it, siblings by name."""
    paths = []
    todo = [top]
    while todo:
        path = todo.pop()
        paths.append(path)
        # Parents first with siblings backwards is, read backwards, what is wanted.
        todo += [f"{path.rstrip('/')}/{name}" for name in sorted(children.get(path, ()))]
    return reversed(paths)


def _children(existing: Mapping[str, Entry]) -> dict[str, list[str]]:
    """Return the names of the children of each path."""
    children: dict[str, list[str]] = {}
    for path in existing:
        above, _, name = path.rpartition("/")
        if name:
            children.setdefault(above or "/", []).append(name)
    return children
