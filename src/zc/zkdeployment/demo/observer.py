"""Looks at a fleet: at ZooKeeper, and at the files of its hosts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kazoo.exceptions import NoNodeError

import zc.zk
from zc.zkdeployment.demo.fleet import Fleet, HostState, Lock
from zc.zkdeployment.demo.hosts import HostDirectory
from zc.zkdeployment.demo.logs import Line, Log
from zc.zkdeployment.lock_control import read_locks
from zc.zkdeployment.names import decode_path, parse_file_name
from zc.zkdeployment.views.lock_states import Holder, Waiter

_HOSTS = "/hosts"
_LOCKS = "/agent-locks"
_UNKNOWN = "somebody unknown"


class Observer:
    """Looks at a fleet again and again. It changes nothing."""

    def __init__(self, zk: zc.zk.ZK, hosts: Sequence[HostDirectory]) -> None:
        self._zk = zk
        self._hosts = hosts
        self._logs = {host.name: Log(host.name, host.log, host.root) for host in hosts}

    def look(self) -> tuple[Fleet, list[Line]]:
        """Return the fleet as it is now, and what its agents said since the last look."""
        lines = [line for log in self._logs.values() for line in log.news()]
        lines.sort(key=lambda line: line.time)
        version = self._zk.get_properties(_HOSTS).get("version")
        return Fleet(version, tuple(map(self._host, self._hosts)), tuple(self._locks())), lines

    def _host(self, host: HostDirectory) -> HostState:
        node = self._properties(f"{_HOSTS}/{host.name}")
        error = (node or {}).get("error")
        return HostState(
            name=host.name,
            role=host.role,
            registered=node is not None,
            version=(node or {}).get("version"),
            error=host.inside(error) if isinstance(error, str) else None,
            status=_status(host),
            busy=self._logs[host.name].busy,
            deployed=_deployed(host),
        )

    def _locks(self) -> Iterator[Lock]:
        """Yield the locks of all nodes, also the free ones: that one was given back is told."""
        taken = {lock.path: lock for lock in read_locks(self._zk) if lock.kind == "node"}
        try:
            names = self._zk.get_children(_LOCKS)
        except NoNodeError:
            return
        for path in map(decode_path, sorted(names)):
            if lock := taken.get(path):
                yield Lock(path, _hosts(lock.holders), _hosts(lock.waiters))
            else:
                yield Lock(path)

    def _properties(self, path: str) -> dict[str, Any] | None:
        try:
            return dict(self._zk.get_properties(path))
        except NoNodeError:
            return None


def _hosts(found: Sequence[Holder | Waiter]) -> tuple[str, ...]:
    return tuple(each.host or _UNKNOWN for each in found)


def _status(host: HostDirectory) -> str:
    """Return the last words of the status file: time, pid, version, status."""
    try:
        return host.status.read_text().split(" ", 3)[-1]
    except FileNotFoundError:
        return ""


def _deployed(host: HostDirectory) -> dict[str, str]:
    return {
        f"{found[0]} {found[1]}": file.read_text().strip()
        for file in host.etc.glob("*/*.deployed")
        if (found := parse_file_name(file.stem))
    }
