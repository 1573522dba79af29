"""What is remembered of publications, and which versions are bad."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.json_documents import json_like

from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.model import Version
from zc.zkdeployment.revisions.ledger import (
    MAX_KEPT,
    MAX_REMEMBERED,
    Ledger,
    Publication,
    decode_ledger,
    encode_ledger,
)
from zc.zkdeployment.revisions.versions import can_be_published, node_name
from zc.zkdeployment.tree.origin import Origin

AT = "2026-01-02T03:04:05Z"


def publication(serial: int, version: Version) -> Publication:
    return Publication(serial, version, "publish", AT, "me", Origin("site"), {"appear": 1}, 0)


def ledger_of(versions: Sequence[Version], bad: Sequence[Version] = ()) -> Ledger:
    return Ledger(
        tuple(publication(serial, version) for serial, version in enumerate(versions, 1)),
        {node_name(version): f"{version} failed" for version in bad},
    )


def test_what_was_published_last_is_the_newest() -> None:
    assert Ledger().newest is None
    first, second = publication(1, "a"), publication(2, "b")
    ledger = Ledger().add(first, {}).add(second, {})
    assert ledger.publications == (first, second)
    assert ledger.newest == second


@pytest.mark.parametrize(
    ("versions", "kept"),
    [
        ([], []),
        ([1, 2, 3], [3, 2, 1]),
        ([1, 2, 1], [1, 2]),
        ([1, 1.0, "1"], ["1", 1]),
        (range(MAX_KEPT + 3), list(range(MAX_KEPT + 2, 2, -1))),
        ([0, *range(1, MAX_KEPT), 0, MAX_KEPT], [MAX_KEPT, 0, *range(MAX_KEPT - 1, 1, -1)]),
    ],
)
def test_the_revisions_of_the_last_versions_are_kept(
    versions: Sequence[Version], kept: list[Version]
) -> None:
    """A host that is behind, and a rollback, find what they need; ZooKeeper does not fill up."""
    assert ledger_of(versions).kept() == kept
    assert len(kept) <= MAX_KEPT


@pytest.mark.parametrize(
    ("versions", "bad", "version", "serial"),
    [
        ([], [], 1, None),
        ([1], [], 1, None),
        ([1], [], 2, 1),
        ([1, 2], [], 2, 1),
        ([1, "2", 2], [], 2, 2),
        ([1, 2, 2.0], [], 2, 1),
        ([1, 2, 3], [2], 3, 1),
        ([1, 2, 3], [1, 2], 3, None),
        ([1, 2, 1, 3], [2], 3, 3),
        ([1, 2], [], None, 2),
        ([0, 1], [], False, 2),
        # a version that lies further back, or was never published
        ([1, 2, 3], [], 2, 1),
        ([1, 2, 3, 2], [], 3, 2),
        ([1, 2, 3], [3], 4, 2),
        # only what is kept can be gone back to
        ([*range(MAX_KEPT + 1)], range(1, MAX_KEPT), MAX_KEPT, None),
        ([*range(MAX_KEPT)], range(1, MAX_KEPT - 1), MAX_KEPT - 1, 1),
    ],
)
def test_a_rollback_goes_to_the_last_good_version_before(
    versions: Sequence[Version], bad: Sequence[Version], version: Version, serial: int | None
) -> None:
    found = ledger_of(versions, bad).before(version)
    assert (found and found.serial) == serial


def test_a_bad_version_stays_bad_until_it_is_published_again() -> None:
    ledger = ledger_of([1, 2]).add(publication(3, 1), {"2": "it failed"})
    assert (ledger.why_bad(2), ledger.why_bad("2"), ledger.why_bad(1)) == ("it failed", None, None)
    ledger = ledger.add(publication(4, 3), {"1": "no better"})
    assert (ledger.why_bad(2.0), ledger.why_bad(1)) == ("it failed", "no better")
    ledger = ledger.add(publication(5, 2), {"2": "what is published is good", "77": "unknown"})
    assert ledger.bad == {"1": "no better"}


def test_what_is_remembered_does_not_grow_for_ever() -> None:
    """The ledger is one node of ZooKeeper, which holds a megabyte."""
    ledger = ledger_of(range(MAX_REMEMBERED), [0, 1])
    ledger = ledger.add(publication(MAX_REMEMBERED + 1, "new"), {"2": "it failed"})
    assert [each.serial for each in ledger.publications] == list(range(2, MAX_REMEMBERED + 2))
    assert list(ledger.bad) == ["1", "2"], "nobody can publish the forgotten version by accident"
    ledger = ledger.add(publication(MAX_REMEMBERED + 2, "new"), {})
    assert list(ledger.bad) == ["2"]
    assert len(ledger.publications) == MAX_REMEMBERED


_versions = st.one_of(
    st.integers(), st.text(), st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 3)
)
_lines = st.none() | st.text()
_publications = st.builds(
    Publication,
    st.integers(),
    _versions,
    st.sampled_from(["publish", "rollback"]),
    st.text(),
    st.text(),
    st.builds(Origin, st.text(), _lines, _lines, _lines),
    st.dictionaries(st.text(), st.integers()),
    _versions | st.none() | st.booleans(),
    _lines,
)


@given(st.lists(st.tuples(_publications, st.none() | _versions)))
def test_a_ledger_is_read_as_it_was_written(
    added: list[tuple[Publication, int | float | str | None]],
) -> None:
    ledger = Ledger()
    for each, version in added:
        ledger = ledger.add(each, {} if version is None else {node_name(version): "it failed"})
        assert ledger.why_bad(each.version) is None
        assert ledger.bad.keys() <= {node_name(each.version) for each in ledger.publications}
    assert decode_ledger(encode_ledger(ledger)) == ledger


def test_before_the_first_publication_the_ledger_is_empty() -> None:
    """The node may have been made by hand, or by whoever made the fleet."""
    assert decode_ledger(b"") == decode_ledger(b"{}") == Ledger()


A_PUBLICATION: dict[str, Any] = json.loads(encode_ledger(ledger_of([7])))["publications"][0]
BAD_FIELDS: dict[str, list[object]] = {
    "serial": [None, True, 1.0, "1", []],
    "version": [None, True, False, [], {}, float("nan"), float("inf")],
    "kind": [None, "", "unpublish", 1, []],
    "at": [None, 1, []],
    "by": [None, 1, []],
    "origin": [None, "", [], {}, {"source": 1}, {**A_PUBLICATION["origin"], "commit": 1}],
    "changes": [None, 1, [], {"appear": None}, {"appear": "1"}, {"appear": True}, {"a": {}}],
    "was": [[], {}, float("nan"), float("-inf")],
    "reason": [1, True, [], {}],
    "more": [None, 1],
}


def _ledger(publications: object, bad: object, number: object = 1) -> bytes:
    return json.dumps({"format": number, "publications": publications, "bad": bad}).encode()


def _all(*values: object) -> tuple[object, ...]:
    return values


@pytest.mark.parametrize(
    "data",
    [
        *(
            _ledger([{**A_PUBLICATION, name: value}], {})
            for name, values in BAD_FIELDS.items()
            for value in values
        ),
        *(
            _ledger([{key: A_PUBLICATION[key] for key in A_PUBLICATION if key != name}], {})
            for name in A_PUBLICATION
        ),
        *(_ledger(each, {}) for each in _all(None, {}, "", 1, [1], [None], [[]], [{}])),
        *(_ledger([], each) for each in _all(None, [], "", 1, {"1": None}, {"1": 1})),
        *(_ledger([], {}, each) for each in _all(None, 0, 2, True, 1.0, "1", [])),
        _ledger([{**A_PUBLICATION, "changes": 0}], {}).replace(b"0}", b"[" * 900 + b"]" * 900),
        *(b" ", b"{ }", b"[]", b"null", b"1", b"{", b"\xff", b"\0", b"[" * 100_000),
        *(b'{"format":1}', b'{"format":1,"bad":{}}', b'{"format":1,"publications":[]}'),
    ],
    ids=lambda data: ascii(data[:150]),
)
def test_what_is_no_ledger_is_refused(data: bytes) -> None:
    """Else the next publication would forget, or trip over, what was published before."""
    with pytest.raises(BadRevision):
        decode_ledger(data)


_documents = st.one_of(
    json_like,
    st.tuples(st.sampled_from([*BAD_FIELDS]), json_like).map(
        lambda pair: {"format": 1, "publications": [A_PUBLICATION | dict([pair])], "bad": {}}
    ),
    st.tuples(json_like, json_like).map(
        lambda pair: {"format": 1, "publications": pair[0], "bad": pair[1]}
    ),
)


@given(st.binary() | _documents.map(lambda found: json.dumps(found).encode()))
def test_junk_is_refused_or_a_ledger_that_can_be_used(data: bytes) -> None:
    try:
        ledger = decode_ledger(data)
    except BadRevision:
        return
    assert all(can_be_published(version) for version in ledger.kept())
    again = ledger.add(publication(1, 1), {})
    assert decode_ledger(encode_ledger(again)) == again
