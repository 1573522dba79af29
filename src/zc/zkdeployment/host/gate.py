"""Whether a host may deploy now.

Source: agent.txt, "Fail safe error handling".
"""

from __future__ import annotations

from enum import Enum

from zc.zkdeployment.model import Version, same_version


class Gate(Enum):
    """What the cluster version means for a host."""

    STOPPED = "all stop: a person must set the cluster version"
    HELD = "the cluster version is False: agents hold still"
    INVALID = "the cluster version is neither a number nor a string"
    CURRENT = "nothing to do"
    OPEN = "a version to deploy"


def judge(cluster_version: object, host_version: Version) -> Gate:
    """Decide by the cluster version and the version that the host reached."""
    if cluster_version is None:
        return Gate.STOPPED
    if cluster_version is False:
        return Gate.HELD
    if cluster_version is True or not isinstance(cluster_version, int | float | str):
        return Gate.INVALID
    return Gate.CURRENT if same_version(cluster_version, host_version) else Gate.OPEN
