"""Targets of :mod:`tests.faults.fuzz_targets` that decode what is published."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from tests.faults import fuzz_inputs as inputs
from tests.faults.fuzz_targets import LONGEST_ERROR, Target, misread

from zc.zkdeployment import names
from zc.zkdeployment.adapters.lock_marker import encode_markers, markers_of
from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.revisions.ledger import decode_ledger, encode_ledger
from zc.zkdeployment.revisions.manifest import decode_manifest, encode_manifest
from zc.zkdeployment.revisions.revision import (
    decode_envelope,
    decode_index,
    decode_record,
    decode_shard,
    encode_record,
)


def _document(choose: Random, usual: Callable[[Random], Any]) -> bytes:
    """A document that is published, with another value somewhere in it, or damaged."""
    document = usual(choose)
    for _ in range(choose.choice((0, 1, 1, 2))):
        document = _changed(choose, document)
    return inputs.as_bytes(choose, inputs.json_text(choose, document))


def _changed(choose: Random, value: Any) -> Any:
    if choose.random() < 0.3 or not isinstance(value, dict | list) or not value:
        return inputs.json_value(choose)
    if isinstance(value, list):
        at = choose.randrange(len(value))
        return [*value[:at], _changed(choose, value[at]), *value[at + 1 :]]
    key = choose.choice(list(value))
    return {**value, key: _changed(choose, value[key])}


_DIGEST = "0123456789abcdef" * 4
_ORIGIN = {"source": "s", "commit": None, "author": "x", "subject": None}


def _manifest(choose: Random) -> Any:
    deployments = [["/a", "app", "sub", "1.0", 2], ["/b,c/d", "app-1", None, None, 1, 60]]
    return {"format": 1, "target": "h1", "deployments": deployments, "controller": ["c", "1"]}


def _record(choose: Random) -> Any:
    return {
        "format": 1,
        "version": choose.choice((1, "x", 1.5)),
        "serial": 1,
        "at": "2026-01-01T00:00:00Z",
        "by": "me",
        "origin": _ORIGIN,
        "tree": _DIGEST,
        "shards": {"0": _DIGEST},
        "expires": None,
    }


def _ledger(choose: Random) -> Any:
    publication = {
        "serial": 1,
        "version": "x",
        "kind": "publish",
        "at": "a",
        "by": "b",
        "origin": _ORIGIN,
        "changes": {"added": 1},
        "was": None,
        "reason": None,
    }
    return {"format": 1, "publications": [publication] * choose.randrange(3), "bad": {"y": "z"}}


def _part(choose: Random) -> Any:
    return choose.choice(
        (
            {"format": 1, "targets": {"h1": _DIGEST}},
            {"format": 1, "files": [["a.zk", _DIGEST]], "tops": ["/a"]},
            {"format": 1, "record": "{}", "key": "k", "signature": "s"},
        )
    )


def check_manifest(data: bytes) -> str | None:
    """Bytes are a manifest, of which every word can be acted upon, or refused."""
    manifest = _decoded(decode_manifest, data)
    if isinstance(manifest, str) or manifest is None:
        return manifest
    for each in manifest.deployments:
        if found := misread(each.software, each.subtype, each.version):
            return found
        names.file_name(each.node, 0).encode()
    return None if decode_manifest(encode_manifest(manifest)) == manifest else "changes"


def check_record(data: bytes) -> str | None:
    """Bytes are a record, to the byte, or refused."""
    record = _decoded(decode_record, data.decode(errors="surrogateescape"))
    if isinstance(record, str) or record is None:
        return record
    return None if encode_record(record).encode() == data else "is read, and written otherwise"


def check_ledger(data: bytes) -> str | None:
    """Bytes are a ledger or refused."""
    ledger = _decoded(decode_ledger, data)
    if isinstance(ledger, str) or ledger is None:
        return ledger
    ledger.kept()
    if ledger.newest:
        ledger.before(ledger.newest.version)
        ledger.why_bad(ledger.newest.version)
    return None if decode_ledger(encode_ledger(ledger)) == ledger else "changes"


def check_parts(data: bytes) -> str | None:
    """Bytes are a part of a revision or refused; so are records in envelopes."""
    for decode in (decode_envelope, decode_shard, decode_index):
        found = _decoded(decode, data)
        if isinstance(found, str):
            return found
        if decode is decode_envelope and found:
            return check_record(found.text.encode(errors="surrogateescape"))
    return None


def _decoded(decode: Callable[[Any], Any], data: object) -> Any:
    """Return what there is; ``None`` if it is refused, and text if that is not as it should be."""
    try:
        return decode(data)
    except BadRevision as error:
        length = len(str(error))
        return (
            f"an error of {length} characters: {error!s:.200}" if length > LONGEST_ERROR else None
        )


def _marker(choose: Random) -> bytes:
    owner = {"host": "h", "name": "n", "boot": "b", "session": "0x1", "since": 1, "version": 2}
    return _document(choose, lambda _: {"owners": [owner]})


def check_marker(data: bytes) -> str | None:
    """Whatever a lock node holds, somebody holds the lock or nobody."""
    markers = markers_of(data)
    if all(marker.host for marker in markers) and markers_of(encode_markers(markers)) != markers:
        return f"{markers!r:.300} are written as others"
    for marker in markers:
        marker.of_machine("h", "n", "b")
    return None


#: By name.
DOCUMENT_TARGETS = {
    "manifest": Target(50_000, partial(_document, usual=_manifest), check_manifest),
    "record": Target(50_000, partial(_document, usual=_record), check_record),
    "ledger": Target(50_000, partial(_document, usual=_ledger), check_ledger),
    "parts": Target(50_000, partial(_document, usual=_part), check_parts),
    "marker": Target(50_000, _marker, check_marker),
}
