"""What the tree wants on a host, read in the shortest way there is."""

from __future__ import annotations

from collections.abc import Callable

from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.host.desired import assemble, gather
from zc.zkdeployment.host.fleet_ports import Trees
from zc.zkdeployment.model import Desired, Identity, Version


def read_desired(
    trees: Trees,
    identity: Identity,
    version: Version,
    check_same: Callable[[], None] = lambda: None,
) -> Desired:
    """Return what ``version`` wants on the host: by its revision or, without one, the live tree.

    ``check_same`` is called when the live tree was read, and where a revision cannot be had;
    it raises if that may be no more what the fleet should reach. What a revision says holds
    for its version, whatever happens meanwhile. Else raises
    :exc:`~zc.zkdeployment.errors.BadTree`,
    :exc:`zc.zk.errors.BadPropertyLink` or :exc:`~zc.zkdeployment.errors.BadRevision`.
    """
    try:
        manifests = trees.read_manifests(version, identity.targets)
    except BadRevision:
        check_same()  # only the newest revisions are kept
        raise
    if manifests is not None:
        return assemble(manifests, identity)
    tree = trees.read_tree()
    check_same()
    return gather(tree, identity)
