"""Tells webhooks what happens to a fleet: one sender, however many run.

Any number of :class:`Notifier` may run. The first in line compares the fleet with what was
told, and writes down what is to be told before it sends it: see
:mod:`~zc.zkdeployment.notifications.outbox`. When it goes, the next one finds that and goes on.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
import uuid
from collections.abc import Sequence

from kazoo.exceptions import KazooException

import zc.zk
from zc.zkdeployment.adapters.notifier_place import NotFirst, Place
from zc.zkdeployment.adapters.revisions import Revisions
from zc.zkdeployment.courier import Courier
from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.notifications.messages import summary
from zc.zkdeployment.notifications.news import news, told_of
from zc.zkdeployment.notifications.outbox import Outbox
from zc.zkdeployment.revisions.ledger import Publication
from zc.zkdeployment.settings.notify_settings import NotifySettings
from zc.zkdeployment.views.overview import Overview
from zc.zkdeployment.watching import FleetWatch

logger = logging.getLogger("zc.zkdeployment.notify")

_RETRY = 1.0  # seconds until the next try where ZooKeeper did not answer
_LONGEST_LAG = 60.0  # seconds that a server of ZooKeeper may lag behind another
_LOOK = 1.0  # seconds until a thread that waits for the fleet looks whether it is to end


class Notifier:
    """Tells of the fleet that ``watch`` sees, over the one session of ``zk``.

    From :meth:`start` to :meth:`close`. ``zk`` is an attribute, too. A server of ZooKeeper may
    lag ``lag`` seconds behind another one. Raises
    :exc:`~zc.zkdeployment.errors.BadConfiguration` where authorities cannot be read.
    """

    def __init__(
        self,
        zk: zc.zk.ZK,
        watch: FleetWatch,
        settings: NotifySettings,
        *,
        lag: float = _LONGEST_LAG,
    ) -> None:
        self.zk = zk
        self._watch = watch
        self._gather = settings.gather
        self._names = [webhook.name for webhook in settings.webhooks]
        self._closing = threading.Event()
        self._sent: queue.SimpleQueue[tuple[str, str, int]] = queue.SimpleQueue()
        self._wakeup = Wakeup()
        self._place = Place(zk, self._wakeup.set)
        self._sends_from: str | None = None  # the place from which this one sends
        self._outbox: Outbox | None = None  # as it is written
        self._compared: Overview | None = None
        self._due: float | None = None  # when the fleet is compared with what was told
        self._lag = lag
        self._behind_since: float | None = None  # since when an older fleet than was told is seen
        self._trouble = ""
        self._couriers = [Courier(webhook, settings.fleet, self) for webhook in settings.webhooks]
        self._threads = [
            threading.Thread(target=self._run, name="notify", daemon=True),
            threading.Thread(target=self._follow, name="notify fleet", daemon=True),
        ]

    def start(self) -> None:
        """Begin; returns at once."""
        self.zk.client.add_listener(self._connection_changed)
        for courier in self._couriers:
            courier.start()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End: what is being sent is waited for, the next in line goes on with the rest."""
        for courier in self._couriers:
            courier.close()
        self._closing.set()
        self._wakeup.set()
        self.zk.client.remove_listener(self._connection_changed)
        for thread in self._threads:
            thread.join()

    def may_send(self) -> bool:
        """Tell a courier whether this is the sender, as far as it can know."""
        return self._outbox is not None and bool(self.zk.client.connected)

    def sent(self, outbox: str, webhook: str, number: int) -> None:
        """Be told by a courier which event of which outbox was sent, or given up."""
        self._sent.put((outbox, webhook, number))
        self._wakeup.set()

    def _connection_changed(self, _: object) -> None:
        self._wakeup.set()

    def _follow(self) -> None:
        """Have the fleet looked at whenever it changed."""
        seen = self._watch.current()
        while not self._closing.is_set():
            newer = self._watch.wait(seen, _LOOK)
            if newer is not None:
                seen = newer
                self._wakeup.set()

    def _run(self) -> None:
        while True:
            seen, closing = self._wakeup.count, self._closing.is_set()
            delay = None  # without a connection: until there is one
            if self.zk.client.connected:
                try:
                    self._turn()
                    if closing:
                        self._place.leave()
                except (NotFirst, KazooException, OSError) as error:
                    self._step_back(error)
                    delay = _RETRY
                else:
                    self._trouble = ""
                    if self._due is not None:
                        delay = max(0.0, self._due - time.monotonic())
            if closing:
                return
            self._wakeup.wait(seen, delay)

    def _turn(self) -> None:
        """Take up what is to be done, if this is the sender, and hand it to the couriers."""
        if not self._place.is_first():
            self._stop_sending()
            return
        if self._outbox is None or self._place.path != self._sends_from:
            self._outbox, self._sends_from = self._read(), self._place.path
            self._compared, self._due = None, None
            logger.info("This is the one that notifies")
        outbox = self._compare(self._note_sent(self._outbox))
        if outbox != self._outbox:
            self._place.write(outbox)
            self._outbox = outbox
        for courier in self._couriers:
            courier.offer(outbox)

    def _read(self) -> Outbox:
        """Return what was told, and write down from where on it is told if nothing was."""
        try:
            found = self._place.read()
        except ValueError as error:
            logger.error("Beginning anew: %s", error)
            found = None
        begun = found or Outbox(uuid.uuid4().hex[:12], told_of(self._watch.current()))
        begun = begun.for_webhooks(self._names)
        if begun != found:
            self._place.write(begun)
        return begun

    def _note_sent(self, outbox: Outbox) -> Outbox:
        with contextlib.suppress(queue.Empty):
            while True:
                name, webhook, number = self._sent.get_nowait()
                if name == outbox.name:
                    outbox = outbox.after_sending(webhook, number)
        return outbox

    def _compare(self, outbox: Outbox) -> Outbox:
        """Add what is to be told, once changes of a moment are gathered."""
        overview, now = self._watch.current(), time.monotonic()
        if overview is self._compared:
            return outbox
        if self._watch.away is not None:
            self._due = now + _RETRY
            return outbox
        if self._lags_behind(outbox, overview, now):
            return outbox
        if self._due is None:
            # What is found at first happened while nobody looked: what comes now is not among it.
            self._due = now + self._gather if self._compared else now
        if now < self._due:
            return outbox
        published = self._published(outbox, overview)
        late, self._compared, self._due = self._compared is None, overview, None
        if overview.index < outbox.told.index:
            logger.warning("Beginning anew: the fleet is another one than was told of")
            return outbox.add((), told_of(overview))
        events, told = news(outbox.told, overview, published, late=late)
        for event in events:
            logger.info("To be told: %s", summary(event))
        if dropped := outbox.dropped_by(len(events)):
            logger.error("%d events are dropped, the oldest: some webhook takes none", dropped)
        return outbox.add(events, told) if events or told != outbox.told else outbox

    def _published(self, outbox: Outbox, overview: Overview) -> Sequence[Publication]:
        """Return what the ledger has, where it is about publications that were not told."""
        if overview.newest is None or overview.newest.serial == outbox.told.serial:
            return ()
        try:
            return Revisions(self.zk.bulk.read).ledger().publications
        except BadRevision as error:
            logger.warning("Only the last publication is told: %s", error)
            return ()

    def _lags_behind(self, outbox: Outbox, overview: Overview, now: float) -> bool:
        """Tell whether a newer fleet than is seen was told of, and is going to be seen.

        It is not where somebody deleted ``/hosts`` and made it anew.
        """
        if overview.index >= outbox.told.index:
            if self._behind_since is not None:
                self._behind_since = self._due = None  # there is nothing to wait for any more
            return False
        if self._behind_since is None:
            self._behind_since = now
        self._due = self._behind_since + self._lag
        return now < self._due

    def _stop_sending(self) -> None:
        if self._outbox is not None:
            logger.info("Somebody else notifies")
        self._outbox, self._due = None, None
        for courier in self._couriers:
            courier.offer(None)

    def _step_back(self, error: Exception) -> None:
        """Send nothing until it is known again what was told."""
        self._stop_sending()
        trouble = str(error) or type(error).__name__
        if trouble != self._trouble:
            self._trouble = trouble
            logger.warning("Not notifying for the moment: %s", trouble)
