"""What is published of a tree, and that nothing of it is believed before it is checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zc.zk.tree import parse_tree, walk
from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.ledger import MAX_KEPT, Ledger, Publication, decode_ledger, encode_ledger
from zc.zkdeployment.manifest import (
    compile_tree,
    decode_manifest,
    encode_manifest,
)
from zc.zkdeployment.model import Version
from zc.zkdeployment.revision import (
    Envelope,
    Record,
    compile_revision,
    decode_envelope,
    decode_index,
    decode_record,
    decode_shard,
    digest_of,
    encode_envelope,
    encode_record,
    node_name,
    shard_of,
)
from zc.zkdeployment.snapshot import Origin
from zc.zkdeployment.tree_files import SourceFile

TEXT = """\
/a : web special
  version = '1:2.0-3'
  /deploy
    /h1
      n = 2
    /cache
/b : worker-1
  /deploy
    /h1
/roles
  /cache : controller
    version = 'svn://host/controller'
"""
AT = "2026-01-02T03:04:05Z"
RECORD = Record(7, 3, AT, "me@ops", Origin("git://r#main", "c0ffee"), "a" * 64, {"0": "b" * 64})


def manifests_of(text: str = TEXT) -> dict[str, Any]:
    root = parse_tree(text)
    tree: dict[str, dict[str, Any]] = {"/": {}} | {
        path: node.properties for path, node in walk(root)
    }
    return dict(compile_tree(tree))


versions = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.integers().map(str),
    st.sampled_from(["", ".", "..", "None", "True", "1e5", "-1", '"1"', "%22", "a/b", "\ud800"]),
)


@given(versions, versions)
def test_each_version_has_a_node_of_its_own(one: Version, other: Version) -> None:
    name = node_name(one)
    assert "/" not in name
    assert name not in ("", ".", "..")
    same = type(one) is type(other) or {type(one), type(other)} == {int, float}
    assert (name == node_name(other)) == (same and one == other)


def test_manifests_are_found_through_shards_and_are_what_they_were() -> None:
    manifests = manifests_of()
    file = SourceFile("site.zk", TEXT.encode())
    compiled = compile_revision([file], ["/a", "/b", "/roles"], manifests)
    assert all(digest_of(data) == digest for digest, data in compiled.objects.items())
    for target, manifest in manifests.items():
        shard = decode_shard(compiled.objects[compiled.shards[shard_of(target)]])
        assert decode_manifest(compiled.objects[shard[target]]) == manifest
    index = decode_index(compiled.objects[compiled.tree])
    assert index.tops == {"/a", "/b", "/roles"}
    assert [(name, compiled.objects[digest]) for name, digest in index.files] == [
        ("site.zk", TEXT.encode())
    ]


def test_a_change_at_one_host_is_written_for_that_host_only() -> None:
    before, after = (
        compile_revision([SourceFile("s.zk", text.encode())], ["/a"], manifests_of(text))
        for text in (TEXT, TEXT.replace("n = 2", "n = 3"))
    )
    new = after.objects.keys() - before.objects.keys()
    assert new == {
        after.tree,
        digest_of(TEXT.replace("n = 2", "n = 3").encode()),
        after.digests["h1"],
        after.shards[shard_of("h1")],
    }


def _bad(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(encode_manifest(manifests_of()["h1"]))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        _bad(lambda d: d.update(format=2)),
        _bad(lambda d: d.update(format=True)),
        _bad(lambda d: d.pop("target")),
        _bad(lambda d: d.update(target=1)),
        _bad(lambda d: d.update(deployments={})),
        _bad(lambda d: d["deployments"].append([])),
        _bad(lambda d: d["deployments"][0].__setitem__(0, "a")),
        _bad(lambda d: d["deployments"][0].__setitem__(0, "/../a")),
        _bad(lambda d: d["deployments"][0].__setitem__(1, "--config")),
        _bad(lambda d: d["deployments"][0].__setitem__(1, "../x")),
        _bad(lambda d: d["deployments"][0].__setitem__(2, "-s")),
        _bad(lambda d: d["deployments"][0].__setitem__(3, "1; reboot")),
        _bad(lambda d: d["deployments"][0].__setitem__(3, "git://ext::sh -c x#y")),
        _bad(lambda d: d["deployments"][0].__setitem__(3, None)),
        _bad(lambda d: d["deployments"][0].__setitem__(4, "1")),
        _bad(lambda d: d["deployments"][0].__setitem__(4, True)),
        _bad(lambda d: d["deployments"][0].__setitem__(4, 10**9)),
        _bad(lambda d: d.update(controller=[])),
        _bad(lambda d: d.update(controller=["-x", "1"])),
    ],
)
def test_a_manifest_that_says_what_no_tree_may_say_is_refused(data: bytes) -> None:
    """Whoever can write to ZooKeeper must not get past the checks that a tree goes through."""
    with pytest.raises(BadRevision):
        decode_manifest(data)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below),
    max_leaves=12,
)


@given(st.binary(max_size=60) | _json.map(lambda found: json.dumps(found).encode()))
def test_junk_is_refused_and_nothing_else_happens(data: bytes) -> None:
    for decode in (decode_manifest, decode_envelope, decode_shard, decode_index, decode_ledger):
        if decode is decode_ledger and data in (b"", b"{}"):
            continue  # there is no ledger yet
        with pytest.raises(BadRevision):
            decode(data)
    with pytest.raises(BadRevision):
        decode_record(data.decode(errors="replace"))


def test_records_are_read_as_they_were_written_and_in_no_other_spelling() -> None:
    for envelope in (
        Envelope(encode_record(RECORD)),
        Envelope(encode_record(RECORD), "abcd", "0f" * 64),
    ):
        data = encode_envelope(envelope)
        assert decode_envelope(data) == envelope
        assert envelope.record == RECORD
        for number in range(len(data)):
            for bit in (0x01, 0x20):
                other = bytearray(data)
                other[number] ^= bit
                try:
                    assert decode_envelope(bytes(other)) != envelope
                except BadRevision:
                    continue
    with pytest.raises(BadRevision):
        decode_record(encode_record(RECORD).replace(":3,", ": 3,"))


def publication(serial: int, version: Version) -> Publication:
    return Publication(serial, version, "publish", AT, "me", Origin("site"), {"appear": 1}, 0)


def test_a_ledger_remembers_what_is_kept_and_what_is_bad() -> None:
    ledger = Ledger()
    for number in range(1, MAX_KEPT + 3):
        ledger = ledger.add(publication(number, number), {})
    last = MAX_KEPT + 2
    assert ledger.kept() == list(range(last, 2, -1))
    ledger = ledger.add(publication(last + 1, 5), {str(last): "it failed"})
    assert ledger.kept()[:2] == [5, last]
    assert ledger.why_bad(last) == "it failed"
    before = ledger.before(5)
    assert before is not None
    assert before.version == last - 1, "not the bad one"
    assert ledger.add(publication(last + 2, last), {}).why_bad(last) is None
    assert decode_ledger(encode_ledger(ledger)) == ledger
    assert decode_ledger(b"") == Ledger()
