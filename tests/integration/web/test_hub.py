"""The hub, with browsers that read slowly, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import pytest

import zc.zk
from zc.zk.operations import Create
from zc.zkdeployment.watching import FleetWatch
from zc.zkdeployment.web.hub import Hub
from zc.zkdeployment.web.server import WebServer, listen
from zc.zkdeployment.web.tokens import Tokens

_LIMIT = 60.0  # seconds


def _data(event: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event.decode().split("data: ")[1])
    return found


def test_who_reads_slowly_is_told_the_last_state_and_no_queue_grows(zk: zc.zk.ZK) -> None:
    zk.import_tree("/hosts\n  version = 0\n")
    with contextlib.closing(FleetWatch(zk)) as watch:
        hub = Hub(watch)
        with ThreadPoolExecutor(1) as thread:  # the browser of other tests has a loop in this one
            told = thread.submit(asyncio.run, _read_slowly(hub, zk)).result()
    assert [each["fleet"]["version"] for each in told] == ["0", "5"]
    assert [each["whole"] for each in told] == [True, False]


async def _read_slowly(hub: Hub, zk: zc.zk.ZK) -> list[dict[str, Any]]:
    async with asyncio.timeout(_LIMIT):
        hub.follow()
        stream, quick = hub.stream(), hub.stream()
        told = [_data(await anext(stream))]
        for version in range(1, 6):
            await asyncio.to_thread(zk.properties("/hosts", watch=False).update, version=version)
            while _data(await anext(quick)).get("fleet", {}).get("version") != str(version):
                pass
        told.append(_data(await anext(stream)))
        hub.close()
        assert [event async for event in stream] == []
        return told


def test_a_browser_that_takes_nothing_keeps_no_place(
    zk: zc.zk.ZK, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zc.zkdeployment.web.hub.MOST_STREAMS", 1)
    zk.import_tree("/hosts\n  version = 0\n")
    node = zc.zk.encode({"name": "n" * 300, "role": "r" * 300, "error": "e" * 300})
    zk.bulk.write(Create(f"/hosts/h{number}", node) for number in range(4000))  # fill buffers
    with (
        contextlib.closing(FleetWatch(zk)) as watch,
        WebServer(zk, watch, listen("127.0.0.1", 0, patience=1.0), Tokens(), ["127.0.0.1"]) as web,
        socket.socket() as browser,
    ):
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        browser.settimeout(_LIMIT)
        browser.connect(("127.0.0.1", web.port))
        browser.send(b"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert browser.recv(12) == b"HTTP/1.1 200"  # and then nothing more
        assert _stream_status(web.port) == 503
        give_up = time.monotonic() + _LIMIT
        while (status := _stream_status(web.port)) == 503 and time.monotonic() < give_up:
            pass
        assert status == 200


def _stream_status(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=_LIMIT)
    with contextlib.closing(connection):
        connection.request("GET", "/api/stream")
        return connection.getresponse().status
