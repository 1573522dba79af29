"""Shows the metrics of an agent: in a file, over HTTP, both or not at all.

Nothing that goes wrong here keeps an agent from deploying: it is logged.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from datetime import datetime
from pathlib import Path
from typing import Protocol

from zc.zkdeployment.adapters import durable
from zc.zkdeployment.metrics.agent_metrics import Totals, agent_metrics
from zc.zkdeployment.model import Identity
from zc.zkdeployment.reports.report import Report
from zc.zkdeployment.settings.metrics_settings import MetricsSettings

logger = logging.getLogger(__name__)

_PAUSE = 1.0  # seconds between two writings
_LONGEST = 60.0  # seconds until the file is written again: an old one tells of a dead agent


class _Server(Protocol):
    def close(self) -> None: ...


class Telemetry:
    """The metrics of a host's agent, shown from :meth:`start` to :meth:`close`.

    Where nobody wants to see them, it only counts. To be used from any thread.
    """

    def __init__(self, settings: MetricsSettings, identity: Identity) -> None:
        self._identity = identity
        self._lock = threading.Lock()
        self._report: Report | None = None
        self._totals = Totals()
        self._away: datetime | None = None
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._settings = settings
        self._server: _Server | None = None
        self._trouble = ""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to show them, where the settings say."""
        if self._settings.port is not None:
            self._serve(self._settings.port)
        if self._settings.file is not None:
            file = Path(self._settings.file)
            self._thread = threading.Thread(
                target=self._run, args=(file,), name="metrics file", daemon=True
            )
            self._thread.start()

    def note(self, report: Report) -> None:
        """Take note of what the agent does now. Does not wait for anything."""
        with self._lock:
            self._totals = self._totals.after(self._report, report)
            self._report = report
        self._changed.set()

    def away(self, since: datetime | None) -> None:
        """Take note that ZooKeeper does not answer, with ``None`` that it does again."""
        self._away = since
        self._changed.set()

    def text(self) -> str:
        """Return the metrics as they are now."""
        with self._lock:
            report, totals = self._report, self._totals
        return agent_metrics(self._identity, report, totals, self._away)

    def close(self) -> None:
        """End. The file goes: an agent that does not run tells nothing."""
        self._closing.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join()
        if self._server is not None:
            self._server.close()

    def _serve(self, port: int) -> None:
        from zc.zkdeployment.adapters.metrics_server import MetricsServer  # few agents need it

        try:
            self._server = MetricsServer(self._settings.address, port, self.text)
        except OSError as error:
            where = f"{self._settings.address} port {port}"
            logger.error("No metrics at %s: %s", where, error.strerror or error)

    def _run(self, file: Path) -> None:
        while not self._closing.is_set():
            self._changed.clear()
            self._write(file)
            self._closing.wait(_PAUSE)
            self._changed.wait(_LONGEST)
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)

    def _write(self, file: Path) -> None:
        trouble = ""
        try:
            durable.replace(file, self.text())
        except OSError as error:
            trouble = error.strerror or str(error)
            if trouble != self._trouble:
                logger.error("No metrics in %s: %s", file, trouble)
        self._trouble = trouble
