"""So many hosts at once may work on a node as the tree says."""

from __future__ import annotations

import pytest

from zc.zkdeployment.errors import BadTree
from zc.zkdeployment.model import Identity
from zc.zkdeployment.parallel import MaxParallel, max_parallel

FLEET = (
    *(Identity(f"{number:012}", f"web{number}", "web").targets for number in range(10)),
    Identity("000000000099", "db1").targets,
)


@pytest.mark.parametrize(
    ("value", "targets", "hosts"),
    [
        (1, (), 1),
        (3, (), 3),
        ("25%", ("web",), 2),
        ("100%", ("web",), 10),
        ("0.1%", ("web",), 1),
        ("50%", ("web", "db1", "000000000099"), 5),
        ("50%", ("nobody",), 1),
        ("50%", ("web3", "web4"), 1),
    ],
)
def test_a_share_is_one_of_the_hosts_that_deploy_the_node(
    value: object, targets: tuple[str, ...], hosts: int
) -> None:
    assert max_parallel(value, "/a", targets).of(FLEET) == hosts


def test_nobody_says_one_host() -> None:
    assert MaxParallel().of(FLEET) == 1


@pytest.mark.parametrize(
    "value", [0, -1, True, 1.5, 10_001, "3", "25", "0%", "101%", "25 %", "-5%", "%", None, [3]]
)
def test_what_makes_no_sense_is_refused(value: object) -> None:
    with pytest.raises(BadTree, match="/a: max_parallel must be a whole number"):
        max_parallel(value, "/a", ())
