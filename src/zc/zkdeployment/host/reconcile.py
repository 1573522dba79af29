"""The agent's one thread: look at the world, decide, act; again when something changed.

Source: agent.txt, "Basic updates", "Error handling", "Fail safe error
handling"; companions.md, "After-deployment hook".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from zc.zkdeployment.errors import Abandoned, Closed, Superseded, Unreachable, as_builtin
from zc.zkdeployment.host.execute import Deploying, World
from zc.zkdeployment.host.fleet_ports import Cluster, Progress, Trees
from zc.zkdeployment.host.gate import Gate, judge
from zc.zkdeployment.host.host_ports import HostFiles
from zc.zkdeployment.host.observe import read_desired
from zc.zkdeployment.host.permission import RETRY, Permission
from zc.zkdeployment.host.status import Status
from zc.zkdeployment.host.verifying import Verifier
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Desired, Identity, Version, same_version
from zc.zkdeployment.moments import text_of

logger = logging.getLogger(__name__)

_NO_CHANGE = -2  # no number of changes follows: a repair is left for any other version


class Reconciler:
    """Brings one host to the cluster version, and stops the fleet where that fails.

    ``after`` is the after-deployment command, empty for none. ``told`` gets what the status
    file shows, too. Attributes: ``version``, the version that the host reached;
    ``failing``, whether the last deployment failed. ``progress`` is told what is done;
    ``verifier`` says when what was deployed has to be looked at; ``rests`` is called whenever
    nothing is to be done for now.
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
        told: Callable[[Version, str], None] | None = None,
        *,
        progress: Progress,
        verifier: Verifier,
        rests: Callable[[], None] = lambda: None,
    ) -> None:
        self.version = version
        self.failing = False
        self._identity = identity
        self._world = world
        self._cluster = cluster
        self._trees = trees
        self._wakeup = wakeup
        self._after = after
        self._progress = progress
        self._verifier = verifier
        self._rests = rests
        self._status = Status(world.files, told)
        self._permission = Permission(cluster, wakeup)
        self._stopped_for: Exception | None = None

    def run(self) -> None:
        """Look and act until :meth:`close`.

        Raises :exc:`~zc.zkdeployment.errors.Closed` where the connection ended by itself.
        """
        waiting_for = ""  # to say it once
        while not self._permission.is_over:
            seen = self._wakeup.count
            try:
                verdict = self.settle()
            except Closed:
                if not self._permission.is_over:
                    raise  # there will be no other connection: the supervisor knows what to do
            except Unreachable as error:
                if str(error) != waiting_for:
                    waiting_for = str(error)
                    logger.warning("Waiting for ZooKeeper: %s", error)
                self._wakeup.wait(seen, RETRY)
            else:
                waiting_for = ""
                self._rests()
                current = verdict is Gate.CURRENT
                self._wakeup.wait(seen, self._verifier.left() if current else None)

    def close(self) -> None:
        """Let the step that runs now be the last one. May be called from any thread."""
        self._permission.end()

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
            self._cluster.glance()
            version, changes = self._cluster.version(), self._cluster.changes()
            verdict = judge(version, whole_version(self.version, self._world.files))
            if verdict is Gate.CURRENT:
                self._rest(version)
                if not self._permission.is_over and self._verify(version):
                    continue
            if verdict is not Gate.OPEN or self._permission.is_over:
                return verdict
            self._deploy(version, changes)

    def _rest(self, version: Version) -> None:
        self._cluster.report(error=None)
        for path in sorted(self._world.locks.owned()):
            self._world.locks.disown(path)
        self._status.say_once(version, "done")
        self._progress.rests(version)

    def _verify(self, version: Version) -> bool:
        """See whether all is as it was deployed, if it is time; tell if it is deployed again."""

        def deploy_again(desired: Desired) -> None:
            self._begin(version)
            self._carry_out(version, _NO_CHANGE, desired, lambda _: None)
            self._call_after(version)

        try:
            again = self._verifier.verify(version, deploy_again)
        except Abandoned as reason:
            self._abandon(version, reason)
            return True
        if again:
            self._status.say(version, "done")
        return again

    def _deploy(self, version: Version, changes: int) -> None:
        if same_version(version, self.version):  # but another one was begun since
            self._cluster.report(error=None, version=None)
        else:
            self._cluster.report(error=None)
        logger.info("=" * 60)
        logger.info("Deploying version %s", version)
        self._begin(version)
        try:
            desired = read_desired(
                self._trees, self._identity, version, lambda: self._permission.check_same(version)
            )
            self._carry_out(version, changes, desired, self._stop_fleet)
        except Abandoned as reason:
            self._abandon(version, reason)
        except Unreachable:
            raise
        except Exception as error:  # whatever it is, the fleet must stop
            self._fail("deploying", f"FAILED deploying version {version}", version, error)
        else:
            # Before the log says it: whoever reads that may look.
            self._status.say(version, "done")
            logger.info("Done deploying version %s", version)
            self._run_after(version)

    def _begin(self, version: Version) -> None:
        self._status.say(version, "deploying")
        self._progress.begins(version)

    def _carry_out(
        self, version: Version, changes: int, desired: Desired, failed: Callable[[Exception], None]
    ) -> None:
        def going_on(*, afresh: bool = False) -> None:
            self._permission.check(version, changes, afresh=afresh)

        def status(doing: str) -> None:
            self._status.say(version, doing)
            self._progress.step(doing)

        deploying = Deploying(
            self._identity, self._world, self._cluster, version, going_on, status, failed
        )
        self._world.files.begin_version(version)
        deploying.run(desired)
        self._reached(version)
        self._verifier.deployed(version, desired)

    def _abandon(self, version: Version, reason: Abandoned) -> None:
        level = logging.INFO if isinstance(reason, Superseded) else logging.WARNING
        self._status.say(version, "abandoned")
        self._progress.abandoned()
        logger.log(level, "Abandoning deployment because %s", reason)

    def _reached(self, version: Version) -> None:
        self.version = version
        self.failing = False
        self._world.files.write_version(version)
        self._progress.reached(version)
        self._cluster.report(version=version)

    def _run_after(self, version: Version) -> None:
        try:
            self._call_after(version)
        except Exception as error:  # whatever it is, the fleet must stop
            self._fail("after", f"FAILED after deploying version {version}", version, error)

    def _call_after(self, version: Version) -> None:
        if not self._after:
            return
        try:
            self._permission.look(afresh=True)
        except (Abandoned, Closed) as reason:
            logger.warning("Not running after hook because %s", reason)
            self._world.files.begin_version(version)  # the next agent deploys it again, with it
            return
        logger.info("Running after hook")
        self._progress.step("running after hook")
        self._world.commands.run(self._after)
        self._progress.rests(version)

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
            self._progress.failed(error)
            self._cluster.all_stop(str(error))


def whole_version(reached: Version, files: HostFiles) -> Version:
    """Return the version that a host is at, ``None`` if it is at none as a whole.

    A host that failed on its way to another version has not gone back: for whoever
    rolls back, it has to deploy the version again that it had reached.
    """
    return None if files.is_unfinished() else reached
