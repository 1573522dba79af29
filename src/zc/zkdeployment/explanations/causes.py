"""What may be wrong with a fleet: each function looks for one cause, the worst ones first."""

from __future__ import annotations

from collections.abc import Callable

from zc.zkdeployment.explanations import advice
from zc.zkdeployment.explanations.explanation import Explanation, listed, moment, name_of, short
from zc.zkdeployment.explanations.stops import failures, held, stopped
from zc.zkdeployment.explanations.waits import behind, dead_locks, under_way
from zc.zkdeployment.model import same_version
from zc.zkdeployment.revisions.versions import can_be_published
from zc.zkdeployment.views.overview import HostView, Overview, remaining_drift

#: Returns an explanation if its cause is there.
Cause = Callable[[Overview], Explanation | None]


def no_fleet(overview: Overview) -> Explanation | None:
    """Nothing was ever published."""
    if overview.index:
        return None
    return Explanation(
        "There is no fleet yet: ZooKeeper has no /hosts.",
        (),
        (advice.publish("publish a tree, which makes it"), "or look whether the address is right"),
    )


def broken_revision(overview: Overview) -> Explanation | None:
    """What was published cannot be read."""
    if overview.trouble is None:
        return None
    return Explanation(
        f"What was published cannot be read: {short(overview.trouble)}",
        (),
        (advice.publish("publish it again", "--force"), *advice.go_back(overview)),
    )


def refused(overview: Overview) -> Explanation | None:
    """A publisher was refused, and nothing was published since."""
    refusal = overview.refusal
    if refusal is None:
        return None
    what = "" if refusal.version is None else f" version {refusal.version!r:.100}"
    step = advice.publish("see to what the reason says, then publish again")
    if same_version(refusal.version, overview.version):
        step = advice.publish("see to what the reason says, then publish again", "--force")
    return Explanation(
        f"A publisher was refused: {short(refusal.by)} wanted to publish{what} at"
        f" {short(refusal.at)}, but: {short(refusal.reason)}",
        (),
        (step,),
    )


def by_hand(overview: Overview) -> Explanation | None:
    """Nobody published the version: somebody set it."""
    if not can_be_published(overview.version) or overview.record or overview.trouble:
        return None
    newest = overview.newest
    last = (
        f"the last one published is {newest.version!r:.100}, by {short(newest.by)}"
        if newest
        else ""
    )
    return Explanation(
        f"The cluster version {overview.version!r:.100} was set by hand"
        f"{moment(overview.changed, overview.at)}: there is no revision of it, so hosts deploy the"
        " live tree as it is.",
        (last,) if last else ("nothing was ever published",),
        (
            advice.publish("publish what hosts are to have", "--force"),
            *(
                (advice.set_version("or set that version again", newest.version),)
                if newest
                else ()
            ),
        ),
    )


def drifted(overview: Overview) -> Explanation | None:
    """Hosts have not any more what was deployed there."""
    hosts = [host for host in overview.hosts if remaining_drift(host.report)]
    if not hosts:
        return None
    explained = drift_of(hosts[0])
    more = [name_of(host.identity) for host in hosts[1:]]
    return Explanation(
        explained.cause,
        (*explained.details, *((f"likewise: {listed(more)}",) if more else ())),
        explained.next_steps,
    )


def drift_of(host: HostView) -> Explanation:
    """Explain the drift of a host."""
    drift = remaining_drift(host.report)
    found, failed = (drift.found, drift.unrepaired) if drift else ((), None)
    name = name_of(host.identity)
    checked = short(drift.checked) if drift else ""
    what = short(found[0]) if found else "somehow"
    mend = (
        f"mend on {name} what the repair failed at; its agent tries again, less and less often"
        if failed
        else "to have agents repair it, set drift = repair in the configuration of the host"
    )
    return Explanation(
        f"{name} has drifted, as it found at {checked}: {what}",
        (*((f"its repair failed: {short(failed)}",) if failed else ()), *found[1:]),
        (
            advice.verify_host(name),
            mend,
            advice.publish("or deploy it again, by publishing a new version"),
        ),
    )


def absent(overview: Overview) -> Explanation | None:
    """The tree expects hosts that are not registered."""
    dead = {
        name
        for lock in overview.locks
        for holder in lock.holders
        if not holder.alive
        for name in (holder.host, holder.name)
    }
    # Who holds a lock is told with that: it did come up.
    targets = [target for target in overview.absent if target not in dead]
    return absence_of(overview, *targets) if targets else None


def absence_of(overview: Overview, *targets: str) -> Explanation:
    """Explain why nobody works for targets."""
    gone = {host.identity.host_name: host for host in overview.gone}
    gone |= {host.identity.host_identifier: host for host in overview.gone}
    seen = gone.get(targets[0])
    history = (
        f"its agent was registered, at version {seen.version!r:.100}, and is gone"
        if seen
        else "it never came up, its agent does not run, or it is cut off from ZooKeeper"
    )
    return Explanation(
        f"The tree expects {listed(list(targets))}, and no host is registered as that: {history}.",
        (),
        (
            advice.start_agent(targets[0]),
            advice.publish("or, if the name is wrong or the host is gone, mend the tree"),
        ),
    )


#: All causes, the worst ones first.
CAUSES: tuple[Cause, ...] = (
    no_fleet,
    stopped,
    held,
    broken_revision,
    failures,
    dead_locks,
    under_way,
    behind,
    refused,
    by_hand,
    drifted,
    absent,
)
