"""Who of a fleet is still on the way to its version."""

from __future__ import annotations

import pytest

from zc.zkdeployment.model import Identity, Version
from zc.zkdeployment.revisions.fleet import Fleet, RegisteredHost


def host(identifier: str, version: Version, error: str | None = None) -> RegisteredHost:
    return RegisteredHost(Identity(identifier, f"name-{identifier}"), version, error)


@pytest.mark.parametrize("version", [2, 2.5, "2", "c0ffee", False])
def test_a_fleet_whose_hosts_are_all_there_is_published_to(version: Version) -> None:
    assert Fleet(version, 1).behind() is None, "nobody is registered"
    assert Fleet(version, 1, (host("1", version), host("2", version))).behind() is None


@pytest.mark.parametrize(
    ("version", "reached"),
    [
        (2, 1),
        (2, 3),
        (2, None),
        (2, "2"),
        ("2", 2),
        ("c0ffee", "c0ffe"),
        (1, True),
        (0, False),
        (False, 0),
        (None, 1),
    ],
)
def test_a_host_at_another_version_is_found(version: Version, reached: Version) -> None:
    """What looks alike may be another version: a host that is not done must not be passed over."""
    fleet = Fleet(version, 1, (host("1", version), host("2", reached), host("3", None)))
    found = fleet.behind()
    assert found is not None
    assert found.identity.host_identifier == "2", "the first one, so that messages stay the same"


def test_a_whole_number_is_the_same_version_however_json_writes_it() -> None:
    """Else a fleet would wait for ever for a host that says 2.0."""
    assert Fleet(2, 1, (host("1", 2.0),)).behind() is None


def test_a_host_that_failed_at_the_version_counts_by_its_version() -> None:
    assert Fleet(2, 1, (host("1", 2, "waaaa"),)).behind() is None
    assert Fleet(2, 1, (host("1", 1, "waaaa"),)).behind() is not None


@pytest.mark.parametrize(("index", "node_version"), [(1, 0), (17, 16)])
def test_the_index_that_people_see_is_one_more_than_zookeeper_counts(
    index: int, node_version: int
) -> None:
    """Off by one, every publication would be refused as if somebody else had been quicker."""
    assert Fleet(1, index).node_version == node_version
