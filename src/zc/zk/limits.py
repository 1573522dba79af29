"""How large trees and their text may be.

Beyond these limits something is no tree that anybody wrote, and whoever reads it
would run out of memory, or ZooKeeper refuse it. Real trees stay far below them.
"""

from __future__ import annotations

#: Bytes of a file of tree text, and of several files that make a tree.
MAX_FILE = 16 * 1024 * 1024
MAX_FILES = 64 * 1024 * 1024

#: Lines of a text. It bounds the number of nodes, of properties and of mistakes.
MAX_LINES = 1_000_000

#: Characters of a line. All that one node can hold fits, each byte written as an escape.
MAX_LINE = 8 * 1024 * 1024

#: Words, numbers, strings and marks that make a value: to read them takes much more memory
#: than they do.
MAX_PARTS = 400_000

#: Characters of a node's path, which bounds names and depth too.
MAX_PATH = 4096

#: Characters of the paths of all nodes of a text together.
MAX_PATHS = 128 * 1024 * 1024

#: Mistakes that are told of one text.
MAX_MISTAKES = 1000

#: Bytes that the properties of a node may have, stored: 1 MiB, which is what ZooKeeper takes
#: in a request, less room for the rest of it.
MAX_DATA = 1024 * 1024 - 16 * 1024

_SHOWN = 200


def shortened(text: str) -> str:
    """Return ``text`` as messages quote it: at most its first 200 characters."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
