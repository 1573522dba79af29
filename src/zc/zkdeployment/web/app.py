"""The dashboard as an application for a server: its pages, its data, and what guards them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

import zc.zk
from zc.zkdeployment.metrics.exposition import CONTENT_TYPE
from zc.zkdeployment.metrics.fleet_metrics import fleet_metrics
from zc.zkdeployment.moments import text_of
from zc.zkdeployment.web.actions import Actions
from zc.zkdeployment.web.guard import Guard
from zc.zkdeployment.web.hub import Hub
from zc.zkdeployment.web.reading import Reading
from zc.zkdeployment.web.requests import Workers
from zc.zkdeployment.web.tokens import Tokens

STATIC = Path(__file__).parent / "static"


def create_app(hub: Hub, zk: zc.zk.ZK, tokens: Tokens, hosts: Collection[str]) -> ASGIApp:
    """Return the application, for one event loop.

    ``hosts`` are the names under which browsers may ask for it.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        hub.follow()
        yield

    async def show_metrics(_: Request) -> Response:
        text = fleet_metrics(hub.state.overview, text_of(datetime.now(UTC)), hub.state.away)
        return Response(text, headers={"content-type": CONTENT_TYPE})

    workers = Workers(lambda: hub.state.away)
    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/metrics", show_metrics),
            *Reading(hub, zk, workers).routes(),
            *Actions(zk, tokens, workers).routes(),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        lifespan=lifespan,
    )
    return Guard(app, hosts)  # around all of it: answers to what failed are guarded, too


async def _page(_: Request) -> Response:
    return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})
