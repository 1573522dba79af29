"""The end of an act is seen when it is there, and what is missing is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zc.zk import tree
from zc.zkdeployment.demo import story
from zc.zkdeployment.demo.fleet import Fleet, HostState, Lock
from zc.zkdeployment.host.desired import gather
from zc.zkdeployment.model import Identity

UPGRADE, BAD, BACK = story.ACTS[1:4]


def _end_of(act: story.Act) -> Fleet:
    """Return a fleet as it must be at the end of an act."""
    reached = act.version - 1 if act.fails else act.version
    hosts = [
        HostState(
            host.name,
            host.role,
            registered=True,
            version=reached,
            status="done",
            deployed=story.deployed(act, host.name),
        )
        for host in story.HOSTS
    ]
    if act.fails:
        hosts[1] = replace(hosts[1], error="Command failed: …", status="error")
    version = None if act.fails else act.version
    return Fleet(version, tuple(hosts), (Lock(story.WEB),))


def _with(fleet: Fleet, number: int, **changes: object) -> Fleet:
    hosts = list(fleet.hosts)
    hosts[number] = replace(hosts[number], **changes)  # type: ignore[arg-type] # by the tests below
    return replace(fleet, hosts=tuple(hosts))


@pytest.mark.parametrize("act", story.ACTS, ids=lambda act: act.title)
def test_nothing_is_missing_at_the_end_of_an_act(act: story.Act) -> None:
    assert story.missing(act, _end_of(act)) == ()


@pytest.mark.parametrize(
    ("act", "fleet", "expected"),
    [
        (UPGRADE, replace(_end_of(UPGRADE), version=1), "the cluster version is 1, not 2"),
        (UPGRADE, _with(_end_of(UPGRADE), 2, version=1), "host3 is on version 1, not on 2"),
        (UPGRADE, _with(_end_of(UPGRADE), 2, error="oh"), "host3 failed: oh"),
        (
            UPGRADE,
            _with(_end_of(UPGRADE), 0, deployed=story.deployed(story.ACTS[0], "host1")),
            "host1 has 1.0 at /shop/web 0, not 2.0",
        ),
        (
            UPGRADE,
            _with(_end_of(UPGRADE), 1, deployed={"/shop/web 0": "2.0"}),
            "host2 has None at /shop/tools/report 0, not 1.0",
        ),
        (
            UPGRADE,
            replace(_end_of(UPGRADE), locks=(Lock(story.WEB, owners=("host1",)),)),
            "the lock of /shop/web is not free",
        ),
        (
            UPGRADE,
            replace(_end_of(UPGRADE), locks=(Lock(story.WEB, waiting=("host1",)),)),
            "the lock of /shop/web is not free",
        ),
        (BAD, replace(_end_of(BAD), version=3), "the cluster version is 3, not None"),
        (BAD, _with(_end_of(BAD), 1, error=None), "no host failed, not one"),
        (BAD, _with(_end_of(BAD), 0, error="oh"), "host1 and host2 failed, not one"),
        (BAD, _with(_end_of(BAD), 0, busy=True, status="waits"), "host1 is busy: waits"),
    ],
)
def test_what_is_missing_is_named(act: story.Act, fleet: Fleet, expected: str) -> None:
    """A demo that cannot go on must say why."""
    assert story.missing(act, fleet) == (expected,)


@pytest.mark.parametrize("act", story.ACTS, ids=lambda act: act.title)
def test_the_trees_say_what_the_acts_expect(act: story.Act) -> None:
    """What the trees deploy to each host is what the acts wait for there."""
    root = tree.parse_tree(story.tree(act, "file:///svn/report", "/git/probe"))
    nodes = {path: node.properties for path, node in tree.walk(root)}
    for host in story.HOSTS:
        wanted = gather(nodes, Identity(host.name, "machine", host.role)).deployments
        assert {f"{d.path} {d.n}" for d in wanted} == story.deployed(act, host.name).keys()
        assert {d.version for d in wanted if d.path == story.WEB} == {act.web}


def test_the_story_has_what_it_publishes() -> None:
    built = {(package.name, package.version): package for package in story.PACKAGES}
    for act in story.ACTS:
        assert (built["web", act.web].failure is not None) == act.fails
        assert act.probe in story.PROBES


def test_the_outcome_says_who_stopped_the_fleet() -> None:
    assert story.outcome(BAD, _end_of(BAD)).startswith("host2 failed and stopped the fleet")
    assert "reached version 2" in story.outcome(UPGRADE, _end_of(UPGRADE))
    assert "went back to version 2" in story.outcome(BACK, _end_of(BACK))


def test_agents_are_ready_when_they_settled_on_the_empty_tree() -> None:
    ready = HostState("host1", registered=True, version=story.NOTHING)
    assert story.not_ready(Fleet(story.NOTHING, (ready,))) == ()
    for other in (HostState("host2"), replace(ready, busy=True), replace(ready, version=None)):
        assert len(story.not_ready(Fleet(story.NOTHING, (ready, other)))) == 1
