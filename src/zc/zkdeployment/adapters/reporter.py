"""Keeps account of what the agent does, and has it written to the host node now and then.

The thread that deploys only takes a note of each step. Another one writes: not at every step,
at the end of a deployment at once, and never while ZooKeeper is away.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from kazoo.client import KazooClient
from kazoo.protocol.states import KazooState

from zc.zkdeployment.errors import Unreachable
from zc.zkdeployment.model import Version
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.reports.installed_software import SoftwareSeen
from zc.zkdeployment.reports.report import Activity, Drift, Report
from zc.zkdeployment.reports.reporting import Account, Now, last_lines

logger = logging.getLogger(__name__)

_PAUSE = 0.5  # seconds between two reports
_DELAY = 0.2  # seconds in which more steps may come: a short deployment is reported at its end
_SOON = 0.05  # seconds in which the thread that deploys writes the end itself, with the version
_LOOK = 1.0  # seconds between two looks at what a program prints


class Reporter:
    """Tells what an agent does, as :class:`~zc.zkdeployment.host.fleet_ports.Progress` says.

    At first it tells that nothing is done, and no version reached. ``noted`` is called with
    each report, without the output of the program that runs, and must not wait for anything.
    """

    def __init__(self, noted: Callable[[Report], None] = lambda _: None) -> None:
        self._noted = noted
        self._printed: Callable[[], str] = lambda: ""
        self._account = Account(Report(Activity.IDLE, since=_now().at))
        self._changed = threading.Event()
        self._at_once = threading.Event()
        self._closing = threading.Event()
        self._client: KazooClient | None = None
        self._thread: threading.Thread | None = None

    def current(self) -> Report:
        """Return the report as it is now. May be called from any thread."""
        account = self._account
        if not account.is_working:
            return account.report
        return replace(account.report, output=last_lines(self._printed()))

    def reads(self, printed: Callable[[], str]) -> None:
        """Tell from now on what ``printed`` returns: the end of what a running program printed.

        It may be called from any thread.
        """
        self._printed = printed

    def write_by(self, client: KazooClient, write: Callable[[], None]) -> None:
        """From now on call ``write`` where there is more to report, in a thread of its own.

        It is called only while ``client`` is connected, and may raise ``Unreachable``.
        """
        self._client = client
        self._thread = threading.Thread(
            target=self._run, args=(client, write), name="report", daemon=True
        )
        self._thread.start()
        client.add_listener(self._connection_changed)

    def close(self) -> None:
        """Write nothing any more. It waits for a request that runs: close its connection first."""
        self._closing.set()
        self._at_once.set()
        self._changed.set()
        if self._client is not None:
            self._client.remove_listener(self._connection_changed)
        if self._thread is not None:
            self._thread.join()

    def begins(self, version: Version) -> None:
        """A deployment of a version begins."""
        self._note(self._account.begins(version, _now()))

    def step(self, words: str) -> None:
        """The next step begins."""
        self._note(self._account.step(words, _now()))

    def waits(self, what: str) -> None:
        """The lock of ``what``, a node or the lock node of a role, is waited for."""
        self._note(self._account.waits(what, _now()))

    def reached(self, version: Version) -> None:
        """The deployment is done."""
        self._note(self._account.reached(version, _now()), at_once=True)

    def failed(self, error: BaseException) -> None:
        """The deployment failed."""
        self._note(self._account.failed(error, _now()), at_once=True)

    def abandoned(self) -> None:
        """The deployment was left between two steps."""
        self._note(self._account.abandoned(_now()), at_once=True)

    def rests(self, version: Version) -> None:
        """There is nothing to do."""
        self._note(self._account.rests(version, _now()), at_once=True)

    def unrepaired(self, error: BaseException) -> None:
        """Drift could not be repaired."""
        self._note(self._account.unrepaired(error, _now()), at_once=True)

    def verified(self, drift: Drift) -> None:
        """What was deployed was looked at."""
        self._note(self._account.verified(drift), at_once=True)

    def has(self, software: SoftwareSeen | None) -> None:
        """It was looked at which software the host has."""
        self._note(self._account.has(software))

    def _note(self, account: Account, *, at_once: bool = False) -> None:
        if account is self._account:
            return
        self._account = account
        self._noted(account.report)
        if at_once:
            self._at_once.set()
        if not self._changed.is_set():  # else it is going to be written anyway
            self._changed.set()

    def _connection_changed(self, state: str) -> None:
        if state == KazooState.CONNECTED:
            self._at_once.set()
            self._changed.set()

    def _run(self, client: KazooClient, write: Callable[[], None]) -> None:
        written = float("-inf")
        while True:
            noted = self._changed.wait(_LOOK if self._account.is_working else None)
            earliest = written + _PAUSE
            if noted:
                earliest = max(earliest, time.monotonic() + _DELAY)
            if self._at_once.wait(max(0.0, earliest - time.monotonic())):
                self._closing.wait(_SOON)
            if self._closing.is_set():
                return
            # Before the look: what is noted after it is written the next time.
            self._changed.clear()
            self._at_once.clear()
            if client.connected:
                try:
                    write()
                except Unreachable as error:
                    logger.debug("The report will be written later: %s", error)
                written = time.monotonic()


def _now() -> Now:
    return Now(text_of(datetime.now(UTC)), time.monotonic())
