"""Whole trees in ZooKeeper: importing, exporting, deleting and walking them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial

from kazoo.exceptions import (
    BadVersionError,
    ConnectionClosedError,
    ConnectionLoss,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    SessionExpiredError,
)
from kazoo.security import ACL

from zc.zk import diff
from zc.zk.acls import bring_acls
from zc.zk.bulk import Bulk
from zc.zk.calls import NoAnswer
from zc.zk.codec import decode, encode
from zc.zk.diff import Change, Entry
from zc.zk.links import normalize
from zc.zk.multiread import Znode
from zc.zk.operations import Check, Create, Delete, Operation, Set
from zc.zk.scan import read_below, scan
from zc.zk.tree import Node, format_tree, walk

#: Told each line that a person should read.
Tell = Callable[[str], None]

_TRIES = 10  # while others change the same nodes, or connections are lost
_CONFLICTS = (BadVersionError, NodeExistsError, NoNodeError, NotEmptyError)
_UNCERTAIN = (ConnectionLoss, SessionExpiredError, NoAnswer)


def import_tree(
    bulk: Bulk,
    tree: Node,
    path: str,
    *,
    trim: bool | None,
    acl: Sequence[ACL] | None = None,
    dry_run: bool,
    tell: Tell,
    guard: Check | None = None,
) -> None:
    """Bring the nodes below ``path`` to what ``tree`` says: see :func:`zc.zk.diff.compare`.

    Only what differs is written, and only while ``guard`` holds. What others change
    meanwhile is taken into account. Existing nodes keep their ACLs unless ``acl`` is given.
    """
    path = normalize(path)
    base = path.rstrip("/")
    existing: set[str] = set()

    def decide() -> _Decision:
        bulk.calls.read(partial(bulk.client.sync_async, path))
        if not bulk.read([path])[0].exists:
            raise NoNodeError(path)
        nodes = read_below(bulk, [f"{base}/{name}" for name in tree.children]).nodes
        existing.update(nodes)
        changes = diff.compare(tree, base, _entries(nodes), trim)
        return changes, [
            operation for change in changes for operation in _operation(change, nodes, acl)
        ]

    _converge(bulk, decide, tell, dry_run, guard)
    if acl is not None and not dry_run:
        bring_acls(bulk, [below for below, _ in walk(tree, base) if below in existing], acl)


def export_tree(
    bulk: Bulk, path: str, *, ephemeral: bool, name: str | None, skip: Collection[str] = ()
) -> str:
    """Return the text of the tree at ``path``: see :func:`zc.zk.tree.format_tree`.

    Left out are the subtrees at the paths in ``skip``. The data of ``/`` itself have no
    place in it, unless ``name`` gives it one.
    """
    path = normalize(path)
    scanned = scan(bulk, path, skip=skip)
    top = Node(path.rpartition("/")[2], decode(scanned[path].data))
    if path == "/" and name is None:
        top.properties.clear()
    nodes = {path: top}
    for below, znode in scanned.items():
        above, _, last = below.rpartition("/")
        parent = nodes.get(above or "/")
        if below != path and parent is not None and (ephemeral or not znode.ephemeral):
            nodes[below] = parent.children[last] = Node(last, decode(znode.data))
    return format_tree(top, name)


def delete_tree(
    bulk: Bulk,
    path: str,
    *,
    dry_run: bool,
    force: bool,
    ignore_if_ephemeral: bool,
    tell: Tell,
) -> None:
    """Delete the node at ``path`` and all below it: see :func:`delete_trees`.

    Raises ``NoNodeError`` if there is no such node.
    """
    path = normalize(path)
    if path == "/":
        raise ValueError("The root cannot be deleted; delete the nodes below it")
    if not bulk.read([path])[0].exists:
        raise NoNodeError(path)
    delete_trees(
        bulk,
        [path],
        dry_run=dry_run,
        force=force,
        ignore_if_ephemeral=ignore_if_ephemeral,
        tell=tell,
    )


def delete_trees(
    bulk: Bulk,
    paths: Collection[str],
    *,
    dry_run: bool,
    force: bool,
    ignore_if_ephemeral: bool,
    tell: Tell,
    guard: Check | None = None,
) -> None:
    """Delete the nodes at ``paths`` and all below: see :func:`zc.zk.diff.delete_all_changes`.

    The paths are absolute, without a trailing slash. That is done only while ``guard`` holds.
    """

    def decide() -> _Decision:
        nodes = read_below(bulk, paths).nodes
        changes = diff.delete_all_changes(paths, _entries(nodes), force, ignore_if_ephemeral)
        return changes, [
            Delete(change.path) for change in changes if isinstance(change, diff.Delete)
        ]

    _converge(bulk, decide, tell, dry_run, guard)


def delete_all(bulk: Bulk, path: str) -> None:
    """Delete the node at ``path`` and all below it, ephemeral or not; nothing if there is none."""
    delete_trees(
        bulk,
        [normalize(path)],
        dry_run=False,
        force=True,
        ignore_if_ephemeral=False,
        tell=_nobody,
    )


def create_path(bulk: Bulk, path: str, data: bytes, acl: Sequence[ACL] | None) -> None:
    """See to it that there is a node at ``path`` that holds ``data``.

    Missing parents are made empty. All that is made has ``acl``.
    """
    path = normalize(path)
    names = path.split("/")[1:]
    paths = ["/" + "/".join(names[:depth]) for depth in range(1, len(names) + 1)]

    def decide() -> _Decision:
        *above, node = bulk.read(paths)
        operations: list[Operation] = [
            Create(parent.path, b"", acl) for parent in above if not parent.exists
        ]
        operations.append(Set(path, data) if node.exists else Create(path, data, acl))
        return [], operations

    _converge(bulk, decide, _nobody, dry_run=False)


def walk_nodes(bulk: Bulk, path: str, *, ephemeral: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield the path of each node at and below ``path`` with the sorted names of its children.

    Parents come first, siblings by name. Each node is read just before it is
    yielded; what is gone by then is passed over. Names that are taken out of the
    list are not visited. Without ``ephemeral``, ephemeral nodes are not.
    """
    todo = [path]
    while todo:
        path = todo.pop()
        [node] = bulk.read([path], children=True)
        if node.stat is None or (node.stat.ephemeralOwner and not ephemeral):
            continue
        names = sorted(node.children or ())
        yield path, names
        base = path.rstrip("/")
        todo += [f"{base}/{name}" for name in reversed(names)]


