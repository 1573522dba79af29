"""The words of the domain: what they look like, and how they compare."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zkdeployment.model import (
    Deployment,
    Desired,
    Software,
    UnversionedDeployment,
    Version,
    same_version,
)

text_or_none = st.none() | st.text(max_size=2)
deployments = st.builds(
    Deployment, st.text(max_size=1), text_or_none, text_or_none, st.text(max_size=1),
    st.text(max_size=1), st.integers(0, 2),
)  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1), (1, 1.0), ("1", "1"), (None, None), (False, False), (0, 0.0)]
)
def test_a_host_at_the_version_of_the_fleet_has_nothing_to_do(
    one: Version, other: Version
) -> None:
    assert same_version(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(0, False), (1, True), (0, None), (None, False), (1, "1"), (1, 2), ("", None)],
)
def test_zero_is_a_version_and_false_is_none(one: Version, other: Version) -> None:
    assert not same_version(one, other)
    assert not same_version(other, one)


def test_deployments_look_as_the_founding_document_shows_them() -> None:
    assert repr(Deployment("z4m", None, "1.0.0", "z4m", "/cust/cms", 0)) == (
        "Deployment(app='z4m', subtype=None, version='1.0.0', rpm_name='z4m',"
        " path='/cust/cms', n=0)"
    )
    assert repr(UnversionedDeployment("z4m", "z4m-4.0.0", "/cust/cms", 0)) == (
        "UnversionedDeployment(app='z4m', rpm_name='z4m-4.0.0', path='/cust/cms', n=0)"
    )


def test_deployments_with_and_without_a_subtype_sort_together() -> None:
    plain = Deployment("cms", None, "1", "cms", "/b", 0)
    special = Deployment("cms", "special", "1", "cms", "/a", 0)

    assert sorted([special, plain]) == [plain, special]


@given(st.lists(deployments))
def test_sorting_deployments_orders_them_and_loses_none(found: list[Deployment]) -> None:
    ordered = sorted(found)

    assert all(one <= other and other >= one for one, other in pairwise(ordered))
    assert all(one == other or (one < other and other > one) for one, other in pairwise(ordered))
    assert Counter(ordered) == Counter(found)


@given(deployments, deployments)
def test_the_four_comparisons_agree(one: Deployment, other: Deployment) -> None:
    assert (one < other) + (one > other) + (one == other) == 1
    assert (one <= other) == (one < other or one == other)
    assert (one >= other) == (one > other or one == other)


def test_a_deployment_is_no_number() -> None:
    with pytest.raises(TypeError):
        assert Deployment("cms", None, "1", "cms", "/b", 0) < 3


def test_software_is_installed_once_however_many_instances_need_it() -> None:
    desired = Desired(
        (
            Deployment("z4m", None, "1", "z4m", "/b", 0),
            Deployment("z4m", None, "1", "z4m", "/b", 1),
            Deployment("cache", None, None, "cache-2", "/a", 0),
        )
    )

    assert desired.software == (Software("cache-2", None), Software("z4m", "1"))
