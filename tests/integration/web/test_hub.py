"""The hub, with a browser that reads slowly."""

from __future__ import annotations

import asyncio
import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import zc.zk
from zc.zkdeployment.watching import FleetWatch
from zc.zkdeployment.web.hub import Hub

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
    assert [each["fleet"]["version"] for each in told] == [0, 5]
    assert [each["whole"] for each in told] == [True, False]


async def _read_slowly(hub: Hub, zk: zc.zk.ZK) -> list[dict[str, Any]]:
    async with asyncio.timeout(_LIMIT):
        hub.follow()
        stream, quick = hub.stream(), hub.stream()
        told = [_data(await anext(stream))]
        for version in range(1, 6):
            await asyncio.to_thread(zk.properties("/hosts", watch=False).update, version=version)
            while _data(await anext(quick)).get("fleet", {}).get("version") != version:
                pass
        told.append(_data(await anext(stream)))
        hub.close()
        assert [event async for event in stream] == []
        return told
