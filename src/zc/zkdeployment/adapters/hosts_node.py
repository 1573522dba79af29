"""``/hosts`` as an agent sees it: the cluster version, the order, and who is registered.

Source: agent.txt, "Low-level machinery".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kazoo.exceptions import NoNodeError
from kazoo.protocol.states import ZnodeStat

import zc.zk
from zc.zk import codec
from zc.zk.operations import Check
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.session_clock import SessionClock
from zc.zkdeployment.errors import BadHost, Unreachable
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Version
from zc.zkdeployment.revisions.fleet import host_identity

HOSTS = "/hosts"

NO_FLEET = (
    f"there is no {HOSTS} in ZooKeeper: import a tree, then create it with "
    f"'zkdeploy tree set --create {HOSTS} version=1'"
)


class HostsNode:
    """Reads and watches ``/hosts`` for the one thread that calls it.

    Callbacks of the client only note that it has to be looked at again, and wake that thread.
    """

    def __init__(self, zk: zc.zk.ZK, wakeup: Wakeup) -> None:
        self._zk = zk
        self._requests = Requests(zk)
        self._clock = SessionClock(zk.session_timeout)
        self._wakeup = wakeup
        self._version: Version = None
        self._watching = False  # whether a change would be noticed
        self._order: object = None
        self._hosts_version = -1  # of the node, which counts how often it was set

    def watch(self) -> None:
        """Look at the cluster version, and from now on wake whoever waits when it changes."""
        self._zk.client.add_listener(self._changed)
        self.look()

    def glance(self) -> None:
        """See the cluster version as the server of this session knows it, if it changed.

        That is at least as new as whatever told that it changed. It is one request less than
        :meth:`look`, and nothing may be begun for it.
        """
        if not self._watching:
            self._see(lambda: self._requests.get(HOSTS, self._changed))

    def look(self, *, afresh: bool = False) -> None:
        """See the cluster version; no request is made unless something told that it changed.

        What tells may be on its way: ``afresh`` makes the request anyway. So it is made where
        the session may have ended since the last one.
        """
        if afresh or not self._watching or not self._clock.runs():
            self._see(self._newest)

    def _see(self, read: Callable[[], tuple[bytes, ZnodeStat]]) -> None:
        """Note the cluster version that is read; ``read`` sets a watch."""
        self._watching = True  # before the request: a change right after it must not be missed
        try:
            while True:
                try:
                    self._note(*read())
                    return
                except NoNodeError:
                    self._version = None
                if self._requests.exists(HOSTS, self._changed) is None:
                    return
        except BaseException:
            self._watching = False
            raise

    def _newest(self) -> tuple[bytes, ZnodeStat]:
        try:
            found = self._requests.get_newest(HOSTS, self._changed, self._clock.sends)
        except NoNodeError:
            self._clock.hears()
            raise
        self._clock.hears()
        return found

    def connected(self) -> bool:
        """Tell whether the session is known to be alive."""
        return bool(self._zk.client.connected) and self._clock.runs()

    def version(self) -> Version:
        """Return the cluster version last seen."""
        return self._version

    def version_now(self) -> Version:
        """Return the cluster version as it is now, or where that cannot be known, as last seen.

        Unlike the other methods it may be called from any thread.
        """
        if not self._zk.client.connected:
            return self._version
        try:
            data, _ = self._requests.get(HOSTS)
        except NoNodeError:
            return None
        except Unreachable:
            return self._version
        version: Version = codec.decode(data).get("version")
        return version

    def changes(self) -> int:
        """Return how often the cluster version had been set when it was last seen."""
        return self._hosts_version

    def unchanged(self) -> Check:
        """Return what lets a transaction fail unless the cluster version is as last seen."""
        return Check(HOSTS, self._hosts_version)

    def keep_order(self) -> bool:
        """Tell whether ``/hosts``, as last seen, says ``order = 'strict'``."""
        return self._order == "strict"

    def host_identifiers(self) -> list[str]:
        """Return the host identifiers of the hosts that are registered."""
        try:
            return self._requests.children(HOSTS)
        except NoNodeError:
            return []

    def host_targets(self) -> list[frozenset[str]]:
        """Return of each host that is registered the targets of a tree that it is."""
        names = self.host_identifiers()
        nodes = self._requests.read(f"{HOSTS}/{name}" for name in names)
        return [
            host_identity(name, codec.decode(node.data)).targets
            for name, node in zip(names, nodes, strict=True)
            if node.exists
        ]

    def read_version(self) -> Version:
        """Read the cluster version from the server.

        Raises :exc:`~zc.zkdeployment.errors.BadHost` where there is no fleet yet.
        """
        try:
            self._note(*self._requests.get(HOSTS))
        except NoNodeError:
            raise BadHost(NO_FLEET) from None
        return self._version

    def _note(self, data: bytes, stat: ZnodeStat) -> None:
        properties = codec.decode(data)
        self._hosts_version = stat.version
        self._version = properties.get("version")
        self._order = properties.get("order")

    def _changed(self, *_: Any) -> None:
        """Look again: ``/hosts`` changed, or the connection did and watches may be gone."""
        self._watching = False
        self._wakeup.set()
