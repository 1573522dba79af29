"""What can go wrong with a tree.

::

    ValueError
     +-- TreeSyntaxError     text that is no tree
     +-- TreeFormatError     a tree that has no text
     +-- BadPropertyLink     a property link that dangles, loops or is malformed
    LookupError
     +-- MissingNode         there is no node at a path, nor a link in its place
    LinkLoop                 symbolic links that lead back to themselves
    TreeChanging             a tree changed while it was read, each time
    GuardFailed              a node that a transaction depended on is not as it was
    FailedConnect            no ZooKeeper server answered
     +-- NotTrusted          or none that proved who it is, or let this side prove it
    CancelWatch              raised by a callback that wants no further calls
"""

from zc.zk.limits import shortened


class TreeSyntaxError(ValueError):
    """Text that does not follow the tree text format.

    Attributes: ``message``; ``file`` (a name or ``None``), ``line`` and ``column``
    (from 1) and ``text`` (that line, stripped, or its beginning).
    """

    def __init__(
        self, message: str, line: int, text: str, file: str | None = None, column: int = 1
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.text = shortened(text)
        where = f"{file}:{line}" if file else f"line {line}"
        super().__init__(f"{where}: {message}: {self.text!r:.400}")


class TreeFormatError(ValueError):
    """A tree that the text format cannot express; ``path`` is the node at fault."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        super().__init__(f"{shortened(path)}: {message}")


class MissingNode(LookupError):
    """There is no node, and no symbolic link in its place; the argument is the path asked for."""


class LinkLoop(Exception):
    """Symbolic links lead back to a path already visited; the arguments are the paths."""


class BadPropertyLink(ValueError):
    """A property link dangles, loops, or is not ``PATH [NAME]``."""


class TreeChanging(Exception):
    """A tree was changed during each of several scans of it; names the path. Try again later."""


class GuardFailed(Exception):
    """The guard of a transaction failed, so nothing of it was done; the argument is its path."""


class FailedConnect(Exception):
    """No ZooKeeper server answered; the argument is the connection string."""


class NotTrusted(FailedConnect):
    """A server's certificate was refused, or it refused ours.

    ``servers`` is the connection string, ``reason`` says which and why.
    """

    def __init__(self, servers: str, reason: str) -> None:
        self.servers = servers
        self.reason = reason
        super().__init__(servers, reason)

    def __str__(self) -> str:
        return self.reason


class CancelWatch(Exception):
    """Raised by a callback to end its subscription."""
