"""The marker of a node lock: who holds it, as written on the lock node.

Why it is there: docs/adr/0003-locks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from zc.zk import codec
from zc.zkdeployment.model import Version

#: What a lock node holds that nobody holds.
FREE = codec.encode({})

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Marker:
    """Who holds a lock. Without ``host`` nobody knows: the lock node holds nonsense.

    ``boot`` is another one after each start of the host, ``session`` the one of its agent
    when that took the lock, ``since`` then, in seconds since 1970. ``version`` is the cluster
    version that is deployed there, ``step`` in a few words what is done.
    """

    host: str | None = None
    name: str | None = None
    boot: str | None = None
    session: str | None = None
    since: int | None = None
    version: Version = None
    step: str | None = None

    def encode(self) -> bytes:
        """Return the data of the lock node."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        return codec.encode({"owners": [known]})

    def of_machine(self, host: str, name: str, boot: str) -> bool:
        """Tell whether this machine set it, in this life or before.

        Another machine that was given the same identifier has another name, and did not
        start at the same moment. What the marker does not tell speaks against nobody.
        """
        return self.host == host and (self.boot == boot or self.name in (None, name))


def marker_of(data: bytes) -> Marker | None:
    """Return the marker of a lock node that holds ``data``; ``None`` if the lock is free.

    Never raises: what makes no sense is a marker of nobody known.
    """
    match codec.decode(data):
        case {"owners": None | []}:
            return None
        case {"owners": [{"host": str()} as owner]}:
            return _marker(owner)
        case {"owners": _} | {"string_value": _}:
            return Marker()
    return None


def boot_id() -> str:
    """Return what tells this run of the kernel from all others."""
    return _BOOT_ID.read_text().strip()


def session_text(session: int) -> str:
    """Return a session as markers name it."""
    return f"{session:#x}"


def _marker(more: Mapping[Any, Any]) -> Marker:
    version = more.get("version")
    return Marker(
        _only(more.get("host"), str),
        _only(more.get("name"), str),
        _only(more.get("boot"), str),
        _only(more.get("session"), str),
        _only(more.get("since"), int),
        version if isinstance(version, int | float | str) else None,
        _only(more.get("step"), str),
    )


def _only(value: object, kind: type[_Kind]) -> _Kind | None:
    return value if isinstance(value, kind) else None
