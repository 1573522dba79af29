"""What anybody may look at: the stream of news, hosts, the tree, and what was published."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

import zc.zk
from zc.zkdeployment.fleet_diff import as_data
from zc.zkdeployment.fleet_tree import FleetTree, read_fleet_tree
from zc.zkdeployment.history import Entry, Shown, history, show
from zc.zkdeployment.model import Identity, Version
from zc.zkdeployment.overview import Overview
from zc.zkdeployment.web.hub import Hub
from zc.zkdeployment.web.requests import BadRequest, Workers, answering, told
from zc.zkdeployment.web.views import Data, deployment_of, record_of, tree_of, why
from zc.zkdeployment.why import explain_node

_FRESH = 2.0  # seconds that a tree which was read is good for
_MOST_PUBLICATIONS = 200


class Reading:
    """Answers from the newest state or, where that does not tell, from ZooKeeper."""

    def __init__(self, hub: Hub, zk: zc.zk.ZK, workers: Workers) -> None:
        self._hub = hub
        self._zk = zk
        self._workers = workers
        self._tree: tuple[Version, float, FleetTree] | None = None
        self._one = anyio.Lock()

    def routes(self) -> list[Route]:
        """Return what is answered where."""
        return [
            Route("/api/stream", self._stream),
            Route("/api/host", answering(self._host)),
            Route("/api/node", answering(self._node)),
            Route("/api/tree", answering(self._whole_tree)),
            Route("/api/history", answering(self._history)),
            Route("/api/revision", answering(self._revision)),
            Route("/healthz", self._health),
        ]

    async def _stream(self, request: Request) -> Response:
        return _Stream(self._hub, request.query_params.get("host"))

    async def _host(self, request: Request) -> Response:
        """Tell what a host is to deploy."""
        overview = self._overview()
        found = overview.host(request.query_params.get("id", ""))
        if found is None:
            return told(404, "no agent of this host is registered")
        tree = await self._read_tree(overview.goal)
        return JSONResponse(_deployments(tree, found.identity))

    async def _node(self, request: Request) -> Response:
        path = request.query_params.get("path", "")
        return JSONResponse(why(explain_node(self._overview(), path)))

    async def _whole_tree(self, _: Request) -> Response:
        tree = await self._read_tree(self._overview().goal)
        return await self._workers.run(lambda: JSONResponse(tree_of(tree)))

    async def _history(self, _: Request) -> Response:
        if not self._overview().index:
            return JSONResponse([])
        entries = await self._workers.run(lambda: history(self._zk))
        return JSONResponse([_entry(entry) for entry in entries[:_MOST_PUBLICATIONS]])

    async def _revision(self, request: Request) -> Response:
        version = version_in(request.query_params.get("version", ""))
        return await self._workers.run(lambda: JSONResponse(_shown(show(self._zk, version))))

    async def _health(self, _: Request) -> Response:
        away = self._hub.state.away
        if away:
            return PlainTextResponse(f"ZooKeeper is away since {away}\n", 503)
        return PlainTextResponse("well\n")

    def _overview(self) -> Overview:
        return self._hub.state.overview

    async def _read_tree(self, version: Version) -> FleetTree:
        """Return the tree; of many who ask at once, one reads it."""
        async with self._one:
            known = self._tree
            if known and known[0] == version and time.monotonic() - known[1] < _FRESH:
                return known[2]
            tree = await self._workers.run(lambda: read_fleet_tree(self._zk, version))
            self._tree = (version, time.monotonic(), tree)
            return tree


class _Stream(Response):
    """Server-sent events, as long as there is room for them."""

    def __init__(self, hub: Hub, host: str | None) -> None:
        self._hub = hub
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._hub.place() as there_is_room:
            response = (
                StreamingResponse(
                    self._hub.stream(self._host),
                    media_type="text/event-stream",
                    headers={"x-accel-buffering": "no"},  # for nginx, which would keep it back
                )
                if there_is_room
                else PlainTextResponse(
                    "Too many browsers look already.\n", 503, {"retry-after": "30"}
                )
            )
            await response(scope, receive, send)


def version_in(text: str) -> Version:
    """Return the version that a query gives as JSON: a number or a string in quotes."""
    try:
        found = json.loads(text[:1000])
    except ValueError:
        found = None
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        raise BadRequest("version: expected a number, or a string in double quotes")
    return found


def _deployments(tree: FleetTree, host: Identity) -> Data:
    controller = tree.controller(host)
    return {
        "published": tree.record is not None,
        "deployments": [deployment_of(each) for each in tree.deployments(host)],
        "controller": controller and asdict(controller),
    }


def _entry(entry: Entry) -> Data:
    known = {"current": entry.current, "kept": entry.kept, "bad": entry.bad}
    return {**asdict(entry.publication), **known}


def _shown(shown: Shown) -> Data:
    return {
        **record_of(shown.record),
        "key": shown.key,
        "bad": shown.bad,
        "files": [{"name": each.name, "size": len(each.data)} for each in shown.files],
        "targets": len(shown.manifests),
        "deployments": sum(len(each.deployments) for each in shown.manifests.values()),
        "diff": shown.diff and as_data(shown.diff),
    }
