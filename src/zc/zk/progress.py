"""How far work on many nodes has got, for whoever wants to be told."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto


class Work(Enum):
    """What is done to nodes."""

    NAMES = auto()  #: the names of their children are read
    NODES = auto()  #: their data are read
    WRITES = auto()  #: they are created, changed, checked or deleted
    ACLS_READ = auto()
    ACLS_SET = auto()


#: Told what is done, to how many nodes more, and to how many it is still to be done,
#: ``None`` where nobody knows: when work begins, with no nodes done, then again and again.
#: It is called in the thread that works, and must not raise anything.
Observer = Callable[[Work, int, int | None], None]
