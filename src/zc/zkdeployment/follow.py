"""Publishing whatever a source comes to hold, for as long as the process runs."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from kazoo.exceptions import KazooException, NodeExistsError, NoNodeError

import zc.zk
from zc.zkdeployment.adapters.fleet_state import NoFleet, read_fleet
from zc.zkdeployment.adapters.revisions import NOTIFY, Revisions
from zc.zkdeployment.errors import BadConfiguration, BadRevision, BadSource
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publication.publisher_ports import Source
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.sync import State, sync

logger = logging.getLogger("zc.zkdeployment.sync")

#: Seconds that nobody waits longer for the next look, whatever goes wrong.
LONGEST = 900.0

_MOST_DOUBLINGS = 16  # of the time between two looks; the longest is reached before
_NOTHING = object()  # was seen


class Follower:
    """Looks at a source every ``interval`` seconds, or at once when told to, and publishes.

    While something goes wrong it looks less and less often, up to :data:`LONGEST`.
    ``terms`` is asked anew for each publication.
    """

    def __init__(
        self,
        zk: zc.zk.ZK,
        source: Source,
        terms: Callable[[], Terms],
        limits: Limits,
        interval: float,
    ) -> None:
        self._zk = zk
        self._source = source
        self._terms = terms
        self._limits = limits
        self._interval = interval
        self._failures = 0
        self._settled: object = _NOTHING  # what was seen when there was no more to do
        self._events: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def look(self) -> None:
        """Look at the source at once. May be called from any thread."""
        self._events.put(True)

    def stop(self) -> None:
        """End :meth:`run` when what it does now is done. May be called from any thread."""
        self._events.put(False)

    def run(self) -> None:
        """Follow the source until :meth:`stop`."""
        going_on = True
        while going_on:
            self._attempt()
            going_on = self._wait()

    def _attempt(self) -> None:
        try:
            self._watch()
            seen = self._see()
            if seen == self._settled:
                return
            outcome = sync(self._zk, self._source, self._terms(), self._limits)
        except (BadSource, BadConfiguration, BadRevision, KazooException, OSError) as error:
            self._failures += 1
            logger.error("Not published: %s", str(error) or type(error).__name__)
            return
        self._failures = 0
        settled = outcome.state in (State.CURRENT, State.REFUSED)
        self._settled = seen if settled else _NOTHING

    def _wait(self) -> bool:
        """Wait until it is time to look again; tell whether to go on."""
        longer = self._interval * 2 ** min(self._failures, _MOST_DOUBLINGS)
        delay = min(longer, max(self._interval, LONGEST))
        try:
            going_on = self._events.get(timeout=delay)
            while going_on:
                going_on = self._events.get_nowait()
        except queue.Empty:
            return True
        return going_on

    def _see(self) -> object:
        """Return everything that decides whether there is something to publish."""
        try:
            fleet = read_fleet(self._zk)
        except NoFleet:
            return self._source.newest()
        hosts = tuple((host.identity, repr(host.version)) for host in fleet.hosts)
        begun = Revisions(self._zk.bulk.read).begun()
        return self._source.newest(), fleet.index, hosts, begun

    def _watch(self) -> None:
        """Learn when somebody calls :func:`notify`."""
        self._zk.exists(NOTIFY, self._notified)

    def _notified(self, _: Any) -> None:
        self._settled = _NOTHING
        self._events.put(True)


def notify(zk: zc.zk.ZK) -> None:
    """Have all that follow a source look at it at once; raises what :class:`zc.zk.ZK` does."""
    data = zc.zk.encode({"at": text_of(datetime.now(UTC))})
    try:
        zk.set(NOTIFY, data)
    except NoNodeError:
        try:
            zk.create(NOTIFY, data, makepath=True)
        except NodeExistsError:
            zk.set(NOTIFY, data)
