"""What a new tree changes for the fleet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zk.tree import parse_tree, walk
from zc.zkdeployment.fleet_diff import Change, ControllerChange, compare
from zc.zkdeployment.manifest import Manifests, compile_tree
from zc.zkdeployment.model import Manifest, TargetDeployment


def manifests(text: str) -> Manifests:
    root = parse_tree(text)
    return compile_tree({"/": {}} | {path: node.properties for path, node in walk(root)})


def shown(change: Change) -> str:
    if isinstance(change, ControllerChange):
        return f"{change.kind.value} controller {change.target}"
    came = f" from {change.moved_from}" if change.moved_from else ""
    return f"{change.kind.value} {change.target} {change.node}{came}"


WEB = "/a : web\n  version = '1'\n  /deploy\n    /h1\n"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        (WEB, WEB, []),
        ("", WEB, ["appear h1 /a"]),
        (WEB, "", ["vanish h1 /a"]),
        (WEB, WEB.replace("'1'", "'2'"), ["change h1 /a"]),
        (WEB, WEB.replace("web", "web special"), ["change h1 /a"]),
        (WEB, WEB + "      n = 2\n", ["change h1 /a"]),
        (WEB, WEB + "      n = 0\n", ["vanish h1 /a"]),
        (WEB + "      n = 0\n", WEB, ["appear h1 /a"]),
        (WEB, WEB.replace("h1", "h2"), ["move h2 /a from h1"]),
        (WEB, WEB.replace("/a", "/b"), ["move h1 /b from h1"]),
        (WEB, WEB.replace("/a : web", "/b : other"), ["vanish h1 /a", "appear h1 /b"]),
        (WEB, WEB + WEB.replace("/a", "/b"), ["appear h1 /b"]),
        ("/roles\n", "/roles\n  /r : c-1\n", ["appear controller r"]),
        ("/roles\n  /r : c-1\n", "", ["vanish controller r"]),
        ("/roles\n  /r : c-1\n", "/roles\n  /r : c-2\n", ["change controller r"]),
    ],
)
def test_each_kind_of_change_is_told_for_what_it_is(
    before: str, after: str, expected: list[str]
) -> None:
    diff = compare(manifests(before), manifests(after))
    assert [shown(change) for change in diff.changes] == expected


def test_a_summary_counts_and_groups() -> None:
    both = WEB + WEB.replace("/a", "/b")
    diff = compare(manifests(both), manifests(WEB.replace("'1'", "'2'")))
    assert diff.counts == {"vanish": 1, "change": 1}
    assert (diff.removals, diff.before) == (1, 2)
    assert list(diff.by_target()) == ["h1"]


_deployments = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["/x", "/y", "/z/w"])),
    st.tuples(st.sampled_from(["web", "db"]), st.sampled_from("12"), st.integers(0, 2)),
)


def _manifests(found: dict[tuple[str, str], tuple[str, str, int]]) -> Manifests:
    made: dict[str, list[TargetDeployment]] = {}
    for (target, node), (software, version, n) in sorted(found.items()):
        deployment = TargetDeployment(node, software, None, version, n)
        made.setdefault(target, []).append(deployment)
    return {target: Manifest(target, tuple(each)) for target, each in made.items()}


def _keys(found: Manifests) -> dict[tuple[str, str], TargetDeployment]:
    return {
        (target, each.node): each
        for target, manifest in found.items()
        for each in manifest.deployments
        if each.n
    }


@given(_deployments, _deployments)
def test_the_changes_account_for_every_difference(
    one: dict[tuple[str, str], tuple[str, str, int]],
    other: dict[tuple[str, str], tuple[str, str, int]],
) -> None:
    """Whoever reads a plan must be able to rely on nothing else changing."""
    before, after = _manifests(one), _manifests(other)
    diff = compare(before, after)
    reached = _keys(before)
    for change in diff.changes:
        assert not isinstance(change, ControllerChange)
        if change.old is not None:
            del reached[change.moved_from or change.target, change.old.node]
    for change in diff.changes:
        assert not isinstance(change, ControllerChange)
        if change.new is not None:
            reached[change.target, change.new.node] = change.new
    assert reached == _keys(after)
    assert diff.removals <= diff.before
    assert compare(after, after).changes == ()
    back = compare(after, before).counts
    assert back.get("appear", 0) == diff.counts.get("vanish", 0)
