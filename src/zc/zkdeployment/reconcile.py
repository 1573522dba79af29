"""The agent's one thread: look at the world, decide, act; again when something changed.

Source: agent.txt, "Basic updates", "Error handling", "Fail safe error
handling"; companions.md, "After-deployment hook".
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from functools import partial

from zc.zkdeployment.errors import Abandoned, Closed, Superseded, Unreachable, as_builtin
from zc.zkdeployment.execute import Deploying, World
from zc.zkdeployment.gate import Gate, judge
from zc.zkdeployment.model import Identity, Version, same_version
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.observe import read_desired
from zc.zkdeployment.ports import Cluster, HostFiles, Trees
from zc.zkdeployment.status import Status
from zc.zkdeployment.wakeup import Wakeup

logger = logging.getLogger(__name__)

#: Seconds until the next try where ZooKeeper did not answer.
RETRY = 1.0


class Reconciler:
    """Brings one host to the cluster version, and stops the fleet where that fails.

    ``after`` is the after-deployment command, empty for none. Attributes:
    ``version``, the version that the host reached; ``failing``, whether the
    last deployment failed.
    """

    def __init__(
        self,
        identity: Identity,
        world: World,
        cluster: Cluster,
        trees: Trees,
        wakeup: Wakeup,
        version: Version = None,
        after: tuple[str, ...] = (),
    ) -> None:
        self.version = version
        self.failing = False
        self._identity = identity
        self._world = world
        self._cluster = cluster
        self._trees = trees
        self._wakeup = wakeup
        self._after = after
        self._status = Status(world.files)
        self._closing = threading.Event()
        self._stopped_for: Exception | None = None

    def run(self) -> None:
        """Look and act until :meth:`close`.

        Raises :exc:`~zc.zkdeployment.errors.Closed` where the connection ended by itself.
        """
        waiting_for = ""  # to say it once
        while not self._closing.is_set():
            seen = self._wakeup.count
            try:
                self.settle()
            except Closed:
                if not self._closing.is_set():
                    raise  # there will be no other connection: the supervisor knows what to do
            except Unreachable as error:
                if str(error) != waiting_for:
                    waiting_for = str(error)
                    logger.warning("Waiting for ZooKeeper: %s", error)
                self._wakeup.wait(seen, RETRY)
            else:
                waiting_for = ""
                self._wakeup.wait(seen)

    def close(self) -> None:
        """Let the step that runs now be the last one. May be called from any thread."""
        self._closing.set()
        self._wakeup.set()

    def away(self, since: datetime | None) -> None:
        """Show on this host that ZooKeeper is away, ``None``: is back. From any thread."""
        if since is None:
            logger.info("ZooKeeper is back")
        else:
            logger.warning("ZooKeeper is away since %s: nothing is begun", text_of(since))
        self._status.away(since)

    def settle(self) -> Gate:
        """Deploy until there is nothing to deploy; return why.

        Raises :exc:`~zc.zkdeployment.errors.Unreachable` where ZooKeeper does
        not answer; nothing is lost by calling again.
        """
        while True:
            self._cluster.deliver()
            self._cluster.look()
            version, changes = self._cluster.version(), self._cluster.changes()
            verdict = judge(version, whole_version(self.version, self._world.files))
            if verdict is Gate.CURRENT:
                self._rest(version)
            if verdict is not Gate.OPEN or self._closing.is_set():
                return verdict
            self._deploy(version, changes)

    def _rest(self, version: Version) -> None:
        self._cluster.report(error=None)
        for path in sorted(self._world.locks.owned()):
            self._world.locks.disown(path)
        self._status.say_once(version, "done")

    def _deploy(self, version: Version, changes: int) -> None:
        if same_version(version, self.version):  # but another one was begun since
            self._cluster.report(error=None, version=None)
        else:
            self._cluster.report(error=None)
        logger.info("=" * 60)
        logger.info("Deploying version %s", version)
        status = partial(self._status.say, version)
        status("deploying")

        def going_on(*, afresh: bool = False) -> None:
            self._check_going_on(version, changes, afresh)

        try:
            desired = read_desired(
                self._trees, self._identity, version, lambda: self._check_same(version)
            )
            deploying = Deploying(
                self._identity,
                self._world,
                self._cluster,
                version,
                going_on,
                status,
                self._stop_fleet,
            )
            self._world.files.begin_version(version)
            deploying.run(desired)
            self._reached(version)
        except Abandoned as reason:
            level = logging.INFO if isinstance(reason, Superseded) else logging.WARNING
            status("abandoned")
            logger.log(level, "Abandoning deployment because %s", reason)
        except Unreachable:
            raise
        except Exception as error:  # whatever it is, the fleet must stop
            self._fail("deploying", f"FAILED deploying version {version}", version, error)
        else:
            status("done")  # before the log says it: whoever reads that may look
            logger.info("Done deploying version %s", version)
            self._run_after(version)

    def _check_same(self, version: Version) -> None:
        """Raise :exc:`Abandoned` if what was read may not be what ``version`` wants."""
        now = self._cluster.read_version()
        if not same_version(now, version):
            _refuse_stop(now)
            raise Superseded(f"cluster version is {now}")

    def _check_going_on(self, version: Version, changes: int, afresh: bool) -> None:
        """Raise :exc:`Abandoned` if no further step may start; wait while that is unknown."""
        self._look(afresh=afresh)
        now = self._cluster.version()
        _refuse_stop(now)
        if not same_version(now, version) and self._cluster.changes() != changes + 1:
            # Between the two there may have been a stop that this host never saw:
            # docs/adr/0008-leaving-a-version.md.
            raise Superseded(f"cluster version is {now}")

    def _look(self, *, afresh: bool) -> None:
        """See the cluster version, in a session that is alive; wait for one if need be.

        Raises :exc:`Abandoned` where the agent is told to close.
        """
        while True:
            seen = self._wakeup.count
            if self._closing.is_set():
                raise Abandoned("the agent is closing")
            try:
                self._cluster.look(afresh=afresh)
            except Closed:
                if not self._closing.is_set():
                    raise
            except Unreachable:
                pass
            else:
                if self._cluster.connected():
                    return
            self._wakeup.wait(seen, RETRY)

    def _reached(self, version: Version) -> None:
        self.version = version
        self.failing = False
        self._world.files.write_version(version)
        self._cluster.report(version=version)

    def _run_after(self, version: Version) -> None:
        if not self._after:
            return
        try:
            self._look(afresh=True)
        except (Abandoned, Closed) as reason:
            logger.warning("Not running after hook because %s", reason)
            self._world.files.begin_version(version)  # the next agent deploys it again, with it
            return
        logger.info("Running after hook")
        try:
            self._world.commands.run(self._after)
        except Exception as error:  # whatever it is, the fleet must stop
            self._fail("after", f"FAILED after deploying version {version}", version, error)

    def _fail(self, doing: str, verdict: str, version: Version, error: Exception) -> None:
        self.failing = True
        self._stop_fleet(error)
        plain = as_builtin(error)
        logger.error(doing, exc_info=(type(plain), plain, error.__traceback__))
        self._status.say(version, "error")
        logger.critical(verdict)

    def _stop_fleet(self, error: Exception) -> None:
        """Stop the fleet, once for an error: a person may have resumed it since."""
        if error is not self._stopped_for:
            self._stopped_for = error
            self._cluster.all_stop(str(error))


def whole_version(reached: Version, files: HostFiles) -> Version:
    """Return the version that a host is at, ``None`` if it is at none as a whole.

    A host that failed on its way to another version has not gone back: for whoever
    rolls back, it has to deploy the version again that it had reached.
    """
    return None if files.is_unfinished() else reached


def _refuse_stop(now: Version) -> None:
    if now is None or now is False:
        raise Abandoned(f"cluster version is {now}")
