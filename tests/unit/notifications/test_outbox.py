"""What a sender leaves behind for the next one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zc.zkdeployment.notifications.events import About, Event, Kind, Told
from zc.zkdeployment.notifications.outbox import (
    MOST_BYTES,
    MOST_WAITING,
    Outbox,
    decode_outbox,
    encode_outbox,
)

TOLD = Told(3, 1, "2", done=False, failing={"a": "b"}, drifted={"c": "+d"})
EVENT = Event(Kind.ERROR, "2024-05-06T07:08:09Z", 2, "why", "ada", (About("h1", "web1", "äh"),), 1)
OUTBOX = Outbox("x", TOLD).for_webhooks(["ops", "chat"])


def waiting(outbox: Outbox, webhook: str) -> int | None:
    notice = outbox.next_for(webhook)
    return None if notice is None else notice.number


def test_each_webhook_is_sent_each_event_once_in_order() -> None:
    outbox = OUTBOX.add([EVENT, EVENT], TOLD)
    assert [waiting(outbox, name) for name in ("ops", "chat")] == [1, 1]
    outbox = outbox.after_sending("ops", 1).after_sending("ops", 1)
    assert [waiting(outbox, name) for name in ("ops", "chat")] == [2, 1]
    outbox = outbox.after_sending("chat", 1)
    assert [each.number for each in outbox.waiting] == [2]
    outbox = outbox.after_sending("ops", 2).after_sending("chat", 2)
    assert outbox.waiting == ()
    assert [waiting(outbox, name) for name in ("ops", "chat")] == [None, None]
    assert waiting(outbox.add([EVENT], TOLD), "ops") == 3


def test_a_webhook_that_is_new_is_sent_nothing_old() -> None:
    outbox = OUTBOX.add([EVENT], TOLD).for_webhooks(["ops", "new"])
    assert [waiting(outbox, name) for name in ("ops", "new")] == [1, None]
    assert waiting(outbox.add([EVENT], TOLD), "new") == 2


def test_an_event_keeps_its_identifier() -> None:
    outbox = OUTBOX.add([EVENT], TOLD)
    [notice] = outbox.waiting
    found = decode_outbox(encode_outbox(outbox))
    assert found is not None
    assert found.identifier(found.waiting[0]) == outbox.identifier(notice) == "x-1"


def test_all_of_it_is_found_again() -> None:
    outbox = OUTBOX.add([EVENT, replace(EVENT, version=None, hosts=())], TOLD)
    assert decode_outbox(encode_outbox(outbox)) == outbox


def test_while_nobody_takes_them_the_oldest_are_dropped() -> None:
    outbox = OUTBOX.add([EVENT] * (MOST_WAITING + 5), TOLD)
    assert (len(outbox.waiting), waiting(outbox, "ops")) == (MOST_WAITING, 6)
    assert [OUTBOX.dropped_by(MOST_WAITING + 5), OUTBOX.dropped_by(3)] == [5, 0]
    assert outbox.dropped_by(1) == 1


def test_a_node_holds_it_however_long_events_are() -> None:
    long = replace(EVENT, hosts=(About("h", "w", "\N{SNOWMAN}" * 300),) * 10)
    data = encode_outbox(OUTBOX.add([long] * MOST_WAITING, TOLD))
    found = decode_outbox(data)
    assert found is not None
    assert len(data) <= MOST_BYTES
    assert found.last == found.waiting[-1].number == MOST_WAITING


@pytest.mark.parametrize("data", [b"", b"{}"])
def test_nothing_was_told_yet(data: bytes) -> None:
    assert decode_outbox(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'{"a": 1}',
        b"\xff",
        encode_outbox(OUTBOX).replace(b"index", b"inx"),
        encode_outbox(OUTBOX.add([EVENT], TOLD)).replace(b'"error"', b'"terror"'),
        encode_outbox(OUTBOX.add([EVENT], TOLD)).replace(b'"text"', b'"txt"'),
        encode_outbox(OUTBOX).replace(b'"ops": 0', b'"ops": "0"'),
    ],
)
def test_what_somebody_else_wrote_is_not_taken_for_it(data: bytes) -> None:
    with pytest.raises(ValueError, match="what was told of the fleet"):
        decode_outbox(data)
