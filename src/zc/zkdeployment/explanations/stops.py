"""Why a fleet is stopped or held, and what failed."""

from __future__ import annotations

import re

from zc.zkdeployment.explanations import advice
from zc.zkdeployment.explanations.explanation import (
    Explanation,
    last_lines,
    listed,
    moment,
    name_of,
    short,
    since,
)
from zc.zkdeployment.revisions.versions import can_be_published
from zc.zkdeployment.views.overview import HostState, HostView, Overview

_about_trust = re.compile(
    r"^version .*?(?:is not signed|signed with key|the signature|its signature|signed ones only"
    r"|this host accepted)"
).match
_about_packages = re.compile(r"^Failed to install|^Command failed: (?:yum|dnf|apt)").match
_about_time = re.compile(r"took longer than [0-9.e+]+ s").search


def is_explained(overview: Overview) -> bool:
    """Tell whether it is known who stopped a fleet, if it is."""
    failed = any(host.state is HostState.FAILED for host in overview.hosts)
    return not overview.stopped or overview.stop is not None or failed


def stopped(overview: Overview) -> Explanation | None:
    """All stop: by a person, by a host that failed, or nobody knows."""
    if not overview.stopped:
        return None
    if overview.stop is not None:
        stop = overview.stop
        why = f": {short(stop.reason)}" if stop.reason else ", and gave no reason"
        passed, was = since(stop.at, overview.at), f"{stop.version!r:.100}"
        return Explanation(
            f"The fleet is stopped{passed}: {short(stop.by)} stopped it at version {was}{why}.",
            _errors(overview),
            (
                advice.resume(
                    f"ask {short(stop.by)} whether the reason is gone, then let it go on"
                ),
                advice.publish("or publish another revision over the stop", "--force"),
            ),
        )
    if failed := _first_that_failed(overview):
        return _failed(overview, failed)
    return Explanation(
        f"The fleet is stopped{since(overview.changed, overview.at)}, and nobody says why: the"
        " version of /hosts is None, no person used 'zkdeploy stop', and no host that is"
        " registered shows an error.",
        ("a host may have failed and be gone since: its log tells",),
        (
            advice.resume("find out who set it, then let the fleet go on", _known_goal(overview)),
            *advice.go_back(overview),
        ),
    )


def _first_that_failed(overview: Overview) -> HostView | None:
    """Return the host that stopped the fleet: others may have failed after it."""
    failed = [host for host in overview.hosts if host.state is HostState.FAILED]
    return min(failed, key=lambda host: host.since or "9", default=None)


def _known_goal(overview: Overview) -> int | float | str:
    return overview.goal if can_be_published(overview.goal) else "VERSION"


def _errors(overview: Overview) -> tuple[str, ...]:
    failed = [host for host in overview.hosts if host.error is not None]
    return tuple(
        f"{name_of(host.identity)} shows an error: {short(host.error or '')}"
        for host in failed[:5]
    )


def _failed(overview: Overview, host: HostView) -> Explanation:
    explained = failure_of(overview, host)
    others = [
        name_of(each.identity)
        for each in overview.hosts
        if each.state is HostState.FAILED and each is not host
    ]
    more = (f"also failed: {listed(others)}",) if others else ()
    return Explanation(
        f"The fleet is stopped: {explained.cause}",
        (*explained.details, *more),
        explained.next_steps,
    )


def failure_of(overview: Overview, host: HostView) -> Explanation:
    """Explain the error of a host."""
    error = host.error or ""
    step = f" at the step {short(host.step)!r}" if host.step else ""
    when = moment(host.since, overview.at)
    return Explanation(
        f"{name_of(host.identity)} failed{step}{when}: {short(error)}",
        last_lines(host),
        _remedies(overview, error),
    )


def _remedies(overview: Overview, error: str) -> tuple[str, ...]:
    publish_mended = advice.publish("publish a tree without the cause", "--force")
    again = advice.try_again(overview.goal)
    last = (*again, *advice.go_back(overview))
    if _about_trust(error):
        return (
            advice.publish(
                "the host does not trust what is published: publish it signed with a key that it"
                " trusts",
                "--force",
                "--sign",
                "KEY",
            ),
            "or add the public key to public-keys in the configuration of the hosts",
            *again,
            *advice.go_back(overview, sign=True),
        )
    if _about_packages(error):
        return (
            "see that the package repository of the host has that package, in that version",
            *last,
            publish_mended,
        )
    if _about_time(error):
        return (
            "find out on the host what the script waited for; if it just takes so long, give its"
            " node a larger timeout",
            publish_mended,
            *last,
        )
    return (publish_mended, *last)


def held(overview: Overview) -> Explanation | None:
    """The version is none that hosts deploy."""
    version = overview.version
    if overview.index == 0 or version is None or can_be_published(version):
        return None
    what = "agents hold still" if version is False else "no agent can deploy that"
    return Explanation(
        f"The cluster version is {version!r:.100}{since(overview.changed, overview.at)}: {what}.",
        (),
        (advice.set_version("set a version", overview.goal),),
    )


def failures(overview: Overview) -> Explanation | None:
    """Hosts show errors although the fleet goes on."""
    if overview.stopped:
        return None
    failed = _first_that_failed(overview)
    return failure_of(overview, failed) if failed else None
