"""Whether what was deployed on this host is still there: looked at once, and nothing done."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import zc.zk
from zc.zk.progress import Observer
from zc.zkdeployment.adapters.fleet_state import read_cluster_node
from zc.zkdeployment.adapters.host_state import HostFiles
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.connection import connect
from zc.zkdeployment.errors import BadHost
from zc.zkdeployment.host.desired import assemble
from zc.zkdeployment.host.drift import drift_of
from zc.zkdeployment.host.observe import read_desired
from zc.zkdeployment.host.verifying import look
from zc.zkdeployment.model import Desired, Identity, Version, same_version
from zc.zkdeployment.settings.config import Settings
from zc.zkdeployment.wiring import identity_of, looker_of, trust_of


@dataclass(frozen=True, slots=True)
class Verification:
    """What is not on a host as ``version``, which it reached, was deployed: in sentences."""

    host: Identity
    version: Version
    found: tuple[str, ...]


def verify(settings: Settings, observer: Observer | None = None) -> Verification:
    """Look at this host as its agent does now and then; nothing is written.

    ``observer`` is told how far reading has got. Raises
    :exc:`~zc.zkdeployment.errors.BadHost` where nobody knows what was deployed here; besides,
    what reading a tree raises, and :exc:`~zc.zkdeployment.errors.CommandFailed`.
    """
    identity = identity_of(settings)
    files = HostFiles(settings.root, settings.run_directory)
    version = files.read_version()
    if version is None:
        raise BadHost("no version was deployed on this host: there is nothing to verify")
    if files.is_unfinished():
        raise BadHost(
            "a deployment was begun on this host and not finished: there is nothing to verify;"
            " 'zkdeploy plan' tells what is left to do"
        )
    with contextlib.closing(connect(settings.zookeeper)) as zk:
        zk.bulk.observer = observer
        desired = _deployed(zk, settings, identity, version)
    seen = look(desired, files, looker_of(settings))
    return Verification(identity, version, drift_of(desired, seen))


def _deployed(zk: zc.zk.ZK, settings: Settings, identity: Identity, version: Version) -> Desired:
    """Return what a version wants, by its revision or the live tree if that is of it."""
    trees = Trees(Requests(zk), trust_of(settings, remember=False))
    properties, _ = read_cluster_node(zk)
    if same_version(properties.get("version"), version):
        return read_desired(trees, identity, version)
    manifests = trees.read_manifests(version, identity.targets)
    if manifests is None:
        raise BadHost(
            f"version {version!r} of this host is no published revision, and the fleet is at"
            " another: nobody knows any more what was deployed here"
        )
    return assemble(manifests, identity)
