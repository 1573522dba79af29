"""A model of what ZooKeeper servers hold: every state that there was, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kazoo.exceptions import (
    BadVersionError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    SessionExpiredError,
)
from kazoo.protocol.states import ZnodeStat

from zc.zk.operations import Create, Delete, Operation, Set


@dataclass(frozen=True, slots=True)
class Znode:
    """A node in one state; ``owner`` is the session of an ephemeral one, else 0."""

    data: bytes
    czxid: int
    mzxid: int
    owner: int = 0
    version: int = 0
    cversion: int = 0


State = dict[str, Znode]

#: A node that changed, and whether that was the list of its children.
Change = tuple[str, bool]


class Store:
    """All states, of which servers may serve any that is not older than they served before.

    ``wrote`` is called with the session that wrote and the node at ``/hosts``.
    """

    def __init__(self) -> None:
        self.states: list[State] = [{"/": Znode(b"", 0, 0)}]
        self.changes: list[Sequence[Change]] = [()]
        self.sessions: set[int] = set()
        self.wrote: Callable[[int], None] = lambda _: None
        self._last_session = 0

    @property
    def head(self) -> int:
        """The number of the newest state."""
        return len(self.states) - 1

    @property
    def now(self) -> State:
        """The newest state."""
        return self.states[-1]

    def new_session(self) -> int:
        self._last_session += 1
        self.sessions.add(self._last_session)
        return self._last_session

    def end_session(self, session: int) -> None:
        """End a session on the servers: its ephemeral nodes go."""
        self.sessions.discard(session)
        gone = [Delete(path) for path, node in self.now.items() if node.owner == session]
        if gone:
            self.write(0, gone)

    def write(
        self, session: int, operations: Sequence[Operation], *, sequential: bool = False
    ) -> list[str]:
        """Do all operations, or none; return the paths that they are about.

        Session 0 stands for somebody outside. With ``sequential`` a number is appended to
        the names of nodes that are created. Raises what ZooKeeper answers.
        """
        if session and session not in self.sessions:
            raise SessionExpiredError
        state = dict(self.now)
        zxid = self.head + 1
        changes: list[Change] = []
        paths = []
        for each in operations:
            if isinstance(each, Create):
                path = each.path
                if sequential:
                    above = state.get(parent(path))
                    path = f"{path}{above.cversion if above else 0:010d}"
                _create(state, path, each, zxid, session, changes)
                paths.append(path)
            else:
                _change(state, each, zxid, changes)
                paths.append(each.path)
        self.states.append(state)
        self.changes.append(changes)
        self.wrote(session)
        return paths


def _create(
    state: State, path: str, create: Create, zxid: int, session: int, changes: list[Change]
) -> None:
    if path in state:
        raise NodeExistsError(path)
    _touch_parent(state, path, changes)
    state[path] = Znode(create.data, zxid, zxid, session if create.ephemeral else 0)
    changes.append((path, False))


def _change(state: State, operation: Operation, zxid: int, changes: list[Change]) -> None:
    path = operation.path
    node = state.get(path)
    if node is None:
        raise NoNodeError(path)
    if not isinstance(operation, Create) and operation.version not in (-1, node.version):
        raise BadVersionError(path)
    if isinstance(operation, Set):
        state[path] = replace(node, data=operation.data, version=node.version + 1, mzxid=zxid)
        changes.append((path, False))
    elif isinstance(operation, Delete):
        if names(state, path):
            raise NotEmptyError(path)
        del state[path]
        _touch_parent(state, path, changes)
        changes.extend(((path, False), (path, True)))


def _touch_parent(state: State, path: str, changes: list[Change]) -> None:
    above = parent(path)
    node = state.get(above)
    if node is None:
        raise NoNodeError(path)
    state[above] = replace(node, cversion=node.cversion + 1)
    changes.append((above, True))


def parent(path: str) -> str:
    """Return the path of the node above."""
    return path.rpartition("/")[0] or "/"


def names(state: State, path: str) -> list[str]:
    """Return the names of a node's children."""
    start = path.rstrip("/") + "/"
    length = len(start)
    return [
        each[length:]
        for each in state
        if each.startswith(start) and len(each) > length and "/" not in each[length:]
    ]


def stat(state: State, path: str) -> ZnodeStat:
    """Return the stat of a node that is there; it holds no times."""
    node = state[path]
    return ZnodeStat(
        node.czxid,
        node.mzxid,
        0,
        0,
        node.version,
        node.cversion,
        0,
        node.owner,
        len(node.data),
        len(names(state, path)),
        node.mzxid,
    )
