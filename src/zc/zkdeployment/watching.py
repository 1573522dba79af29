"""An :class:`~zc.zkdeployment.views.overview.Overview`, once or kept current."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from kazoo.exceptions import KazooException
from kazoo.protocol.states import KazooState

import zc.zk
from zc.zkdeployment.adapters.fleet_view import FleetView
from zc.zkdeployment.adapters.hosts_node import HOSTS
from zc.zkdeployment.adapters.known_nodes import KnownNodes, WatchingFetch
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.model import Manifest
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.views.overview import HostView, Overview, overview_of

#: Seconds between two overviews, at least.
PAUSE = 0.2

_RETRY = 1.0  # seconds until a look that failed is repeated
_SHARE = 2  # times as long as a look took, nothing is read: a busy fleet is looked at less often
_MOST_GONE = 1000  # hosts that are remembered


def read_overview(zk: zc.zk.ZK) -> Overview:
    """Return the fleet as it is now, read in a number of requests that does not grow with it.

    Where there is no ``/hosts``, the ``index`` is 0. Raises what :class:`zc.zk.ZK` raises.
    """
    zk.bulk.calls.read(partial(zk.client.sync_async, HOSTS))  # a server may lag behind
    return overview_of(FleetView(KnownNodes(zk.bulk.read), zk.bulk.read).look())


def read_wanted(zk: zc.zk.ZK, overview: Overview, host: HostView) -> tuple[Manifest, ...]:
    """Return what the published revision of the goal wants on a host, as each of its targets.

    Nothing where the goal was not published. Raises
    :exc:`~zc.zkdeployment.errors.BadRevision`, and what :class:`zc.zk.ZK` raises.
    """
    if overview.record is None:
        return ()
    targets = sorted(host.identity.targets)
    found = Revisions(zk.bulk.read).manifests(overview.goal, targets) or {}
    return tuple(found[target] for target in targets if target in found)


class FleetWatch:
    """Keeps an overview current, over the one session of ``zk``, until it is closed.

    Nodes that change are read again, and no others; however often they change, there are
    only a few overviews per second. While ZooKeeper does not answer, the last one stays.
    The first one is read at once: raises what :class:`zc.zk.ZK` raises.
    """

    def __init__(self, zk: zc.zk.ZK) -> None:
        self._zk = zk
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._more = threading.Condition()
        self._afresh = False  # watches may be gone
        self._lost: str | None = None  # since when there is no connection
        self._failing: str | None = None  # since when looks fail
        self._ended: BaseException | None = None  # what ended the thread
        self._fetch = WatchingFetch(zk, self._wake.set)
        self._nodes = KnownNodes(self._fetch)
        self._view = FleetView(self._nodes, zk.bulk.read)
        zk.client.add_listener(self._state_changed)
        try:
            self._overview = self._look(())
        except BaseException:
            zk.client.remove_listener(self._state_changed)
            raise
        self._thread = threading.Thread(target=self._run, name="fleet watch", daemon=True)
        self._thread.start()

    @property
    def away(self) -> str | None:
        """Since when ZooKeeper does not answer (ISO 8601, UTC); ``None``: it does."""
        return self._failing or self._lost

    def current(self) -> Overview:
        """Return the newest overview; no request is made."""
        return self._overview

    def wait(self, seen: Overview | None, timeout: float | None = None) -> Overview | None:
        """Return an overview other than ``seen`` as soon as there is one.

        ``None`` once ``timeout`` seconds are over, or the watch is closed. From any thread.
        Raises ``RuntimeError`` where the watch ended by itself: nothing will come any more.
        """
        with self._more:
            self._more.wait_for(
                lambda: self._overview is not seen or self._closing.is_set(), timeout
            )
            if self._ended is not None:
                raise RuntimeError("the fleet is not watched any more") from self._ended
            return None if self._overview is seen or self._closing.is_set() else self._overview

    def close(self) -> None:
        """End the watch; the session stays open."""
        self._zk.client.remove_listener(self._state_changed)
        with self._more:
            self._closing.set()
            self._more.notify_all()
        self._wake.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        try:
            self._keep_current()
        except BaseException as error:
            self._ended = error
            raise
        finally:  # whatever ended it: nobody waits for what does not come
            with self._more:
                self._closing.set()
                self._more.notify_all()

    def _keep_current(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._wake.clear()
            began = time.monotonic()
            try:
                found = self._look(self._overview.gone)
            except KazooException:
                # What could not be read is to be tried again, whatever has changed since.
                self._failing = self._failing or text_of(datetime.now(UTC))
                self._wake.set()
                self._closing.wait(_RETRY)
                continue
            self._failing = None
            self._show(found)
            self._closing.wait(max(PAUSE, _SHARE * (time.monotonic() - began)))

    def _look(self, gone: tuple[HostView, ...]) -> Overview:
        for path, about_children in self._fetch.take_changes():
            self._nodes.forget(path, data=not about_children, children=about_children)
        if self._afresh:
            self._afresh = False  # before anything is read: it may be lost again meanwhile
            self._nodes.forget_all()
        sight = self._view.look()
        self._nodes.keep_wanted()
        return overview_of(sight, gone)

    def _show(self, found: Overview) -> None:
        before = self._overview
        found = replace(found, gone=_gone(before, found))
        if replace(found, at=before.at) == before:
            return
        with self._more:
            self._overview = found
            self._more.notify_all()

    def _state_changed(self, state: str) -> None:
        if state == KazooState.CONNECTED:
            self._lost = None
            self._afresh = True
            self._wake.set()
        else:
            self._lost = self._lost or text_of(datetime.now(UTC))


def _gone(before: Overview, now: Overview) -> tuple[HostView, ...]:
    """Return the hosts that were seen and are not registered any more, the last ones last."""
    here = {host.identity.host_identifier for host in now.hosts}
    seen = (*before.gone, *before.hosts)
    return tuple(host for host in seen if host.identity.host_identifier not in here)[-_MOST_GONE:]
