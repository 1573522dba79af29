"""Hosts that read while somebody writes as fast as possible: never half of one and of another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import pytest
from tests.integration.publishing.conftest import Root
from tests.support.publishing import HOSTS, Wanted, wanted_now
from tests.support.writers import MANY, writing

import zc.zk
from zc.zk import TreeChanging
from zc.zk.multiread import Znode
from zc.zk.scan import read_below, scan

PARTS = 4  # so that none takes long on a busy machine
SCANS = 1000 // PARTS
READS = 300


def turns_of(nodes: Mapping[str, Znode]) -> set[object]:
    """Return the turns whose nodes were seen, one unless it is a mix; half a tree is one too."""
    turns: set[object] = {zc.zk.decode(node.data)["turn"] for node in nodes.values()}
    names = {path.split("/")[2] for path in nodes if path != "/top"}
    kinds = {name.rstrip("0123456789") for name in names} - {""}
    return turns if len(nodes) == 41 and len(names) == 20 and len(kinds) == 1 else {"a part"}


@pytest.mark.parametrize("part", range(PARTS))
def test_a_thousand_scans_see_no_mix_of_two_imports(root: Root, part: int) -> None:
    """Such a mix never was, and a host that acted on it would do what nobody wants."""
    with root() as (zk, connection), writing("import", connection):
        plain = (read_below(zk.bulk, ["/top"]) for _ in range(SCANS))
        mixes = (len(turns_of(seen.nodes)) > 1 for seen in plain if not seen.torn)
        assert any(mixes)  # what this guards against does happen
        seen: list[object] = []
        for _ in range(2 * SCANS):
            with contextlib.suppress(TreeChanging):
                [turn] = turns_of(scan(zk.bulk, "/top", consistent=True))
                assert turn != "a part"
                seen.append(turn)
            if len(seen) == SCANS:
                break
        assert len(seen) == SCANS
        assert len(set(seen)) > SCANS // 10  # not one state again and again


@pytest.fixture
def published(root: Root) -> Iterator[zc.zk.ZK]:
    """A tree that is published again and again, under two versions in turn."""
    with root() as (zk, connection), writing("publish", connection):
        yield zk


def software_of(wanted: Wanted) -> tuple[set[str], int]:
    deployments = wanted[HOSTS[0]].deployments
    return {deployment.rpm_name for deployment in deployments}, len(deployments)


def test_hosts_read_what_their_version_wants_however_often_it_is_published(
    published: zc.zk.ZK,
) -> None:
    seen = set()
    for _ in range(READS):
        version, wanted = wanted_now(published)
        assert wanted is not None
        assert software_of(wanted) == ({version}, MANY)
        seen.add(version)
    assert seen == {"heads", "tails"}
