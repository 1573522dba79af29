"""What is published of a tree, and that nothing of it is believed before it is checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.json_documents import json_like

from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.model import Manifest, Software, TargetDeployment, Version, same_version
from zc.zkdeployment.revisions.compilation import Compiled, compile_revision
from zc.zkdeployment.revisions.manifest import decode_manifest
from zc.zkdeployment.revisions.revision import (
    Envelope,
    Index,
    Record,
    decode_envelope,
    decode_index,
    decode_record,
    decode_shard,
    digest_of,
    encode_envelope,
    encode_record,
    shard_of,
)
from zc.zkdeployment.revisions.versions import can_be_published, node_name
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import SourceFile


@pytest.mark.parametrize(
    ("version", "name"),
    [
        *((42, "42"), (42.0, "42"), ("42", "%2242%22"), (-1, "-1"), ("-1", "%22-1%22")),
        *((1.5, "1.5"), ("1.5", "%221.5%22"), (1e22, "1" + "0" * 22), ("1e22", "%221e22%22")),
        *((None, "None"), ("None", "%22None%22"), (False, "False"), ("False", "%22False%22")),
        *(("", "%22%22"), (".", "%22.%22"), ("..", "%22..%22"), ("...", "...")),
        *(("a/b", "a%2Fb"), ("%22", "%2522"), ('"42"', "%22%2242%22%22"), ("a b", "a%20b")),
        *(("1.2.3-rc+x@y:z=~", "1.2.3-rc+x@y:z=~"), ("é", "%C3%A9"), ("\ud800", "%ED%A0%80")),
    ],
)
def test_people_find_the_node_of_a_version(version: Version, name: str) -> None:
    assert node_name(version) == name


_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
versions: st.SearchStrategy[Version] = st.one_of(
    *(_numbers, _numbers.map(str), st.text(st.characters()), st.text('"%2./', max_size=4)),
    st.sampled_from([None, True, False, 0, 1, "", ".", "..", "None", "True", "1e5", "-0", '"1"']),
)


@given(versions, versions)
def test_each_version_has_a_node_of_its_own(one: Version, other: Version) -> None:
    """Else publishing one version would replace what hosts read of another."""
    name = node_name(one)
    assert name.isascii()
    assert name.isprintable()
    assert "/" not in name
    assert name not in ("", ".", "..")
    assert (name == node_name(other)) == same_version(one, other)


def _all(*values: object) -> tuple[object, ...]:
    return values


def test_only_numbers_and_strings_are_versions_of_trees() -> None:
    """The stop, "hold still" and what is no number can never be what a fleet should reach."""
    for good in (0, -1, 1.5, "", "x"):
        assert can_be_published(good), good
    for bad in _all(None, True, False, float("nan"), float("inf"), [], {}, b""):
        assert not can_be_published(bad), bad


FILES = [SourceFile("a.zk", b"/a\n"), SourceFile("b.zkx", b"\xff"), SourceFile("c.zk", b"/a\n")]
MANIFESTS = {
    target: Manifest(
        target, (TargetDeployment("/a", "x", None, "1", 1),), Software("c-1", None) if n else None
    )
    for n in (0, 1)
    for target in (f"h{n}{m}" for m in range(20))
}


def compiled_of(
    files: list[SourceFile],
    manifests: Mapping[str, Manifest],
    tops: tuple[str, ...] = ("/a", "/b"),
) -> Compiled:
    return compile_revision(files, tops, manifests)


def test_all_that_a_record_leads_to_is_published_under_its_digest() -> None:
    """A host would find a part of the revision missing, or altered."""
    compiled = compiled_of(FILES, MANIFESTS)
    objects = compiled.objects
    assert shard_of("cache") == "5", "all releases look in the same shard"
    assert all(digest_of(data) == digest for digest, data in objects.items())
    assert list(compiled.shards) == sorted({shard_of(target) for target in MANIFESTS})
    listed = dict[str, str]()
    for name, digest in compiled.shards.items():
        shard = decode_shard(objects[digest])
        assert {shard_of(target) for target in shard} == {name}
        listed |= shard
    assert listed == compiled.digests
    assert {each: decode_manifest(objects[listed[each]]) for each in listed} == MANIFESTS
    index = decode_index(objects[compiled.tree])
    assert [SourceFile(name, objects[digest]) for name, digest in index.files] == FILES
    assert index.tops == {"/a", "/b"}
    used = {*listed.values(), *compiled.shards.values(), *(digest for _, digest in index.files)}
    assert objects.keys() == {compiled.tree, *used}


def test_nothing_is_a_revision_too() -> None:
    compiled = compile_revision([], [], {})
    assert compiled.shards == {}
    assert decode_index(compiled.objects[compiled.tree]) == Index((), frozenset())


def test_only_what_changed_is_written_and_read_anew() -> None:
    """A small change of a large tree must not make every host read, or ZooKeeper keep, it all."""
    before = compiled_of(FILES, MANIFESTS)
    assert compiled_of([*FILES], dict(reversed(MANIFESTS.items())), ("/b", "/a")) == before

    edited = SourceFile("b.zkx", b"/b\n")
    after = compiled_of([FILES[0], edited, FILES[2]], MANIFESTS)
    assert after.objects.keys() - before.objects.keys() == {digest_of(b"/b\n"), after.tree}
    assert after.shards == before.shards

    after = compiled_of(FILES, MANIFESTS | {"h03": Manifest("h03")})
    changed = {after.digests["h03"], after.shards[shard_of("h03")]}
    assert after.objects.keys() - before.objects.keys() == changed
    assert after.tree == before.tree
    assert dict(after.shards) | {shard_of("h03"): ""} == {**before.shards, shard_of("h03"): ""}


AT = "2026-01-02T03:04:05Z"
RECORD = Record(7, 3, AT, "me@ops", Origin("git://r#main", "c0ffee"), "a" * 64, {"0": "b" * 64})
ENVELOPES = [
    Envelope(encode_record(RECORD)),
    Envelope(encode_record(replace(RECORD, version="é", expires=AT)), "abcd", "0f" * 64),
]
_moments = st.datetimes().map(lambda each: f"{each.year:04}-{each:%m-%dT%H:%M:%SZ}")
_lines = st.none() | st.text()
_digests = st.binary().map(digest_of)


@given(
    st.builds(
        Record,
        versions.filter(can_be_published),
        st.integers(),
        _moments,
        st.text(),
        st.builds(Origin, st.text(), _lines, _lines, _lines),
        _digests,
        st.dictionaries(st.sampled_from("0123456789abcdef"), _digests),
        st.none() | _moments,
    ),
    st.tuples(st.text(min_size=1), st.text()) | st.just((None, None)),
)
def test_a_record_is_read_as_it_was_written(
    record: Record, signed: tuple[str, str] | tuple[None, None]
) -> None:
    envelope = Envelope(encode_record(record), *signed)
    assert decode_envelope(encode_envelope(envelope)) == envelope
    assert encode_record(envelope.record) == envelope.text
    assert envelope.record == record


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_every_bit_of_a_record_counts(envelope: Envelope) -> None:
    """A damaged record must never pass for the one that was signed."""
    data = encode_envelope(envelope)
    for place in range(len(data)):
        for bit in range(8):
            other = bytearray(data)
            other[place] ^= 1 << bit
            try:
                found = decode_envelope(bytes(other))
            except BadRevision:
                continue
            assert found != envelope
            try:
                assert found.record != envelope.record or found.text == envelope.text
            except BadRevision:
                continue


def _changed(**fields: object) -> str:
    document = json.loads(encode_record(RECORD)) | fields
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


BAD_FIELDS: dict[str, list[object]] = {
    "version": [None, True, False, [], {}, float("nan"), float("inf")],
    "serial": [None, True, 1.0, "1", []],
    "at": [None, 1, "", "yesterday", "2026-01-02T03:04:05", "2026-02-30T00:00:00Z", AT + "\n"],
    "by": [None, 1, []],
    "origin": [None, "", [], {}, {"source": 1}, {"source": ""}],
    "tree": [None, 1, "", "a", "A" * 64, "a" * 63, "a" * 65, "g" * 64, "a" * 64 + "\n", "../" * 9],
    "shards": [None, [], "", {"0": None}, {"0": ""}, {"0": "a"}, {"0": ["a" * 64]}],
    "expires": [1, True, "", "never", []],
    "format": [0, 2, True, 1.0, "1", None],
    "more": [None, 1],
}


@pytest.mark.parametrize(
    "text",
    [
        *(_changed(**{name: value}) for name, values in BAD_FIELDS.items() for value in values),
        *("", "{}", "[]", "null", "1", "\ud800", '"\ud800"', "[" * 100_000, "9" * 5000),
        *(_changed() + " ", " " + _changed(), _changed().replace(":3,", ": 3,"), _changed()[:-1]),
        _changed().replace('"serial":3', '"serial":4,"serial":3'),
        _changed().replace('"version":7', '"version":1e999'),
        _changed().replace('"me@ops"', '"\\u006de@ops"'),
        _changed(origin={"source": "", "commit": None, "author": None, "subject": None, "x": 1}),
        *(_changed().replace(f'"{name}"', '"x"') for name in json.loads(_changed())),
    ],
    ids=lambda text: ascii(text[:80]),
)
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(BadRevision):
        decode_record(text)


_fields = st.sampled_from(["record", "key", "signature", "targets", "files", "tops"])
_documents = st.dictionaries(_fields, json_like).map(lambda found: {"format": 1, **found})


@given(st.binary() | (json_like | _documents).map(lambda found: json.dumps(found).encode()))
def test_junk_is_refused_and_nothing_else_happens(data: bytes) -> None:
    """An agent never dies of what somebody wrote to ZooKeeper."""
    decoders: list[Callable[[bytes], object]] = [decode_envelope, decode_shard, decode_index]
    for decode in decoders:
        try:
            found = decode(data)
            assert not isinstance(found, Envelope) or found.record
        except BadRevision:
            continue


@given(st.sampled_from(list(BAD_FIELDS)), json_like)
def test_a_record_with_junk_in_it_is_refused_or_a_record(name: str, junk: object) -> None:
    text = _changed(**{name: junk})
    try:
        assert encode_record(decode_record(text)) == text
    except BadRevision:
        return


@pytest.mark.parametrize(
    ("decode", "document"),
    [
        *((decode_shard, {"targets": each}) for each in _all(None, [], {"h": 1}, {"h": "a"})),
        *((decode_index, {"files": each, "tops": []}) for each in _all(None, {}, [1], [["a"]])),
        *((decode_index, {"files": [["a", each]], "tops": []}) for each in (None, "", "a" * 63)),
        *(
            (decode_index, {"files": [], "tops": each})
            for each in _all(None, "", {}, [1], [["/"]])
        ),
        *((decode, {}) for decode in (decode_shard, decode_index, decode_envelope)),
        *((decode_envelope, {"record": each}) for each in _all(None, 1, {})),
        *((decode_envelope, {"record": "", "key": each, "signature": ""}) for each in (None, "")),
        *((decode_envelope, {"record": "", each: "x"}) for each in ("key", "signature", "more")),
    ],
)
def test_what_does_not_lead_to_parts_of_a_revision_is_refused(
    decode: Callable[[bytes], Any], document: dict[str, Any]
) -> None:
    data = json.dumps({"format": 1, **document}, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(BadRevision):
        decode(data)


def test_a_signed_text_that_is_no_text_is_refused() -> None:
    with pytest.raises(BadRevision):
        _ = decode_envelope(b'{"format":1,"record":"\\ud800"}').record
