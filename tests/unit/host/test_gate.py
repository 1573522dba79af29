"""A host deploys exactly when the cluster version is a new number or string."""

import pytest

from zc.zkdeployment.host.gate import Gate, judge


@pytest.mark.parametrize(
    ("cluster", "host", "verdict"),
    [
        (2, 1, Gate.OPEN),
        (1, 2, Gate.OPEN),
        (2, None, Gate.OPEN),
        ("a", 1, Gate.OPEN),
        ("1", 1, Gate.OPEN),
        (0, None, Gate.OPEN),
        (0, False, Gate.OPEN),
        ("", None, Gate.OPEN),
        (1.5, 1, Gate.OPEN),
        (2, 2, Gate.CURRENT),
        (2, 2.0, Gate.CURRENT),
        ("a", "a", Gate.CURRENT),
        (None, 1, Gate.STOPPED),
        (None, None, Gate.STOPPED),
        (False, 1, Gate.HELD),
        (False, False, Gate.HELD),
        (True, 1, Gate.INVALID),
        ([1], 1, Gate.INVALID),
        ({"a": 1}, 1, Gate.INVALID),
    ],
)
def test_judge(cluster: object, host: object, verdict: Gate) -> None:
    """An all stop, a hold and nonsense never start a deployment; 0 is a version like any other."""
    assert judge(cluster, host) is verdict  # type: ignore[arg-type] # hosts hold what they hold
