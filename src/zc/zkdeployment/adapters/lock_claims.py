"""Whose a marker is: that of this agent, of an earlier life of it, or of somebody else."""

from __future__ import annotations

import logging
import time
from typing import Any

import zc.zk
from zc.zkdeployment.adapters.hosts_node import HOSTS
from zc.zkdeployment.adapters.lock_marker import Marker, boot_id, session_text
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.errors import Unreachable
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Identity, Version

logger = logging.getLogger(__name__)


class Claims:
    """Makes markers for one agent, and knows them again."""

    def __init__(self, zk: zc.zk.ZK, identity: Identity, wakeup: Wakeup) -> None:
        self.host = identity.host_identifier
        self.name = identity.host_name
        self._boot = boot_id()
        self._client = zk.client
        self._requests = Requests(zk)
        self._wakeup = wakeup
        self._sessions: set[str] = set()  # of this life, with which markers were made
        self._told: object = None  # what was last logged

    def marker(self, version: Version, step: str | None) -> Marker:
        """Make a marker; raises :exc:`~zc.zkdeployment.errors.Unreachable` without a session."""
        client_id = self._client.client_id
        if client_id is None:
            raise Unreachable("the connection was lost")
        session = session_text(client_id[0])
        self._sessions.add(session)
        return Marker(self.host, self.name, self._boot, session, int(time.time()), version, step)

    def ours(self, marker: Marker) -> bool:
        """Tell whether this agent made a marker, in this life."""
        return marker.host == self.host and marker.session in self._sessions

    def may_take(self, marker: Marker) -> bool:
        """Tell whether a marker is of this agent, in this life or an earlier one.

        It is not while an agent is registered in whose session it was made: that one is at
        work. When it goes, whoever waits is woken.
        """
        if self.ours(marker):
            return True
        if not marker.of_machine(self.host, self.name, self._boot):
            return False
        stat = self._requests.exists(f"{HOSTS}/{self.host}", self._woken)
        return stat is None or session_text(stat.ephemeralOwner) != marker.session

    def explain(self, lock: str, markers: tuple[Marker, ...]) -> None:
        """Say, once, why a lock is not taken that may look as if it could be."""
        odd = [marker for marker in markers if marker.host in (None, self.host)]
        if not odd or self._told == (lock, markers):
            return
        self._told = lock, markers
        for marker in odd:
            if marker.host is None:
                logger.warning(
                    "The lock %s holds what makes no sense, so somebody may work there: see"
                    " 'zkdeploy locks'",
                    lock,
                )
            else:
                logger.warning(
                    "The lock %s is held by another agent with this host identifier: %s, boot"
                    " %s, session %s",
                    lock,
                    marker.name,
                    marker.boot,
                    marker.session,
                )

    def _woken(self, *_: Any) -> None:
        self._wakeup.set()
