"""In which order a host deploys its nodes beside others, and how many at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.support.host import IDENTIFIER, Host

import zc.zk

NODES = ("/a", "/b", "/c", "/d")
TREE = "".join(f"{node} : web-4.0.0\n  /deploy\n    /host42\n    /web\n" for node in NODES)
LOWER, UPPER = "000000000001", "999999999999"  # identifiers around that of the host


@contextlib.contextmanager
def registered(host: Host, *identifiers: str, **properties: object) -> Iterator[None]:
    """Have other hosts be there, who do nothing."""
    with contextlib.closing(zc.zk.ZK(host.connection)) as others:
        for identifier in identifiers:
            shown = zc.zk.encode({"name": identifier, "version": 1, **properties})
            others.create(f"/hosts/{identifier}", shown, ephemeral=True)
        yield


def order(lines: list[str]) -> str:
    """Return the nodes whose scripts ran."""
    script = "INFO /opt/web-4.0.0/bin/zookeeper-deploy /"
    return "".join(line[len(script)] for line in lines if line.startswith(script))


def test_a_host_alone_deploys_in_the_order_of_the_tree(host: Host) -> None:
    host.start()
    assert order(host.deploy(2, TREE)) == "abcd"


def test_hosts_of_a_fleet_start_at_different_nodes(host: Host) -> None:
    host.start()
    with registered(host, LOWER):
        assert order(host.deploy(2, TREE)) == "cdab"
    with registered(host, UPPER):
        assert order(host.deploy(3)) == "abcd"


def test_a_fleet_may_have_all_hosts_keep_the_order(host: Host) -> None:
    host.start()
    host.zk.properties("/hosts", watch=False).update(order="strict")
    with registered(host, LOWER):
        assert order(host.deploy(2, TREE)) == "abcd"


def test_a_share_of_the_hosts_that_deploy_a_node_works_there_at_once(host: Host) -> None:
    """Two of four: one is at work, and this one needs not wait for it."""
    tree = TREE.replace("  /deploy", "  max_parallel = '50%'\n  /deploy", 1)
    host.start()
    with registered(host, LOWER, UPPER, "55", role="web"):
        host.zk.import_tree("/agent-locks\n  /a\n    owners = [{'host': '55'}]\n", trim=False)
        assert sorted(order(host.deploy(2, tree))) == ["a", "b", "c", "d"]
        assert [owner["host"] for owner in host.zk.get_properties("/agent-locks/a")["owners"]] == [
            "55"
        ]
    assert IDENTIFIER in host.zk.get_children("/hosts")
