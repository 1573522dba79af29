"""Brings events to one webhook, in order, again and again until each is taken."""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import Protocol

from zc.zkdeployment.adapters.webhooks import NotSent, address_of, send
from zc.zkdeployment.moments import seconds_of
from zc.zkdeployment.notifications import messages
from zc.zkdeployment.notifications.outbox import Notice, Outbox
from zc.zkdeployment.settings.notify_settings import NotifySettings, Webhook

logger = logging.getLogger("zc.zkdeployment.notify")

#: Seconds: until the second attempt, between attempts at most, and until an event is given up.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
LONGEST_TIME = 24 * 3600.0

_LOOK = 1.0  # seconds until it is looked again whether anything may be sent


def check_authorities(settings: NotifySettings) -> None:
    """Raise :exc:`~zc.zkdeployment.errors.BadConfiguration` where authorities cannot be read."""
    for webhook in settings.webhooks:
        address_of(webhook.url, webhook.timeout, webhook.ca_file)


class Office(Protocol):
    """Whom a courier works for. Its methods may be called from any thread."""

    def may_send(self) -> bool:
        """Tell whether anything may be sent now."""
        ...

    def sent(self, outbox: str, webhook: str, number: int) -> None:
        """Be told that an event was sent, or given up."""
        ...


class Courier:
    """Sends what :meth:`offer` offers, in a thread of its own, until :meth:`close`.

    Raises :exc:`~zc.zkdeployment.errors.BadConfiguration` where authorities cannot be read.
    """

    def __init__(self, webhook: Webhook, fleet: str | None, office: Office) -> None:
        self._webhook = webhook
        self._fleet = fleet
        self._office = office
        self._address = address_of(webhook.url, webhook.timeout, webhook.ca_file)
        self._changed = threading.Condition()
        self._outbox: Outbox | None = None
        self._closed = False
        self._done: tuple[str, int] = ("", 0)  # outbox and number
        self._failures = 0
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name=f"to {webhook.name}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Begin no further attempt; the one under way is waited for."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def offer(self, outbox: Outbox | None) -> None:
        """From now on send what this outbox holds; ``None``: nothing. Returns at once."""
        with self._changed:
            self._outbox = outbox
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            work = self._next()
            if work is None:
                return
            self._deal_with(*work)

    def _next(self) -> tuple[Outbox, Notice] | None:
        """Wait for something to send; ``None``: the end."""
        with self._changed:
            while not self._closed:
                outbox = self._outbox
                notice = outbox and outbox.next_for(self._webhook.name)
                if outbox and notice and self._office.may_send():
                    name, number = self._done
                    if name != outbox.name or notice.number > number:
                        return outbox, notice
                    # Sent already; where that is not written down soon, it was not heard.
                    if not self._changed.wait(_LOOK):
                        self._office.sent(outbox.name, self._webhook.name, number)
                    continue
                self._changed.wait(_LOOK if notice else None)
            return None

    def _deal_with(self, outbox: Outbox, notice: Notice) -> None:
        if notice.event.kind in self._webhook.kinds:
            try:
                self._send(outbox, notice)
            except NotSent as error:
                if not self._gives_up(notice, error):
                    self._pause(error.delay)
                    return
            else:
                self._succeeded()
        self._done = outbox.name, notice.number
        self._office.sent(outbox.name, self._webhook.name, notice.number)

    def _send(self, outbox: Outbox, notice: Notice) -> None:
        identifier = outbox.identifier(notice)
        body = messages.body(notice.event, identifier, self._webhook.form, self._fleet)
        headers = messages.headers(identifier, body, self._webhook.secret, int(time.time()))
        send(self._address, body, headers)
        logger.info("Told %s: %s", self._webhook.name, messages.summary(notice.event))

    def _succeeded(self) -> None:
        if self._trouble:
            logger.info("%s takes messages again", self._webhook.name)
        self._failures, self._trouble = 0, ""

    def _gives_up(self, notice: Notice, error: NotSent) -> bool:
        """Tell whether to try an event no more, and tell people what is wrong."""
        age = time.time() - (seconds_of(notice.event.at) or 0.0)
        gives_up = error.final or age > LONGEST_TIME
        trouble = str(error)
        if gives_up:
            what = messages.summary(notice.event)
            logger.error("Not told %s, and given up: %s (%s)", self._webhook.name, what, error)
        elif trouble != self._trouble:
            logger.warning("%s does not take messages yet: %s", self._webhook.name, error)
        self._trouble = trouble
        return gives_up

    def _pause(self, delay: float | None) -> None:
        pause = min(FIRST_PAUSE * 2 ** min(self._failures, 16), LONGEST_PAUSE)
        # Not all at the same moment, where many fleets tell one receiver.
        pause = max(pause * random.uniform(0.75, 1.25), delay or 0.0)  # noqa: S311 # no secret
        self._failures += 1
        end = time.monotonic() + pause
        with self._changed:
            while not self._closed and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
