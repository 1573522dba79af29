"""What hosts are to do, as ZooKeeper holds it: published revisions, and the live tree."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from zc.zk import codec
from zc.zk.multiread import Znode
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.revisions import UPDATING, Revisions, Trust
from zc.zkdeployment.errors import Unreachable
from zc.zkdeployment.model import Manifest, Version
from zc.zkdeployment.tree.tree_parts import NOT_THE_TREE


class Trees:
    """Reads what hosts are to do, as :class:`zc.zkdeployment.host.fleet_ports.Trees` describes it.

    Without ``trust`` every revision is believed.
    """

    def __init__(self, requests: Requests, trust: Trust | None = None) -> None:
        self._requests = requests
        self._revisions = Revisions(requests.read, trust)

    def read_manifests(
        self, version: Version, targets: Collection[str]
    ) -> Mapping[str, Manifest] | None:
        """Read what the revision of ``version`` wants of targets; ``None`` if there is none.

        Raises :exc:`~zc.zkdeployment.errors.BadRevision`.
        """
        return self._revisions.manifests(version, targets)

    def read_tree(self) -> Mapping[str, Mapping[str, Any]]:
        """Read the live tree in one consistent state; nodes are decoded when they are looked at.

        Raises :exc:`~zc.zkdeployment.errors.Unreachable` too while a publisher brings it
        from one version to another, also where that one was cut off.
        """
        self._check_not_updating()  # to wait costs little: nothing is scanned
        scanned = self._requests.scan(NOT_THE_TREE)
        self._check_not_updating()
        return _Tree(scanned)

    def _check_not_updating(self) -> None:
        [node] = self._requests.read([UPDATING])
        if node.exists:
            found = codec.decode(node.data)
            raise Unreachable(
                f"the live tree is on its way to version {found.get('version')!r}, which"
                f" {found.get('by')} publishes since {found.get('at')}; if that publisher was"
                " killed, the next 'zkdeploy sync' goes on; if the tree is as it should be,"
                f" 'zkdeploy tree rm {UPDATING}'"
            )


class _Tree(Mapping[str, Mapping[str, Any]]):
    """A scanned tree whose properties are decoded one by one."""

    def __init__(self, scanned: Mapping[str, Znode]) -> None:
        self._scanned = scanned

    def __getitem__(self, path: str) -> Mapping[str, Any]:
        return codec.decode(self._scanned[path].data)

    def __iter__(self) -> Iterator[str]:
        return iter(self._scanned)

    def __len__(self) -> int:
        return len(self._scanned)

    def __contains__(self, path: object) -> bool:
        return path in self._scanned
