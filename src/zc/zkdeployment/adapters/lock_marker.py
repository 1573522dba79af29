"""The markers of a node lock: who holds it, as written on the lock node.

There is one, but at a node where the tree lets several hosts work at once. Why they are
there: docs/adr/0003-locks.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

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

    def of_machine(self, host: str, name: str, boot: str) -> bool:
        """Tell whether this machine set it, in this life or before.

        Another machine that was given the same identifier has another name, and did not
        start at the same moment. What the marker does not tell speaks against nobody.
        """
        return self.host == host and (self.boot == boot or self.name in (None, name))


def encode_markers(markers: Iterable[Marker]) -> bytes:
    """Return the data of a lock node that these hold, of none :data:`FREE`."""
    owners = [
        {name: value for name, value in asdict(marker).items() if value is not None}
        for marker in markers
    ]
    return codec.encode({"owners": owners}) if owners else FREE


def markers_of(data: bytes) -> tuple[Marker, ...]:
    """Return the markers of a lock node that holds ``data``; none if the lock is free.

    Never raises: what makes no sense is the marker of nobody known.
    """
    properties = codec.decode(data)
    match properties.get("owners"):
        case None | []:
            return (Marker(),) if "string_value" in properties else ()
        case [*owners]:
            return tuple(map(_marker, owners))
    return (Marker(),)


def boot_id() -> str:
    """Return what tells this run of the kernel from all others."""
    return _BOOT_ID.read_text().strip()


def session_text(session: int) -> str:
    """Return a session as markers name it."""
    return f"{session:#x}"


def _marker(owner: object) -> Marker:
    match owner:
        case {"host": str(host), **more}:
            version = more.get("version")
            return Marker(
                host,
                _only(more.get("name"), str),
                _only(more.get("boot"), str),
                _only(more.get("session"), str),
                _only(more.get("since"), int),
                version if isinstance(version, int | float | str) else None,
                _only(more.get("step"), str),
            )
    return Marker()


def _only(value: object, kind: type[_Kind]) -> _Kind | None:
    return value if isinstance(value, kind) else None
