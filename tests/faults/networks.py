"""Hosts with a network of their own, that can be cut off from this machine.

Needs to be root, and a kernel that lets it make network namespaces.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Network

# Networks for benchmarks (RFC 2544), which no neighbour has. Each cable gets one of its own.
_POOL = IPv4Network("198.18.0.0/15")
_LINK = 30  # bits of an address that say which cable it is


class Network:
    """A network namespace, ``name``, and a cable from it to this machine.

    ``address`` is that of this machine at its end of the cable. Raises ``RuntimeError``
    with what ``ip`` says where namespaces are not permitted. A context manager that removes
    all that it made.
    """

    def __init__(self, number: int) -> None:
        self.name = f"zkf{os.getpid()}n{number}"
        self._outer = self.name  # names of interfaces have 15 characters at most
        cables = 2 ** (_LINK - _POOL.prefixlen)
        first = _POOL.network_address + 4 * ((os.getpid() * 8 + number) % cables)
        self.address = str(first + 1)
        self._inner_address = str(first + 2)

    def command(self, *argv: str) -> tuple[str, ...]:
        """Return what runs a program there, in the same process."""
        return ("ip", "netns", "exec", self.name, *argv)

    def cut(self, *, inside: bool) -> None:
        """Cut the cable, on the host's side or on that of this machine."""
        self._set("down", inside=inside)

    def heal(self) -> None:
        """Undo :meth:`cut`."""
        for inside in (False, True):
            self._set("up", inside=inside)

    def _set(self, state: str, *, inside: bool) -> None:
        if inside:
            _ip("-n", self.name, "link", "set", "eth0", state)
        else:
            _ip("link", "set", self._outer, state)

    def __enter__(self) -> Network:
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", self._outer, "type", "veth", "peer", "eth0", "netns", self.name)
            _ip("addr", "add", f"{self.address}/{_LINK}", "dev", self._outer)
            _ip("-n", self.name, "addr", "add", f"{self._inner_address}/{_LINK}", "dev", "eth0")
            _ip("-n", self.name, "link", "set", "lo", "up")
            self.heal()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(RuntimeError):  # it was not made, or went with its other end
            _ip("link", "del", self._outer)
        _ip("netns", "del", self.name)


@contextlib.contextmanager
def networks(count: int) -> Iterator[list[Network]]:
    """Provide some networks."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Network(number)) for number in range(count)]


def _ip(*argv: str) -> None:
    done = subprocess.run(["ip", *argv], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(argv)}: {done.stderr.strip()}")
