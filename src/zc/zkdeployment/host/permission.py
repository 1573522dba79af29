"""Whether a host may go on with a deployment: asked before each step.

Source: agent.txt, "Fail safe error handling".
"""

from __future__ import annotations

from zc.zkdeployment.errors import Abandoned, Closed, Superseded, Unreachable
from zc.zkdeployment.host.fleet_ports import Cluster
from zc.zkdeployment.host.wakeup import Wakeup
from zc.zkdeployment.model import Version, same_version

#: Seconds until the next try where ZooKeeper did not answer.
RETRY = 1.0


class Permission:
    """Looks at the cluster version for the thread that deploys.

    ``is_over``: whether the agent was told that the step that runs now is the last one.
    """

    def __init__(self, cluster: Cluster, wakeup: Wakeup) -> None:
        self.is_over = False
        self._cluster = cluster
        self._wakeup = wakeup

    def end(self) -> None:
        """Let no further step start. May be called from any thread."""
        self.is_over = True
        self._wakeup.set()

    def check(self, version: Version, changes: int, *, afresh: bool) -> None:
        """Raise :exc:`Abandoned` if no further step may start; wait while that is unknown.

        ``changes`` is how often the cluster version had been set when ``version`` was begun.
        """
        self.look(afresh=afresh)
        now = self._cluster.version()
        _refuse_stop(now)
        if not same_version(now, version) and self._cluster.changes() != changes + 1:
            # Between the two there may have been a stop that this host never saw:
            # docs/adr/0008-leaving-a-version.md.
            raise Superseded(f"cluster version is {now}")

    def check_same(self, version: Version) -> None:
        """Raise :exc:`Abandoned` if what was read may not be what ``version`` wants."""
        now = self._cluster.read_version()
        if not same_version(now, version):
            _refuse_stop(now)
            raise Superseded(f"cluster version is {now}")

    def look(self, *, afresh: bool) -> None:
        """See the cluster version, in a session that is alive; wait for one if need be.

        Raises :exc:`Abandoned` where the agent is told to close.
        """
        while True:
            seen = self._wakeup.count
            if self.is_over:
                raise Abandoned("the agent is closing")
            try:
                self._cluster.look(afresh=afresh)
            except Closed:
                if not self.is_over:
                    raise
            except Unreachable:
                pass
            else:
                if self._cluster.connected():
                    return
            self._wakeup.wait(seen, RETRY)


def _refuse_stop(now: Version) -> None:
    if now is None or now is False:
        raise Abandoned(f"cluster version is {now}")
