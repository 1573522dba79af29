"""Whatever is changed of a signed revision, no host acts upon any of it."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import pytest
from tests.support.publishing import persistent
from tests.support.signed import ONE, Fleet, refused

from zc.zkdeployment.adapters.revisions import record_path

BITS = (0x01, 0x20, 0x80)


def test_no_byte_of_anything_can_be_changed(fleet: Fleet) -> None:
    changed = 0
    parts = fleet.parts()
    assert len(parts) == 5  # record, shard, manifest, index, file
    for path, read in parts.items():
        data, _ = fleet.zk.get(path)
        for position, bit in ((p, bit) for p in range(len(data)) for bit in BITS):
            altered = bytearray(data)
            altered[position] ^= bit
            fleet.zk.set(path, bytes(altered))
            refused(read)
            changed += 1
        fleet.zk.set(path, data)
        read()
    assert changed > 3000


def test_nothing_can_be_cut_or_made_longer(fleet: Fleet) -> None:
    for path, read in fleet.parts().items():
        data, _ = fleet.zk.get(path)
        for altered in (*(data[:length] for length in range(len(data))), data + b" ", data * 2):
            fleet.zk.set(path, altered)
            refused(read)
        fleet.zk.set(path, data)
        read()


def test_nothing_can_be_put_in_the_place_of_anything_else(fleet: Fleet) -> None:
    """Everything there was written by the publisher, but says something else there."""
    parts = fleet.parts()
    data = {path: data for path, data in persistent(fleet.zk).items() if data}
    objects = [path for path in data if path.startswith("/revisions/objects/")]
    assert len(objects) >= 6
    for one, other in combinations((record_path(1), *objects), 2):
        fleet.zk.set(one, data[other])
        fleet.zk.set(other, data[one])
        for path in parts.keys() & {one, other}:
            refused(parts[path])
        fleet.zk.set(one, data[one])
        fleet.zk.set(other, data[other])
    for read in parts.values():
        read()


def test_nothing_can_be_taken_away(fleet: Fleet) -> None:
    """Least of all the record: hosts without keys would then read the live tree."""
    for path, read in fleet.parts().items():
        data, _ = fleet.zk.get(path)
        fleet.zk.delete(path)
        refused(read, "was not published" if path == record_path(1) else f"missing: {path}")
        fleet.zk.create(path, data)
        read()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_no_chunk_of_a_large_object_can_be_changed_or_moved(fleet: Fleet, number: int) -> None:
    large = "".join(f"# {number:096}\n" for number in range(9000))
    fleet.publish({"t.zk": ONE["t.zk"] + large}, 2)
    read = partial(fleet.files, 2)
    read()
    [node] = [
        path for path in persistent(fleet.zk) if path.count("/") == 4 and path.endswith("/2")
    ]
    chunks = [f"{node[:-1]}{number}" for number in range(3)]
    data, _ = fleet.zk.get(chunks[number])
    for altered in (b"", data[:-1], data[:-1] + b"!", fleet.zk.get(chunks[number - 1])[0]):
        fleet.zk.set(chunks[number], altered)
        refused(read, "altered or cut")
    fleet.zk.delete(chunks[number])
    refused(read, "altered or cut")
    fleet.zk.create(chunks[number], data)
    fleet.zk.create(f"{node[:-1]}3", b"more")
    refused(read, "altered or cut")


@pytest.mark.parametrize("name", ["9" * 5000, "\u0661", "00", "-1"])
def test_what_is_called_otherwise_than_a_chunk_is_none(fleet: Fleet, name: str) -> None:
    for path, read in fleet.parts().items():
        if path != record_path(1):
            fleet.zk.create(f"{path}/{name}", b"{}")
            read()


def test_chunks_of_a_small_object_take_nobody_in(fleet: Fleet) -> None:
    for path, read in fleet.parts().items():
        if path != record_path(1):
            before = read()
            fleet.zk.create(f"{path}/0", b"{}")
            assert read() == before
            data, _ = fleet.zk.get(path)
            fleet.zk.set(path, b"")
            refused(read, "altered or cut")
            fleet.zk.set(path, data)
