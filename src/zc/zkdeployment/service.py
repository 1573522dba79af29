"""A program that runs as a service: what the service manager and the log are told of it."""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping

from zc.zkdeployment.adapters.journal import JournalHandler, is_journal
from zc.zkdeployment.adapters.service_manager import ServiceManager
from zc.zkdeployment.host.liveness import Liveness, Signs
from zc.zkdeployment.model import Version

logger = logging.getLogger(__name__)

#: What the option ``--log-format`` may say.
LOG_FORMATS = ("auto", "plain", "journal")

_PLAIN = "%(asctime)s %(name)s %(levelname)s %(message)s"
_PATIENCE = 60.0  # seconds for what is no program and no wait, where there is no watchdog
_EXTENSION = 30.0  # seconds that are asked for at a time while a step is finished
_LOOK = 5.0  # seconds

_node = re.compile(r"(?:deploying|remove) (/.*) [0-9]+(?: \(without ZooKeeper .*\))?").fullmatch


class Service:
    """Tells systemd that the program is ready, alive, what it does, and that it ends.

    Where nobody listens it does nothing but to remember for the log what is done.
    """

    def __init__(self, manager: ServiceManager, *, look: float = _LOOK) -> None:
        self._manager = manager
        self._look = look
        self._fields: Mapping[str, str] = {}
        self._ending = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Service:
        """Return the service that was started with this environment."""
        return cls(ServiceManager.of(environ))

    def doing(self, version: Version, step: str) -> None:
        """Say what is done, and about which version; from any thread."""
        match = _node(step)
        node = {"ZKDEPLOY_NODE": match.group(1)} if match else {}
        self._fields = {"ZKDEPLOY_VERSION": str(version), "ZKDEPLOY_STEP": step, **node}
        self._manager.status(f"version {version}: {step}")

    def fields(self) -> Mapping[str, str]:
        """Return what the journal gets with each record."""
        return self._fields

    def begin(self, signs: Callable[[], Signs] | None = None) -> None:
        """Say that the program does its work, and go on telling that it is alive.

        It is as long as ``signs``, which is asked from another thread, shows so;
        without it, as long as its threads are scheduled.
        """
        self._manager.ready()
        if self._manager.listens:
            self._thread = threading.Thread(
                target=self._watch, args=(signs or _always,), name="service", daemon=True
            )
            self._thread.start()

    def end(self) -> None:
        """Say that the program is told to end, and ask for time while its last step runs."""
        if not self._ending.is_set():
            self._ending.set()
            self._manager.stopping()
            self._manager.extend(_EXTENSION)

    def close(self) -> None:
        """Say nothing any more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self, signs: Callable[[], Signs]) -> None:
        watchdog = self._manager.watchdog
        patience = _PATIENCE if watchdog is None else watchdog / 2
        interval = self._look if watchdog is None else min(self._look, watchdog / 4)
        liveness = Liveness(patience, time.monotonic())
        said = True
        while not self._over.wait(interval):
            well = liveness.is_well(signs(), time.monotonic())
            if well and self._ending.is_set():
                self._manager.extend(_EXTENSION)
            if well and watchdog is not None:
                self._manager.alive()
            if well != said:
                said = well
                level, how = (logging.WARNING, "again") if well else (logging.CRITICAL, "no more")
                logger.log(level, "The thread that deploys gets on %s", how)


def log_handler(
    log_format: str,
    environ: Mapping[str, str],
    fields: Callable[[], Mapping[str, str]] = dict,
    *,
    plain: str = _PLAIN,
) -> logging.Handler:
    """Return what writes the log of a service.

    ``auto`` is the journal where standard error goes there, else lines on standard error,
    which ``plain`` lays out. ``fields`` returns what each record gets in the journal.
    """
    if log_format == "journal" or (log_format == "auto" and is_journal(sys.stderr, environ)):
        journal = JournalHandler(fields)
        journal.setFormatter(logging.Formatter("%(message)s"))  # all else is in fields
        return journal
    lines = logging.StreamHandler()
    lines.setFormatter(logging.Formatter(plain))
    return lines


def _always() -> Signs:
    return Signs(0, waits=True)
