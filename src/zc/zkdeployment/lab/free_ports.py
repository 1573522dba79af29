"""Ports for private servers on loopback."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator

HOST = "127.0.0.1"

# Below the range that the kernel takes for outgoing connections: a client that
# tries to reach a stopped server must not be given that server's port.
_PORTS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Return ports on loopback that nobody uses right now."""
    with contextlib.ExitStack() as held:
        return [held.enter_context(_bound()).getsockname()[1] for _ in range(count)]


@contextlib.contextmanager
def _bound() -> Iterator[socket.socket]:
    while True:
        with socket.socket() as candidate:
            try:
                candidate.bind((HOST, random.choice(_PORTS)))  # noqa: S311 # no secret
            except OSError:
                continue
            yield candidate
            return
