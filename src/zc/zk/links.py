"""Symbolic links and property links, followed through a look-up of nodes.

A symbolic link is a property ``name ->`` that stands in for a missing child
``name``. A property link is a property ``name =>`` that stands in for a missing
property ``name``. Paths in either may be relative to the node that holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zc.zk.errors import BadPropertyLink, LinkLoop, MissingNode
from zc.zk.limits import shortened

#: The properties of the real node at an absolute path, or None if there is none.
Lookup = Callable[[str], Mapping[str, Any] | None]

#: More links than this on the way to one node or property are taken for a loop.
MAX_LINKS = 1000

_SHOWN = 10  # links on the way, in a message


def normalize(path: str) -> str:
    """Return the absolute path without ``.``, ``..``, repeated and trailing slashes.

    A relative path counts from the root. The parent of the root is the root.
    """
    names: list[str] = []
    for name in path.split("/"):
        if name == "..":
            del names[-1:]
        elif name not in ("", "."):
            names.append(name)
    return "/" + "/".join(names)


def resolve(path: str, lookup: Lookup) -> str:
    """Return the path of the real node that ``path`` leads to.

    Raises :exc:`LinkLoop` and :exc:`MissingNode`.
    """
    return _find(path, lookup)[0]


def get_property(path: str, name: str, lookup: Lookup) -> Any:
    """Return a property of the node at ``path``, its own or by a property link.

    Raises :exc:`KeyError` if it has neither, :exc:`BadPropertyLink` if the link
    leads nowhere, :exc:`LinkLoop` and :exc:`MissingNode` for ``path`` itself.
    """
    node, held = _find(path, lookup)
    if name not in held and f"{name} =>" not in held:
        raise KeyError(name)
    return _follow(node, held, name, lookup)


def properties(path: str, lookup: Lookup) -> dict[str, Any]:
    """Return all properties of the node at ``path``, those behind property links by value.

    A property link appears under its plain name unless the node has a property of
    that name; symbolic links appear as they are. Raises what :func:`get_property` does.
    """
    node, held = _find(path, lookup)
    names = dict.fromkeys(key.removesuffix(" =>") for key in held)
    return {name: _follow(node, held, name, lookup) for name in names}


def _find(path: str, lookup: Lookup) -> tuple[str, Mapping[str, Any]]:
    """Return the path and the properties of the real node that ``path`` leads to."""
    path = normalize(path)
    held = lookup(path)
    if held is not None:  # no link is needed, as nearly always: a single look-up
        return path, held
    real, held = "/", lookup("/")
    ahead = _names(path)
    trail: list[tuple[str, int]] = []  # links being followed, names ahead after each
    followed = 0
    while ahead and held is not None:
        name = ahead.pop()
        while trail and len(ahead) < trail[-1][1]:
            trail.pop()
        child = _join(real, name)
        below = lookup(child)
        if below is not None:
            real, held = child, below
            continue
        target = held.get(f"{name} ->")
        if not isinstance(target, str) or not target:
            raise MissingNode(path)
        followed += 1
        if followed > MAX_LINKS or any(child == link for link, _ in trail):
            raise LinkLoop(*(link for link, _ in trail), child)
        trail.append((child, len(ahead)))
        ahead += _names(_join(real, target))
        real, held = "/", lookup("/")
    if held is None:
        raise MissingNode(path)
    return real, held


def _follow(node: str, held: Mapping[str, Any], name: str, lookup: Lookup) -> Any:
    """Return property ``name`` of ``node``, which holds it or a link in its place."""
    trail: list[str] = []
    seen = set()
    while name not in held:
        if f"{name} =>" not in held:
            raise _bad_link(trail, f"{shortened(node)} has no property {name!r:.200}")
        link = held[f"{name} =>"]
        trail.append(shortened(f"{node}: {name} => {link}"))
        if len(trail) > MAX_LINKS:
            raise _bad_link(trail, f"it leads over more than {MAX_LINKS} other links")
        if (node, name) in seen:
            raise _bad_link(trail, "it leads back to itself")
        seen.add((node, name))
        words = link.split() if isinstance(link, str) else []
        if not 1 <= len(words) <= 2:
            raise _bad_link(trail, "expected PATH or PATH NAME")
        try:
            node, held = _find(_join(node, words[0]), lookup)
        except MissingNode as error:
            raise _bad_link(trail, f"there is no node {shortened(str(error))}") from error
        except LinkLoop as error:
            raise _bad_link(
                trail, f"symbolic links loop: {shortened(' -> '.join(error.args))}"
            ) from error
        name = words[-1] if len(words) == 2 else name
    return held[name]


def _bad_link(trail: list[str], cause: str) -> BadPropertyLink:
    shown = trail if len(trail) <= _SHOWN else [*trail[:_SHOWN], "and so on"]
    return BadPropertyLink(f"property link {', then '.join(shown)}: {cause}")


def _names(path: str) -> list[str]:
    """Return the names along ``path``, the last one first."""
    return [name for name in reversed(normalize(path).split("/")) if name]


def _join(node: str, path: str) -> str:
    return path if path.startswith("/") else f"{node.rstrip('/')}/{path}"
