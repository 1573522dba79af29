"""What can be wrong with tree files, as data: for editors, pre-commit and CI."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from zc.zk.tree import Node

#: An agent refuses a tree with an error; a warning is something that hardly anybody means.
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written: ``line`` and ``column`` count from 1.

    Both are ``None`` for a whole file; ``file`` is ``""`` for a tree without files.
    ``node`` is the path of the node that is written there, if it is one.
    """

    file: str
    line: int | None = None
    column: int | None = None
    node: str | None = None

    def __str__(self) -> str:
        where = self.file or self.node or ""
        return where if self.line is None else f"{where}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: ``rule`` is a key of :data:`RULES`, ``message`` names the node.

    The first of the ``places`` is where to mend it; the others are the other side of a
    conflict.
    """

    severity: Severity
    rule: str
    message: str
    places: tuple[Place, ...]

    def __str__(self) -> str:
        return f"{self.places[0]}: {self.severity}: {self.message} [{self.rule}]"

    @property
    def order(self) -> tuple[str, int, int]:
        """A key that sorts problems by file and line."""
        place = self.places[0]
        return place.file, place.line or 0, place.column or 0


#: What each rule asks for.
RULES: Mapping[str, str] = MappingProxyType(
    {
        "unreadable": "A file can be read and is UTF-8 text.",
        "syntax": "A file follows the tree text format.",
        "duplicate-node": "A top node is in one .zk file only; .zkx files add to it.",
        "symbolic-link": "A symbolic link leads to a node.",
        "property-link": "A property link leads to a property.",
        "no-type": "What is deployed, and a controller, has a type.",
        "bad-type": "A type is SOFTWARE or SOFTWARE SUBTYPE.",
        "no-version": "Software has a version, as a property or in its name.",
        "bad-version": "A version is a package version or the URL of a checkout, in quotes.",
        "bad-n": "The number of instances is a whole number within limits.",
        "bad-max-parallel": "How many hosts may work on a node at once is a number or a share.",
        "bad-timeout": "How long a script may run is a number of seconds within limits.",
        "bad-name": "A node's name holds only characters that ZooKeeper takes.",
        "too-large": "Tree text, and what a node holds, are within the limits of zc.zk.",
        "long-path": "A node's path fits into the name of a file.",
        "inconsistent-versions": "A host has one version of each software.",
        "host-twice": "A node is deployed to a host by its identifier or its name, not both.",
        "host-and-role": "To a host that has a role, things are deployed by that role only.",
        "no-role-lock": "A role that has a controller has a role lock node.",
        "unknown-target": "A target is the identifier, the name or the role of a host.",
        "reserved-node": "What is published leaves alone the nodes that say what the fleet does.",
        "ignored-deployment": "Deployments are in a part of the tree that agents read.",
    }
)

_WARNINGS = frozenset({"unknown-target", "ignored-deployment"})


def severity_of(rule: str) -> Severity:
    """Return how bad it is that a rule is not followed."""
    return "warning" if rule in _WARNINGS else "error"


def problem(rule: str, message: str, *places: Place) -> Problem:
    """Return a problem with the severity of its rule."""
    return Problem(severity_of(rule), rule, message, places)


def as_lines(problems: Iterable[Problem]) -> Iterator[str]:
    """Yield a line for each problem, which editors understand, and one for each further place."""
    for each in problems:
        yield str(each)
        for place in each.places[1:]:
            yield f"    {place}: note: {place.node or 'in the list of hosts'}"


def place_of(nodes: Mapping[str, Node], path: str, *keys: str) -> Place:
    """Return where the first property of ``keys`` that the node has is written, or the node.

    A property may be written as a property link. The root is written nowhere: the
    place of its first child stands in.
    """
    node = nodes[path]
    wanted = (*(f"{key}{arrow}" for key in keys for arrow in ("", " =>")), "")
    for written in (node.written, *(child.written for child in node.children.values())):
        if written:
            places = written.places
            return Place(written.file or "", *next(places[k] for k in wanted if k in places), path)
    return Place("", node=path)
