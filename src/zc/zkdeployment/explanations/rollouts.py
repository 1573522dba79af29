"""When a rollout is over, and how long that may take yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from zc.zkdeployment.explanations.explanation import name_of
from zc.zkdeployment.model import Version, same_version
from zc.zkdeployment.views.overview import HostView, Overview, has_reached


class Verdict(Enum):
    """How a rollout stands."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Rollout:
    """A version that hosts are to reach.

    ``expected`` are the hosts that were registered when it began: those that vanish are
    waited for. With ``all_targets`` so are targets that no host was registered as.
    """

    version: Version
    expected: tuple[HostView, ...] = ()
    all_targets: bool = False

    def judge(self, overview: Overview) -> Verdict:
        """Tell how the rollout stands."""
        if overview.version is None:
            return Verdict.STOPPED
        if overview.version is False:
            return Verdict.RUNNING
        if not same_version(overview.version, self.version):
            return Verdict.SUPERSEDED
        nobody = not overview.hosts and bool(overview.absent)
        if nobody or self.missing(overview) or self.done(overview) < len(overview.hosts):
            return Verdict.RUNNING
        return Verdict.DONE

    def done(self, overview: Overview) -> int:
        """Return how many hosts reached the version."""
        return sum(has_reached(host, self.version) for host in overview.hosts)

    def total(self, overview: Overview) -> int:
        """Return how many hosts there are, and are waited for to come."""
        return len(overview.hosts) + len(self.missing(overview))

    def missing(self, overview: Overview) -> tuple[str, ...]:
        """Return the names of those that are not registered and are waited for."""
        here = {host.identity.host_identifier for host in overview.hosts}
        gone = [
            host.identity for host in self.expected if host.identity.host_identifier not in here
        ]
        known = frozenset[str]().union(*(identity.targets for identity in gone))
        absent = sorted(set(overview.absent) - known) if self.all_targets else []
        return (*map(name_of, gone), *absent)


def remaining_seconds(finished: tuple[float, ...], left: int, now: float) -> float | None:
    """Estimate the seconds that a rollout takes yet; ``None`` before the first host is done.

    ``finished`` are the moments at which hosts were done, in seconds since it began, in
    order; ``left`` is how many are not, ``now`` the present moment. As many hosts are
    taken to be done per second as so far.
    """
    if left == 0:
        return 0.0
    if not finished:
        return None
    each = finished[-1] / len(finished)
    waited = now - finished[-1]
    # The next host may be late: then those after it still take their time.
    return max(left * each - waited, (left - 1) * each)
