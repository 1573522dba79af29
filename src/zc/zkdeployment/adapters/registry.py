"""The fleet in ZooKeeper: the cluster version, and this host's node.

Source: agent.txt, "Low-level machinery", "Deregistration (ephemeral host
nodes)", "Handling legacy zk databases", "Fail safe error handling".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError
from kazoo.protocol.states import ZnodeStat

import zc.zk
from zc.zk import codec
from zc.zk.operations import Check
from zc.zkdeployment.adapters.host_node import HostNode
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.session_clock import SessionClock
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.errors import AnotherAgent, BadHost, Unreachable
from zc.zkdeployment.fleet import host_identity
from zc.zkdeployment.model import Identity, Version
from zc.zkdeployment.report import Report
from zc.zkdeployment.wakeup import Wakeup

logger = logging.getLogger(__name__)

HOSTS = "/hosts"

#: Characters of an error that a host node shows.
MAX_ERROR = 2000

_NO_FLEET = (
    f"there is no {HOSTS} in ZooKeeper: import a tree, then create it with "
    f"'zkdeploy tree set --create {HOSTS} version=1'"
)


class Registry:
    """The cluster, as :class:`zc.zkdeployment.ports.Cluster` describes it.

    One thread calls it. Callbacks of the client only note that ``/hosts`` has to
    be looked at again, and wake that thread. With ``report``, what that returns is
    shown as well.
    """

    def __init__(
        self,
        zk: zc.zk.ZK,
        identity: Identity,
        wakeup: Wakeup,
        stop_intent: StopIntent,
        report: Callable[[], Report] | None = None,
    ) -> None:
        self._zk = zk
        self._requests = Requests(zk)
        self._clock = SessionClock(zk.session_timeout)
        self._wakeup = wakeup
        self._stop_intent = stop_intent
        self._version: Version = None
        self._watching = False  # whether a change of /hosts would be noticed
        self._order: object = None
        self._hosts_version = -1  # of the node, which counts how often it was set
        role = {"role": identity.role} if identity.role else {}
        self._node = HostNode(
            zk,
            f"{HOSTS}/{identity.host_identifier}",
            {"name": identity.host_name, **role},
            report,
        )

    def register(self, version: Version, patience: float) -> Version:
        """Create this host's node; return the version that the host reached.

        ``version`` is what the host itself knows; a node left by an agent of
        old knows better. The node of an agent that was killed lingers until
        its session ends: after ``patience`` seconds it counts as alive. Raises
        :exc:`~zc.zkdeployment.errors.AnotherAgent`, or ``BadHost`` where there
        is no fleet yet.
        """
        deadline = time.monotonic() + patience
        while True:
            seen = self._wakeup.count
            found = self._requests.exists(self._node.path, self._woken)
            if found is None:
                if self._create(version):
                    return version
            elif not found.ephemeralOwner:
                data, _ = self._requests.get(self._node.path)
                version = codec.decode(data).get("version", version)
                self._requests.delete(self._node.path)
            elif time.monotonic() >= deadline:
                raise AnotherAgent("Another agent is running")
            else:
                logger.debug("Waiting for the session of an earlier agent to end")
                self._wakeup.wait(seen, deadline - time.monotonic())

    def _create(self, version: Version) -> bool:
        self._node.note(version=version)
        try:
            self._node.create()
        except NodeExistsError:
            return False
        except NoNodeError:
            raise BadHost(_NO_FLEET) from None
        return True

    def watch(self) -> None:
        """Look at the cluster version, and from now on wake whoever waits when it changes."""
        self._zk.client.add_listener(self._changed)
        self.look()

    def look(self, *, afresh: bool = False) -> None:
        """See the cluster version; no request is made unless something told that it changed.

        What tells may be on its way: ``afresh`` makes the request anyway. So it is made where
        the session may have ended since the last one.
        """
        if self._watching and self._clock.runs() and not afresh:
            return
        self._watching = True  # before the request: a change right after it must not be missed
        try:
            while not self._see():
                pass
        except BaseException:
            self._watching = False
            raise

    def _see(self) -> bool:
        """Read the cluster version and watch it; tell whether that could be done."""
        try:
            found = self._requests.get_newest(HOSTS, self._changed, self._clock.sends)
        except NoNodeError:
            self._clock.hears()
            self._version = None
            return self._requests.exists(HOSTS, self._changed) is None
        self._clock.hears()
        self._note(*found)
        return True

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
            raise BadHost(_NO_FLEET) from None
        return self._version

    def report(self, **properties: Any) -> None:
        """Update this host's node, now or at the next :meth:`deliver`."""
        self._node.note(**properties)
        try:
            self._node.show()
        except Unreachable as error:
            logger.warning("This host's node will be updated later: %s", error)

    def all_stop(self, error: str) -> None:
        """Stop the fleet, now or at the next :meth:`deliver`."""
        if len(error) > MAX_ERROR:
            error = error[:MAX_ERROR] + " …"
        self._node.note(error=error)
        self._stop_intent.keep(error)
        try:
            self.deliver()
        except Unreachable as silence:
            logger.warning("The fleet will be stopped later: %s", silence)

    def deliver(self) -> None:
        """Stop the fleet and show what this host's node should show, where that is still owed."""
        self.deliver_stop()
        self._node.show()

    def show_report(self) -> None:
        """Show the report as it is now. Unlike the other methods it may be called from any thread.

        Raises :exc:`~zc.zkdeployment.errors.Unreachable`.
        """
        self._node.show_report()

    def deliver_stop(self) -> None:
        """Stop the fleet where that is still owed."""
        error = self._stop_intent.error
        if error is not None:
            self._node.note(error=error)
            self._stop()
            self._stop_intent.forget()  # at once: a person may resume the fleet from now on

    def _stop(self) -> None:
        """Set the cluster version to ``None``, whatever it is and whoever sets it too."""
        while True:
            try:
                data, stat = self._requests.get(HOSTS)
                stopped = codec.encode(codec.decode(data) | {"version": None})
                stat = self._requests.set(HOSTS, stopped, stat.version)
            except BadVersionError:
                continue
            except NoNodeError:
                logger.warning("There is no %s any more: nothing to stop", HOSTS)
            else:
                self._note(stopped, stat)
            return

    def _note(self, data: bytes, stat: ZnodeStat) -> None:
        properties = codec.decode(data)
        self._hosts_version = stat.version
        self._version = properties.get("version")
        self._order = properties.get("order")

    def _changed(self, *_: Any) -> None:
        """Look again: ``/hosts`` changed, or the connection did and watches may be gone."""
        self._watching = False
        self._wakeup.set()

    def _woken(self, *_: Any) -> None:
        self._wakeup.set()
