"""What a publisher was refused is there for others to see."""

from __future__ import annotations

from tests.support.publishing import LIMITS
from tests.support.syncing import Texts, publish, registered, tree

import zc.zk
from zc.zkdeployment.adapters.refusals import REFUSED
from zc.zkdeployment.fleet_control import stop_fleet
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publication.refusals import Refusal, decode_refusal
from zc.zkdeployment.sync import State


def noted(zk: zc.zk.ZK) -> Refusal | None:
    return decode_refusal(zk.get_properties(REFUSED))


def test_a_refusal_is_noted_with_who_when_what_and_why(zk: zc.zk.ZK, zk_connection: str) -> None:
    publish(zk, Texts())
    assert noted(zk) is None
    with registered(zk_connection, "h1", name="one", version=0):
        assert publish(zk, Texts(2, site=tree("2"))).state is State.REFUSED

        refusal = noted(zk)
        assert refusal is not None
        assert (refusal.by, refusal.version, refusal.index) == ("me@ops", 2, 1)
        assert "host h1 has not converged" in refusal.reason

        assert publish(zk, Texts(3, site="/a : web\n  /deploy\n    /h1\n"), Limits(force=True))
        newer = noted(zk)
        assert newer is not None
        assert newer.version == 3
        assert "/a" in newer.reason


def test_what_is_refused_before_the_source_is_asked_has_no_version(zk: zc.zk.ZK) -> None:
    publish(zk, Texts())
    stop_fleet(zk)
    publish(zk, Texts(2))
    refusal = noted(zk)
    assert refusal is not None
    assert (refusal.version, refusal.index) == (None, 2)
    assert "ALL STOP" in refusal.reason


def test_a_dry_run_leaves_no_word(zk: zc.zk.ZK) -> None:
    publish(zk, Texts())
    stop_fleet(zk)
    publish(zk, Texts(2), dry_run=True)
    assert noted(zk) is None


def test_where_an_older_publisher_was_at_work_the_node_is_made(zk: zc.zk.ZK) -> None:
    publish(zk, Texts())
    zk.delete(REFUSED)
    stop_fleet(zk)
    publish(zk, Texts(2))
    assert noted(zk) is not None


def test_before_anything_was_published_nothing_is_written(zk: zc.zk.ZK) -> None:
    zk.create("/hosts", b'{"version": null}')
    assert publish(zk, Texts(2), LIMITS).state is State.REFUSED
    assert zk.exists("/revisions") is None