_Decision = tuple[Sequence[Change], Sequence[Operation]]


def _converge(
    bulk: Bulk,
    decide: Callable[[], _Decision],
    tell: Tell,
    dry_run: bool,
    guard: Check | None = None,
) -> None:
    """Do what ``decide`` says, and decide anew where something came in between."""
    changes, operations = decide()
    for line in diff.lines(changes, dry_run):
        tell(line)
    if dry_run:
        return
    tries = 1
    while True:
        try:
            bulk.write(operations, guard)
        except ConnectionClosedError:
            raise
        except (*_CONFLICTS, *_UNCERTAIN):
            if tries == _TRIES:
                raise
        else:
            return
        tries += 1
        _, operations = decide()


def _nobody(_: str) -> None:
    """Tell nobody."""


def _entries(nodes: Mapping[str, Znode]) -> dict[str, Entry]:
    return {path: Entry(decode(node.data), node.ephemeral) for path, node in nodes.items()}


def _operation(
    change: Change, nodes: Mapping[str, Znode], acl: Sequence[ACL] | None
) -> Iterator[Operation]:
    match change:
        case diff.Create(path, properties):
            yield Create(path, encode(properties), acl)
        case diff.Update(path, _, properties):
            yield Set(path, encode(properties), nodes[path].stat.version)
        case diff.Delete(path):
            yield Delete(path, nodes[path].stat.version)
        case _:
            pass  # what stays
