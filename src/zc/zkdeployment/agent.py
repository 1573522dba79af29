"""The host agent: the façade that other programs and ``zkdeploy agent`` use.

Source: agent.txt, whole. Constructing an :class:`Agent` connects, registers
the host and begins to watch; :meth:`Agent.close` ends all that.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime

from zc.zkdeployment.adapters.outages import Outages
from zc.zkdeployment.adapters.registry import Registry
from zc.zkdeployment.adapters.reporter import Reporter
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.revisions import Trust
from zc.zkdeployment.adapters.script_environment import script_home
from zc.zkdeployment.adapters.single import OnlyAgent
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.connection import connect
from zc.zkdeployment.host.gate import Gate
from zc.zkdeployment.host.liveness import Signs
from zc.zkdeployment.host.observe import read_desired
from zc.zkdeployment.host.reconcile import Reconciler
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Deployment, UnversionedDeployment, Version
from zc.zkdeployment.reports.report import Report
from zc.zkdeployment.settings.config import Settings, settings_from_files
from zc.zkdeployment.telemetry import Telemetry
from zc.zkdeployment.wiring import identity_of, inventory_of, trust_of, verifier_of, world_of

__all__ = ["Agent", "Deployment", "UnversionedDeployment", "register"]

logger = logging.getLogger(__name__)

#: Seconds that :meth:`Agent.close` usually waits for a running script.
CLOSE_PATIENCE = 33.0

#: Seconds that an agent which is told to end waits for ZooKeeper to come back.
_LAST_PATIENCE = 3.0

_LOOK = 0.05  # seconds

#: How many session timeouts a node of an earlier agent may outlive it.
_LINGER = 1.5


class Agent:
    """Brings this host to what the tree says, whenever the cluster version changes.

    Without ``settings`` they come from the files that agent.txt names. With
    ``run_once`` one deployment is made, if there is one to make, and the agent
    is closed. Attributes: ``host_identifier``, ``host_name``, ``role``;
    ``verbose``, which may be set at any time; ``failing``, whether the last
    deployment failed. ``told`` is called, by any thread, with what the agent does, as the
    status file has it: a version, and a few words.

    Raises :exc:`~zc.zkdeployment.errors.BadConfiguration`,
    :exc:`~zc.zkdeployment.errors.AnotherAgent`,
    :exc:`zc.zk.errors.FailedConnect`.
    """

    def __init__(
        self,
        verbose: bool = False,
        run_once: bool = False,
        *,
        settings: Settings | None = None,
        told: Callable[[Version, str], None] | None = None,
    ) -> None:
        settings = settings or settings_from_files(os.environ)
        self.verbose = verbose
        self._identity = identity_of(settings)
        self.host_identifier = self._identity.host_identifier
        self.host_name = self._identity.host_name
        self.role = self._identity.role
        self._thread: threading.Thread | None = None
        self._outages: Outages | None = None
        self._telemetry = Telemetry(settings.metrics, self._identity)
        self._reporter = Reporter(self._telemetry.note)
        self._died = False
        trust = trust_of(settings)
        self._only = OnlyAgent(settings.run_directory)
        try:
            self.zk = connect(settings.zookeeper)
        except BaseException:
            self._only.close()
            raise
        try:
            self._start(settings, trust, told)
            if run_once:
                self._run_once()
            else:
                self._thread = threading.Thread(target=self._work, name="reconcile", daemon=True)
                self._thread.start()
        except BaseException:
            self.close()
            raise

    @property
    def version(self) -> Version:
        """The version that this host reached."""
        return self._reconciler.version

    @property
    def cluster_version(self) -> Version:
        """The version that the fleet should reach; as last seen while ZooKeeper is away."""
        return self._registry.version_now()

    @property
    def failing(self) -> bool:
        """Whether the last deployment failed."""
        return self._reconciler.failing

    @property
    def report(self) -> Report:
        """What the agent does now. May be asked for by any thread."""
        return self._reporter.current()

    def get_deployments(self) -> tuple[Deployment, ...]:
        """Return what the tree of the cluster version wants on this host, in tree order."""
        version = self._registry.version_now()
        return read_desired(self._trees, self._identity, version).deployments

    def get_installed_deployments(self) -> tuple[UnversionedDeployment, ...]:
        """Return what is deployed on this host."""
        return self._world.files.installed().deployments

    def run(self) -> int:
        """Block until the agent was told to stop; return an exit status.

        That is 0 after :meth:`stop`, and 1 if the agent cannot go on.
        """
        if self._thread is not None:
            self._thread.join()
        return int(self._died)

    def signs(self) -> Signs:
        """Return what shows of the thread that deploys; to be called from another one."""
        commands = self._world.commands
        begun = commands.begun + self._wakeup.waits
        return Signs(begun, self._wakeup.is_idle, commands.may_run_until)

    def stop(self) -> None:
        """Let the step that runs now be the last one; returns at once."""
        self._reconciler.close()

    def end(self) -> None:
        """End the script that runs now, too: TERM, then KILL; returns at once.

        The deployment is left there; the next agent goes on. Nobody stops the fleet for it.
        """
        self._reconciler.close()
        self._world.commands.end()

    def close(self, patience: float | None = CLOSE_PATIENCE) -> None:
        """End the agent: its running step is waited for, its host node goes away.

        After ``patience`` seconds, ``None`` for no limit, a script is left to itself; its
        node stays locked then. May be called more than once.
        """
        if self._thread is not None:
            self.stop()
            self._join(self._thread, patience)
        if self._outages is not None:
            self._outages.close()
        self.zk.close()
        self._reporter.close()
        self._telemetry.close()
        self._only.close()

    def _join(self, thread: threading.Thread, patience: float | None) -> None:
        """Wait for the thread that deploys, but not for what it waits for from ZooKeeper."""
        start = away_since = time.monotonic()
        while thread.is_alive() and (patience is None or time.monotonic() - start < patience):
            thread.join(_LOOK)
            if self.zk.client.connected:
                away_since = time.monotonic()
            elif time.monotonic() - away_since > _LAST_PATIENCE:
                self.zk.close()  # ends the thread's wait for an answer, and its last requests
                away_since = math.inf

    def _start(
        self,
        settings: Settings,
        trust: Trust | None,
        told: Callable[[Version, str], None] | None,
    ) -> None:
        wakeup = self._wakeup = Wakeup()
        self._registry = Registry(
            self.zk,
            self._identity,
            wakeup,
            StopIntent(settings.run_directory),
            self._reporter.current if settings.reports else None,
        )
        self._trees = Trees(Requests(self.zk), trust)
        self._world = world_of(
            settings,
            self._identity,
            self.zk,
            self._registry,
            wakeup,
            lambda: self.verbose,
            self._reporter,
        )
        version = self._world.files.read_version()
        self._reporter.rests(version)
        version = self._registry.register(version, _LINGER * self.zk.session_timeout)
        self._reconciler = self._reconciler_of(settings, version, told)
        self._registry.watch()
        if settings.reports:
            self._reporter.write_by(self.zk.client, self._registry.show_report)
        self._outages = Outages(self.zk.client, self._away)
        self._telemetry.start()
        home = os.environ.get("HOME")
        if home != script_home(os.environ, os.getuid()):
            logger.warning("Fixing incorrect home, %r.", home)
        logger.info("Agent starting, cluster %s, host %s", self._registry.version(), version)

    def _reconciler_of(
        self,
        settings: Settings,
        version: Version,
        told: Callable[[Version, str], None] | None,
    ) -> Reconciler:
        files = self._world.files
        inventory = inventory_of(settings, files, self._reporter) if settings.reports else None
        return Reconciler(
            self._identity,
            self._world,
            self._registry,
            self._trees,
            self._wakeup,
            version,
            settings.after,
            told,
            progress=self._reporter,
            verifier=verifier_of(settings, self._identity, files, self._trees, self._reporter),
            rests=inventory.look if inventory else lambda: None,
        )

    def _run_once(self) -> None:
        verdict = self._reconciler.settle()
        if verdict in (Gate.STOPPED, Gate.HELD, Gate.INVALID):
            logger.warning("Not deploying because cluster version is %s", self._registry.version())
        self.close()

    def _away(self, since: datetime | None) -> None:
        self._reconciler.away(since)
        self._telemetry.away(since)

    def _work(self) -> None:
        try:
            self._reconciler.run()
        except BaseException:
            # Without its thread the process is of no use: run() ends it.
            self._died = True
            logger.critical("The agent cannot go on", exc_info=True)


def register() -> None:
    """Enable checkouts, as programs of old do before they use them; they always are."""
