"""Everything about a publication that can be known before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zc.zk.tree import Node
from zc.zkdeployment.errors import Refused
from zc.zkdeployment.revisions.compilation import Compiled, compile_revision
from zc.zkdeployment.revisions.fleet import RegisteredHost
from zc.zkdeployment.revisions.manifest import compile_deployments
from zc.zkdeployment.tree.problems import Place, Problem, as_lines, place_of, problem
from zc.zkdeployment.tree.snapshot import Snapshot
from zc.zkdeployment.tree.tree_files import TreeFile, combine, parse_files
from zc.zkdeployment.tree.tree_parts import NOT_THE_TREE
from zc.zkdeployment.tree.validate import RULES_OF_ABSENCE, Host, examine

#: The only part of the fleet's own nodes that a tree may make: locks for roles.
ROLE_LOCKS = "role-locks"

_MAX_SHOWN = 20  # problems, in a message


class BadFiles(Refused):
    """Tree files have mistakes, or say something that hosts would refuse; see ``problems``."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = list(as_lines(self.problems[:_MAX_SHOWN]))
        count = len(self.problems)
        if count > _MAX_SHOWN:
            lines.append(f"and {count - _MAX_SHOWN} more: 'zkdeploy validate' shows all")
        errors = f"{count} error{'s' * (count != 1)}"
        shown = "".join(f"\n  {line}" for line in lines)
        super().__init__(f"the tree has {errors}:{shown}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A tree that may be published.

    Below the top nodes of ``defined`` it is all that the live tree may have; what
    ``extra`` has is added to what is there. ``tops`` are the paths of all top nodes.
    """

    snapshot: Snapshot
    defined: Node
    extra: Node
    tops: frozenset[str]
    compiled: Compiled
    warnings: tuple[Problem, ...]


def prepare(snapshot: Snapshot, hosts: Sequence[RegisteredHost] = ()) -> Prepared:
    """Check and compile what a source holds; ``hosts`` are those that would have to do it.

    Raises :exc:`BadFiles`.
    """
    files, problems = parse_files(snapshot.files)
    defined, extra = combine(files)
    if ROLE_LOCKS in defined.children:  # whatever else is there is no tree's business
        extra.children[ROLE_LOCKS] = defined.children.pop(ROLE_LOCKS)
    root = Node(children={**defined.children, **extra.children})
    hidden = RULES_OF_ABSENCE if problems else frozenset[str]()
    problems += _reserved(files)
    examined = examine(root, [_listed(host) for host in hosts])
    found = examined.problems
    problems += [each for each in found if each.rule not in {*hidden, "unknown-target"}]
    if errors := [each for each in problems if each.severity == "error"]:
        raise BadFiles(sorted(errors, key=lambda each: each.order))
    tops = [f"/{name}" for name in root.children]
    compiled = compile_revision(snapshot.files, tops, compile_deployments(examined.deployments))
    return Prepared(snapshot, defined, extra, frozenset(tops), compiled, tuple(problems))


def _reserved(files: Sequence[TreeFile]) -> Iterator[Problem]:
    for file in files:
        for name in file.root.children:
            path = f"/{name}"
            if path in NOT_THE_TREE and name != ROLE_LOCKS:
                message = f"{path} says what the fleet does; it cannot be published: remove it"
                place = place_of({path: file.root.children[name]}, path)
                yield problem("reserved-node", message, place)


def _listed(host: RegisteredHost) -> Host:
    return Host(host.identity, Place("", node=f"/hosts/{host.identity.host_identifier}"))
