"""What a new tree changes for the fleet."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zk.tree import parse_tree, walk
from zc.zkdeployment.model import Manifest, Software, TargetDeployment
from zc.zkdeployment.revisions.fleet_diff import (
    Change,
    ChangeKind,
    ControllerChange,
    DeploymentChange,
    compare,
)
from zc.zkdeployment.revisions.manifest import Manifests, compile_tree


def manifests(text: str) -> Manifests:
    root = parse_tree(text)
    return compile_tree({"/": {}} | {path: node.properties for path, node in walk(root)})


def shown(change: Change) -> str:
    if isinstance(change, ControllerChange):
        return f"{change.kind.value} controller {change.target}"
    came = f" from {change.moved_from}" if change.moved_from else ""
    return f"{change.kind.value} {change.target} {change.node}{came}"


def deployed(node: str, software: str, version: str, targets: str) -> str:
    below = "".join(f"    /{target}\n" for target in targets.split())
    return f"{node} : {software}\n  version = '{version}'\n  /deploy\n{below}"


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
        (WEB, WEB.replace("'1'", "'1'\n  timeout = 60"), ["change h1 /a"]),
        (WEB, WEB + "      n = 0\n", ["vanish h1 /a"]),
        (WEB + "      n = 0\n", WEB, ["appear h1 /a"]),
        (WEB, WEB.replace("h1", "h2"), ["move h2 /a from h1"]),
        (WEB, WEB.replace("/a", "/b"), ["move h1 /b from h1"]),
        (WEB, WEB.replace("/a : web", "/b : other"), ["vanish h1 /a", "appear h1 /b"]),
        (WEB, WEB + WEB.replace("/a", "/b"), ["appear h1 /b"]),
        (WEB + "      n = 0\n", "", []),
        (WEB + "      n = 0\n", WEB.replace("h1", "h2"), ["appear h2 /a"]),
        (WEB, WEB.replace("h1", "h2").replace("'1'", "'2'"), ["move h2 /a from h1"]),
        (WEB, WEB.replace("/a", "/b").replace("'1'", "'2'"), ["move h1 /b from h1"]),
        (WEB, WEB.replace("/a : web", "/b : web special"), ["vanish h1 /a", "appear h1 /b"]),
        (WEB, deployed("/b", "web", "1", "h2"), ["vanish h1 /a", "appear h2 /b"]),
        # Of several that could be meant, the first ones are; what is over comes or goes.
        (
            deployed("/a", "web", "1", "h1 h2 h5"),
            deployed("/a", "web", "1", "h3 h4"),
            ["move h3 /a from h1", "move h4 /a from h2", "vanish h5 /a"],
        ),
        (
            deployed("/a", "web", "1", "h1"),
            deployed("/a", "web", "1", "h2 h3"),
            ["move h2 /a from h1", "appear h3 /a"],
        ),
        (
            WEB,
            deployed("/a", "web", "1", "h2") + deployed("/b", "web", "1", "h1"),
            ["appear h1 /b", "move h2 /a from h1"],
        ),
        (
            WEB + deployed("/b", "web", "1", "h1"),
            deployed("/c", "web", "1", "h1") + deployed("/d", "web", "1", "h1"),
            ["move h1 /c from h1", "move h1 /d from h1"],
        ),
        # Changes come by target and in tree order; a target's controller comes first.
        (
            "",
            deployed("/a-b", "x", "1", "r") + "/a\n  /c : y-1\n    /deploy\n      /r\n"
            "/roles\n  /r : c-1\n  /s : c-1\n",
            ["appear controller r", "appear r /a/c", "appear r /a-b", "appear controller s"],
        ),
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


def test_of_each_change_it_is_known_what_was_and_what_will_be() -> None:
    diff = compare(manifests(WEB), manifests(deployed("/a", "web", "2", "h2")))
    assert diff.changes == (
        DeploymentChange(
            ChangeKind.MOVE,
            "h2",
            TargetDeployment("/a", "web", None, "1", 1),
            TargetDeployment("/a", "web", None, "2", 1),
            moved_from="h1",
        ),
    )
    roles = [manifests(f"/roles\n  /r : c\n    version = '{n}'\n") for n in (1, 2)]
    assert compare(*roles).changes == (
        ControllerChange(ChangeKind.CHANGE, "r", Software("c", "1"), Software("c", "2")),
    )


def test_what_moves_or_loses_its_controller_is_no_removal() -> None:
    """Only what is deployed nowhere any more counts against what may go unasked."""
    before = deployed("/a", "web", "1", "h1 h2") + "/roles\n  /r : c-1\n"
    diff = compare(manifests(before), manifests(deployed("/a", "web", "1", "h3")))
    assert diff.counts == {"vanish": 2, "move": 1}
    assert (diff.removals, diff.before) == (1, 2)
    assert list(diff.by_target()) == ["h2", "h3", "r"]


_targets = st.sampled_from("abc")
_fleets = st.builds(
    lambda deployments, controllers: _manifests(deployments, controllers),
    st.dictionaries(
        st.tuples(_targets, st.sampled_from(["/x", "/y", "/z/w"])),
        st.tuples(
            *(st.sampled_from(["web", "db"]), st.sampled_from([None, None, "s"])),
            *(st.sampled_from("12"), st.integers(0, 2)),
        ),
    ),
    st.dictionaries(_targets, st.sampled_from([Software("c", "1"), Software("c", "2")])),
)


def _manifests(
    deployments: Mapping[tuple[str, str], tuple[str, str | None, str, int]],
    controllers: Mapping[str, Software],
) -> Manifests:
    made: dict[str, list[TargetDeployment]] = {target: [] for target in controllers}
    for (target, node), wanted in sorted(deployments.items(), key=lambda each: each[0]):
        made.setdefault(target, []).append(TargetDeployment(node, *wanted))
    return {
        target: Manifest(target, tuple(each), controllers.get(target))
        for target, each in made.items()
    }


def _keys(found: Manifests) -> dict[tuple[str, str], TargetDeployment | Software]:
    deployments = {
        (target, each.node): each
        for target, manifest in found.items()
        for each in manifest.deployments
        if each.n
    }
    controllers = {
        (target, ""): manifest.controller
        for target, manifest in found.items()
        if manifest.controller
    }
    return {**deployments, **controllers}


def _key(change: Change, thing: TargetDeployment | Software) -> tuple[str, str]:
    return change.target, thing.node if isinstance(thing, TargetDeployment) else ""


@given(_fleets, _fleets)
def test_the_changes_account_for_every_difference(before: Manifests, after: Manifests) -> None:
    """Whoever reads a plan must be able to rely on nothing else changing."""
    diff = compare(before, after)
    reached = _keys(before)
    for change in diff.changes:
        if change.old is not None:
            target, node = _key(change, change.old)
            came = change.moved_from if isinstance(change, DeploymentChange) else None
            assert reached.pop((came or target, node)) == change.old
    for change in diff.changes:
        if change.new is not None:
            assert reached.setdefault(_key(change, change.new), change.new) is change.new
    assert reached == _keys(after)
    assert [each for changes in diff.by_target().values() for each in changes] == [*diff.changes]
    assert sum(diff.counts.values()) == len(diff.changes)


@given(_fleets, _fleets)
def test_there_and_back_is_the_same_in_number(before: Manifests, after: Manifests) -> None:
    """A rollback undoes as many changes as there were, and takes away what had appeared."""
    there, back = compare(before, after).counts, compare(after, before).counts
    opposite = {"appear": "vanish", "vanish": "appear", "change": "change", "move": "move"}
    assert {opposite[kind]: number for kind, number in there.items()} == back


@given(_fleets, _fleets)
def test_no_more_goes_than_there_was(before: Manifests, after: Manifests) -> None:
    """The share of a fleet that would go is never more than all of it."""
    diff = compare(before, after)
    kinds = [each.kind for each in diff.changes if isinstance(each, DeploymentChange)]
    assert diff.before == sum(bool(each.n) for m in before.values() for each in m.deployments)
    assert diff.removals == kinds.count(ChangeKind.VANISH)
    assert diff.before >= len(kinds) - kinds.count(ChangeKind.APPEAR)
    assert compare(before, before).changes == ()
