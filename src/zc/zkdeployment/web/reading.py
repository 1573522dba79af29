"""What anybody may look at: the stream of news, hosts, the tree, and what was published."""

from __future__ import annotations

import time
from dataclasses import asdict

import anyio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

import zc.zk
from zc.zkdeployment.explanations.advice import literal as argument
from zc.zkdeployment.explanations.why import explain_node
from zc.zkdeployment.fleet_tree import FleetTree, read_fleet_tree
from zc.zkdeployment.history import Entry, Shown, history, show, signed_with
from zc.zkdeployment.model import Version
from zc.zkdeployment.views.overview import HostView, Overview
from zc.zkdeployment.views.software_views import software_of
from zc.zkdeployment.web.hub import Hub
from zc.zkdeployment.web.requests import Json, Workers, answering, told
from zc.zkdeployment.web.versions import literal, read_literal, shown
from zc.zkdeployment.web.views import Data, deployment_of, diff_of, record_of, tree_of, why

_FRESH = 2.0  # seconds that a tree which was read is good for
_MOST_PUBLICATIONS = 200


class Reading:
    """Answers from the newest state or, where that does not tell, from ZooKeeper."""

    def __init__(self, hub: Hub, zk: zc.zk.ZK, workers: Workers) -> None:
        self._hub = hub
        self._zk = zk
        self._workers = workers
        self._tree: tuple[Version, float, FleetTree] | None = None
        self._told: tuple[FleetTree, Response] | None = None
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
            Route("/api/signed", answering(self._signed)),
            Route("/healthz", self._health),
        ]

    async def _stream(self, request: Request) -> Response:
        return _Stream(self._hub, request.query_params.get("host"))

    async def _host(self, request: Request) -> Response:
        """Tell what a host is to deploy, and which software it has."""
        overview = self._overview()
        found = overview.host(request.query_params.get("id", ""))
        if found is None:
            return told(404, "no agent of this host is registered")
        tree = await self._read_tree(overview.goal)
        return Json(_host(tree, found))

    async def _node(self, request: Request) -> Response:
        path = request.query_params.get("path", "")
        return Json(why(explain_node(self._overview(), path)))

    async def _whole_tree(self, _: Request) -> Response:
        tree = await self._read_tree(self._overview().goal)
        if self._told is None or self._told[0] is not tree:
            self._told = tree, await self._workers.run(lambda: Json(tree_of(tree)))
        return self._told[1]

    async def _history(self, _: Request) -> Response:
        if not self._overview().index:
            return Json([])
        entries = await self._workers.run(lambda: history(self._zk))
        return Json([_entry(entry) for entry in entries[:_MOST_PUBLICATIONS]])

    async def _revision(self, request: Request) -> Response:
        version = read_literal(request.query_params.get("version", ""))
        return await self._workers.run(lambda: Json(_shown(show(self._zk, version))))

    async def _signed(self, request: Request) -> Response:
        """Tell with which key the last revision is signed, and how to go back then."""
        wanted = request.query_params.get("version")
        version = None if wanted is None else f" {argument(read_literal(wanted))}"
        key = await self._workers.run(lambda: signed_with(self._zk))
        return Json({"key": key, "command": f"zkdeploy rollback --sign KEY{version or ''}"})

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


def _host(tree: FleetTree, view: HostView) -> Data:
    host, report = view.identity, view.report
    controller = tree.controller(host)
    seen = report.software if report else None
    software = software_of(seen, tree.wanted(host))
    return {
        "published": tree.record is not None,
        "deployments": [deployment_of(each) for each in tree.deployments(host)],
        "controller": controller and asdict(controller),
        "software": [{**asdict(each), "state": each.state.value} for each in software],
        "inventory": seen and seen.at,
        "untold": seen.total - len(seen.installed) if seen else 0,
    }


def _entry(entry: Entry) -> Data:
    known = {"current": entry.current, "kept": entry.kept, "bad": entry.bad}
    version = entry.publication.version
    named = {"version": shown(version), "literal": literal(version)}
    return {**asdict(entry.publication), **named, "was": shown(entry.publication.was), **known}


def _shown(found: Shown) -> Data:
    return {
        **record_of(found.record),
        "key": found.key,
        "bad": found.bad,
        "files": len(found.files),
        "targets": len(found.manifests),
        "deployments": sum(len(each.deployments) for each in found.manifests.values()),
        "diff": found.diff and diff_of(found.diff),
    }
