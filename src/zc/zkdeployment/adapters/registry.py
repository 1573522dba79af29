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

import zc.zk
from zc.zk import codec
from zc.zkdeployment.adapters.host_node import HostNode
from zc.zkdeployment.adapters.hosts_node import HOSTS, NO_FLEET, HostsNode
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.errors import AnotherAgent, BadHost, Unreachable
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Identity, Version
from zc.zkdeployment.reports.report import Report

logger = logging.getLogger(__name__)

#: Characters of an error that a host node shows.
MAX_ERROR = 2000


class Registry(HostsNode):
    """The cluster, as :class:`zc.zkdeployment.host.fleet_ports.Cluster` describes it.

    One thread calls it. With ``report``, what that returns is shown as well.
    """

    def __init__(
        self,
        zk: zc.zk.ZK,
        identity: Identity,
        wakeup: Wakeup,
        stop_intent: StopIntent,
        report: Callable[[], Report] | None = None,
    ) -> None:
        super().__init__(zk, wakeup)
        self._stop_intent = stop_intent
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
            raise BadHost(NO_FLEET) from None
        return True

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

    def _woken(self, *_: Any) -> None:
        self._wakeup.set()
